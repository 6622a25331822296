"""Who hears a call beside its far end: the `taps` that verbs are given (contract 7)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from voxgate.call.leg import Leg
from voxgate.flow.audio_app import AudioApp, voice_of
from voxgate.flow.session import Session
from voxgate.flow.sounds import tone
from voxgate.hooks.audio_frames import introduction
from voxgate.hooks.audio_socket import AudioSocket
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.payloads import base_payload
from voxgate.media.errors import MediaError
from voxgate.media.events import MediaEvent, SpeechStarted, SpeechStopped
from voxgate.media.taps import FRAME_MS, Tap
from voxgate.model.calls import EventType, Json
from voxgate.verbs.capabilities.taps import Listened, ListenOrder
from voxgate.verbs.contract import NotNow

BACKGROUND = "listen"
BEEP = tone(1500, ms=500)
_WEBSOCKETS = {"http": "ws", "https": "wss"}


class CallTaps:
    """The Taps of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listening: list[Tap] = []  # what live control pauses

    @property
    def _leg(self) -> Leg:
        if self._session.leg is None:
            raise NotNow("the call has no media")
        return self._session.leg

    async def listen(self, order: ListenOrder) -> Listened:
        return await self._listen(order, self._listening)

    def background(self, order: ListenOrder | None) -> None:
        if order is None:
            self._session.background.stop(BACKGROUND)
            return
        if self._session.leg is None:
            raise NotNow("the call has no media")
        self._session.background.start(BACKGROUND, self._beside(order))

    def pause(self, *, paused: bool) -> None:
        if not self._listening:
            raise NotNow("nothing listens")
        for tap in self._listening:
            if paused:
                tap.pause()
            else:
                tap.resume()
        self._note("listen_paused" if paused else "listen_resumed")

    async def _beside(self, order: ListenOrder) -> None:
        await self._listen(order, [])

    async def _listen(self, order: ListenOrder, among: list[Tap]) -> Listened:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if order.beeps:
            await self._leg.play(BEEP)
        try:
            socket = await self._open(order)
        except HookFailed as failed:
            self._session.call.alert(failed.alert_type, str(failed), failed.detail)
            self._note("listen_failed", url=failed.url, error=failed.detail)
            return Listened(round(loop.time() - began), "failed")
        self._note("listen_started", url=socket.shown)
        connected = loop.time()
        why, key = "closed", None
        try:
            why, key = await self._converse(order, socket, among)
        except MediaError as problem:  # as many listen and speak already as a call allows
            why = "failed"
            self._session.call.alert("background-failure", f"listen stopped: {problem}")
        finally:
            facts: Json = {"dropped_frames": socket.dropped} if socket.dropped else {}
            self._note("listen_ended", url=socket.shown, by=why, **facts)
        return Listened(round(loop.time() - connected), why, key)

    async def _open(self, order: ListenOrder) -> AudioSocket:
        hook, base = order.hook, self._session.application.base
        url = self._session.application.absolute(
            hook.url if "://" in hook.url or hook.is_relative else f"/{hook.url}"
        )
        address = replace(hook, url=_for_websocket(url))
        if base is not None:
            base = replace(base, url=_for_websocket(base.url))
        return await self._session.ports.audio_sockets.open(address, base=base)

    async def _converse(
        self, order: ListenOrder, socket: AudioSocket, among: list[Tap]
    ) -> tuple[str, str | None]:
        """Until either side has had enough; why, and the key if it was one."""
        end = _End()
        async with AsyncExitStack() as until_then:
            # Whoever waits for the verb's end need not wait for the application's goodbye.
            until_then.callback(lambda: self._session.last_words(socket.close()))
            voice = voice_of(order.speaks_back, self._session, self._leg, socket)
            if voice is not None:
                until_then.callback(voice.close)
            app = AudioApp(self._session, socket, voice)
            self._introduce(order, socket, app)
            await until_then.enter_async_context(self._hearing(order, socket, among))
            until_then.callback(self._watch_keys(order, app, end))
            until_then.callback(self._watch_silence(order, end))
            until_then.callback(end.after(order.lasts_s, "max-length"))
            return await _first(app, end)

    def _introduce(self, order: ListenOrder, socket: AudioSocket, app: AudioApp) -> None:
        call = base_payload(self._session.call.record, self._session.ports.site)
        text, whole = introduction(order.rate_hz, order.mix, call, order.metadata)
        if not whole:
            app.complain("the metadata is too long for the first frame and was left out")
        socket.send_text(text)

    @asynccontextmanager
    async def _hearing(
        self, order: ListenOrder, socket: AudioSocket, among: list[Tap]
    ) -> AsyncIterator[None]:
        """Send what is heard, in frames of 20 ms."""
        channels = 2 if order.mix == "stereo" else 1
        length = order.rate_hz * FRAME_MS // 1000 * 2 * channels

        def send(audio: bytes) -> None:
            for start in range(0, len(audio), length):
                socket.send_frame(audio[start : start + length])

        tap = self._leg.stream.tap(mix=order.mix, rate_hz=order.rate_hz, on_audio=send)
        among.append(tap)
        try:
            yield
        finally:
            among.remove(tap)
            tap.close()
            if tap.dropped_ms:
                self._note("listen_lost", ms=tap.dropped_ms)

    # What ends it. Each of these gives what undoes it.

    def _watch_keys(self, order: ListenOrder, app: AudioApp, end: "_End") -> Callable[[], None]:
        def press(key: str, duration_ms: int) -> None:
            if order.passes_keys:
                app.tell_key(key, duration_ms)
            if key in order.finish_on_key:
                end.come("key", key)

        return self._leg.listen_for_digits(press)

    def _watch_silence(self, order: ListenOrder, end: "_End") -> Callable[[], None]:
        stop_clock = end.after(order.silent_s, "silence")

        def on_media(event: MediaEvent) -> None:
            nonlocal stop_clock
            if isinstance(event, SpeechStarted | SpeechStopped):
                stop_clock()
            if isinstance(event, SpeechStopped):
                stop_clock = end.after(order.silent_s, "silence")

        stop_watching = self._session.listen_to_media(on_media)

        def undo() -> None:
            stop_watching()
            stop_clock()

        return undo

    def _note(self, type_: str, **facts: object) -> None:
        self._session.call.note(EventType.MEDIA, {"type": type_, **facts})


def _for_websocket(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{_WEBSOCKETS.get(scheme.lower(), scheme)}{separator}{rest}"


class _End:
    """Why it is over, once it is; the first reason counts."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.reason: asyncio.Future[tuple[str, str | None]] = self._loop.create_future()

    def come(self, why: str, key: str | None = None) -> None:
        if not self.reason.done():
            self.reason.set_result((why, key))

    def after(self, seconds: float | None, why: str) -> Callable[[], None]:
        """Come by itself, if `seconds` are given; call the result to prevent that."""
        if seconds is None:
            return lambda: None
        return self._loop.call_later(seconds, self.come, why).cancel


async def _first(app: AudioApp, end: _End) -> tuple[str, str | None]:
    """Whatever comes first: the application has had enough, or something else ends it."""
    async with asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(app.run())
        either: set[asyncio.Future[Any]] = {talking, end.reason}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        talking.cancel()
    return end.reason.result() if end.reason.done() else (talking.result(), None)
