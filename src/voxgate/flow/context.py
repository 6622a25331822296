"""What verbs may touch of a call, carried out on its leg, its voice and its application."""

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from voxgate.call import outcome
from voxgate.call.leg import Leg
from voxgate.flow.amd import CallAmd
from voxgate.flow.application import NoDocument
from voxgate.flow.ears import CallEars
from voxgate.flow.playback import Playback, tell_of
from voxgate.flow.recorder import CallRecorder
from voxgate.flow.rooms import CallRooms
from voxgate.flow.runner import Notes
from voxgate.flow.session import Ending, Session
from voxgate.flow.taps import CallTaps
from voxgate.flow.tokens import CallTokens
from voxgate.flow.tracks import CallTracks
from voxgate.media.events import DigitStarted, MediaEvent
from voxgate.media.files import AudioNotFound, AudioUnreadable
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.model.speech import SynthesizerChoice
from voxgate.speech.contract import SpeechFailed
from voxgate.speech.speaker import Parts
from voxgate.verbs.contract import Document, NotNow, Played, PlayFailed, SayFailed

SAMPLES_PER_MS = 8
DIGITS_MAX = 128  # pressed and not yet read; more are dropped


class CallContext:
    """The VerbContext of one session."""

    def __init__(self, session: Session, notes: Notes) -> None:
        self._session = session
        self._call = session.call
        self._application = session.application
        self._notes = notes
        self.dialling = session.dialling
        self.ears = CallEars(session)
        self.recorder = CallRecorder(session)
        self.rooms = CallRooms(session)
        self.settings = session.settings
        self.tokens = CallTokens(session)
        self.taps = CallTaps(session)
        self.tracks = CallTracks(session)
        self.amd = CallAmd(session)

    def aside(self) -> "CallContext":
        context = copy.copy(self)
        context._notes = Notes()  # noqa: SLF001 - a context of this class
        return context

    @property
    def _leg(self) -> Leg:
        """The leg of a call that has media; verbs that need it run only then."""
        if self._session.leg is None:
            raise NotNow("the call has no media")
        return self._session.leg

    @property
    def application_sid(self) -> str | None:
        return self._call.record.application_sid

    async def answer(self) -> None:
        await self._session.line.answer()

    async def decline(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        self._session.line.decline(status, reason, headers)

    async def say(
        self, text: str, synthesizer: SynthesizerChoice | None = None, *, cached: bool = True
    ) -> int:
        settings = self._session.settings
        try:
            async with self._session.speaker.speaking(
                text,
                settings.voice,
                settings.spoken(synthesizer),
                cached=cached and settings.cache_speech,
            ) as parts:
                return await self._speak(text, parts)
        except SpeechFailed as failed:
            raise SayFailed(failed.vendor, failed.detail) from failed
        except asyncio.CancelledError:
            self._leg.silence()
            raise

    async def _speak(self, text: str, parts: Parts) -> int:
        loop = asyncio.get_running_loop()
        asked_at, voice = loop.time(), self._session.settings.voice
        heard_ms, last = 0, None
        with Playback(self._session) as playback:
            async for part in parts:
                tell_of(part.alerts, self._session)
                following = self._leg.queue(part.audio)
                playback.begin({
                    "vendor": voice.vendor,
                    "language": voice.language,
                    "characters": len(text),
                    "elapsed_time": round((loop.time() - asked_at) * 1000),
                })
                # The next part renders while this one plays; only two are ever on the leg.
                heard_ms += await last if last is not None else 0
                last = following
            heard_ms += await last if last is not None else 0
        return heard_ms

    async def play(
        self, url: str, *, seek_offset: int = 0, timeout_s: float | None = None
    ) -> Played:
        try:
            audio = await self._session.ports.files.open(self._application.absolute(url))
        except AudioNotFound as missing:
            raise PlayFailed("not-found", str(missing)) from missing
        except AudioUnreadable as unreadable:
            raise PlayFailed("unreadable", str(unreadable)) from unreadable
        offset_ms = seek_offset // SAMPLES_PER_MS
        if offset_ms >= audio.duration_ms:
            return Played(0, seek_offset)
        started_at = asyncio.get_running_loop().time()
        try:
            with Playback(self._session) as playback:
                playback.begin()
                async with asyncio.timeout(timeout_s):
                    heard_ms = await self._leg.play(audio, offset_ms=offset_ms)
        except TimeoutError:
            heard_ms = round((asyncio.get_running_loop().time() - started_at) * 1000)
        return Played(heard_ms, seek_offset + heard_ms * SAMPLES_PER_MS)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def digits(self) -> AbstractAsyncContextManager["PressedDigits"]:
        return self._digits()

    @asynccontextmanager
    async def _digits(self) -> AsyncIterator["PressedDigits"]:
        pressed = PressedDigits()
        stop = self._leg.listen_for_digits(pressed.put)
        stop_watching = self._session.listen_to_media(pressed.on_media)
        try:
            yield pressed
        finally:
            stop_watching()
            stop()

    async def ask(self, hook: Hook, result: Json, verb_id: str | None) -> Document | None:
        try:
            return await self._application.answer_to(hook, result, verb_id)
        except NoDocument as nothing:
            verb = self._session.runner.verb if self._session.runner is not None else None
            if verb is not None and verb.verb == "gather":
                self._call.complain("invalid actionHook response", str(nothing))
            return None

    async def redirect(self, hook: Hook, status_hook: Hook | None) -> Document | None:
        if status_hook is not None:
            self._session.ports.redirect_status(self._call.sid, status_hook)
        try:
            return await self._application.redirected(hook)
        except NoDocument:
            return None

    async def hang_up(self, headers: Mapping[str, str]) -> None:
        self._session.end(Ending(outcome.COMPLETED, None, headers))

    def tag(self, data: Json) -> None:
        self._call.tag(data)

    def alert(self, alert_type: str, message: str, detail: str | None = None) -> None:
        failover = "not available" if alert_type == "tts-failure" else None
        self._session.fault(alert_type, message, detail, failover)

    def note(self, data: Json) -> None:
        self._notes.add(data)


class PressedDigits:
    """The DigitReader of one gather."""

    def __init__(self) -> None:
        self._keys: asyncio.Queue[str] = asyncio.Queue(DIGITS_MAX)
        self._down = asyncio.Event()

    def on_media(self, event: MediaEvent) -> None:
        if isinstance(event, DigitStarted):
            self._down.set()

    async def pressed(self) -> None:
        await self._down.wait()
        self._down.clear()

    def put(self, digit: str, _duration_ms: int) -> None:
        if not self._keys.full():
            self._keys.put_nowait(digit)

    async def next(self, timeout_s: float | None = None) -> str | None:
        if not self._keys.empty():
            return self._keys.get_nowait()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._keys.get()
        except TimeoutError:
            return None
