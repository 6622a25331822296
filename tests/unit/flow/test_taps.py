"""Listening on a real stream, with an application on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from unit.call.fakes import ListLog
from unit.flow.fakes import alerts, live_call, of_type
from unit.hooks.app_server import LOOPBACK, application
from unit.media.streams import WAIT_S, on_a_loop, talking
from voxgate.base.tasks import Nursery
from voxgate.flow.background import Background
from voxgate.flow.taps import CallTaps
from voxgate.hooks.audio_socket import AudioSockets
from voxgate.hooks.payloads import Site
from voxgate.media.events import SpeechStarted, SpeechStopped
from voxgate.model.calls import EventType
from voxgate.model.hooks import Hook
from voxgate.testing.rtp import RtpPeer
from voxgate.verbs.capabilities.taps import Listened, ListenOrder
from voxgate.verbs.contract import NotNow


class Ear:
    """The application."""

    def __init__(self) -> None:
        self.texts: list[dict[str, Any]] = []
        self.frames = 0
        self.closed: int | None = None
        self.path = ""
        self._changed = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        self.path = request.path
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.texts.append(json.loads(message.data))
            else:
                self.frames += 1
            self._changed.set()
        self.closed = socket.close_code
        self._changed.set()
        return socket

    async def until(self, happened: Any) -> None:
        async with asyncio.timeout(WAIT_S):
            while not happened(self):
                self._changed.clear()
                await self._changed.wait()


class FakeLeg:
    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.listeners: list[Any] = []
        self.played: list[int] = []

    def listen_for_digits(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def play(self, audio: Any) -> int:
        self.played.append(audio.duration_ms)
        return int(audio.duration_ms)


class FakeSession:
    """The part of a Session that taps use."""

    def __init__(self, leg: FakeLeg | None, sockets: AudioSockets | None, base: str) -> None:
        self.log = ListLog()
        self.call = live_call(self.log)
        self.leg = leg
        self.ports = SimpleNamespace(audio_sockets=sockets, site=Site())
        root = Hook(base)
        absolute = lambda url: base + url if url.startswith("/") else url  # noqa: E731
        self.application = SimpleNamespace(base=root, absolute=absolute)
        self.background = Background(self.call)
        self.media_listeners: list[Any] = []
        self.goodbyes = Nursery("goodbyes")

    def listen_to_media(self, listener: Any) -> Any:
        self.media_listeners.append(listener)
        return lambda: self.media_listeners.remove(listener)

    def last_words(self, work: Any) -> Any:
        return self.goodbyes.start(work, name="goodbye")

    def notes(self) -> list[str]:
        return [data["type"] for data in of_type(self.log, EventType.MEDIA)]


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[CallTaps, FakeSession, Ear, RtpPeer]]:
    ear = Ear()
    sockets = AudioSockets(LOOPBACK)
    async with talking() as (near, peer), application(ear) as app:
        session = FakeSession(FakeLeg(near.stream), sockets, app.url)
        try:
            yield CallTaps(session), session, ear, peer  # type: ignore[arg-type]
        finally:
            await session.background.close()
            await session.goodbyes.ended()
            await sockets.close()


ORDER = ListenOrder(Hook("/ears"))


@on_a_loop
async def test_a_relative_address_is_asked_over_a_websocket_of_the_same_host():
    """FS#1101."""
    async with stage() as (taps, _, ear, _peer):
        listened = await taps.listen(replace(ORDER, lasts_s=0.1))
        await ear.until(lambda ear: ear.closed)

    assert listened == Listened(0, "max-length")
    assert (ear.path, ear.closed) == ("/ears", 1000)
    assert ear.texts[0]["callSid"]


@on_a_loop
async def test_whatever_ends_it_leaves_nobody_listening():
    async with stage() as (taps, session, ear, peer):
        listening = asyncio.ensure_future(taps.listen(replace(ORDER, silent_s=60)))
        await peer.send_silence(100)
        await ear.until(lambda ear: ear.frames)
        listening.cancel()
        await asyncio.wait({listening})
        await ear.until(lambda ear: ear.closed)
        left = (session.leg.listeners, session.media_listeners)
        with pytest.raises(NotNow):
            taps.pause(paused=True)

    assert left == ([], [])
    assert ear.closed == 1000
    assert session.notes() == ["listen_started", "listen_ended"]


@on_a_loop
async def test_keys_are_told_and_the_one_that_ends_it_is_the_result():
    async with stage() as (taps, session, ear, _):
        order = replace(ORDER, passes_keys=True, finish_on_key="#*")
        listening = asyncio.ensure_future(taps.listen(order))
        await ear.until(lambda ear: ear.texts)
        for key in "5#":
            session.leg.listeners[0](key, 100)
        listened = await listening
        await ear.until(lambda ear: ear.closed)

    assert (listened.why, listened.key) == ("key", "#")
    assert [text["dtmf"] for text in ear.texts[1:]] == ["5", "#"]


@on_a_loop
async def test_silence_counts_from_the_end_of_speech_and_not_during_it():
    """Gotcha 58."""
    async with stage() as (taps, session, ear, _):
        listening = asyncio.ensure_future(taps.listen(replace(ORDER, silent_s=0.2)))
        await ear.until(lambda ear: ear.texts)
        (listener,) = session.media_listeners
        listener(SpeechStarted(0))
        await asyncio.wait({listening}, timeout=0.4)
        assert not listening.done()
        listener(SpeechStopped(400, 400))

        assert (await listening).why == "silence"


@on_a_loop
async def test_what_cannot_be_reached_is_an_alert_and_over():
    async with stage() as (taps, session, _, _peer):
        listened = await taps.listen(ListenOrder(Hook("ws://127.0.0.1:9/none"), beeps=True))

        assert listened.why == "failed"
        assert alerts(session.log) == ["failed to connect to ws://127.0.0.1:9/none"]
        assert session.notes() == ["listen_failed"]
        assert session.leg.played == [500]


@on_a_loop
async def test_one_listener_too_many_is_an_alert_and_never_the_calls_end():
    async with stage() as (taps, session, _, _peer):
        held = [session.leg.stream.tap(on_audio=lambda _audio: None) for _ in range(8)]
        listened = await taps.listen(ORDER)
        for tap in held:
            tap.close()

        assert listened.why == "failed"
        assert alerts(session.log) == ["listen stopped: too many taps wait"]


@on_a_loop
async def test_in_the_background_one_takes_the_place_of_the_other_and_is_not_paused():
    async with stage() as (taps, session, ear, _):
        taps.background(ORDER)
        await ear.until(lambda ear: ear.texts)
        with pytest.raises(NotNow, match="nothing listens"):
            taps.pause(paused=True)
        taps.background(ORDER)
        await ear.until(lambda ear: len(ear.texts) == 2)
        taps.background(None)
        await ear.until(lambda ear: ear.closed)

        assert not session.background.is_running("listen")


def test_before_there_is_media_nothing_can_listen():
    async def story() -> None:
        taps = CallTaps(FakeSession(None, None, "http://x"))  # type: ignore[arg-type]
        with pytest.raises(NotNow):
            taps.background(ORDER)

    asyncio.run(story())
