"""A session whose far end a test speaks for, with a recogniser that recites a script."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from unit.call.fakes import FakeClock, ListLog
from unit.flow.fakes import live_call
from unit.verbs.fakes import FakeTokens
from voxgate.flow.background import Background
from voxgate.flow.context import PressedDigits
from voxgate.flow.ears import CallEars
from voxgate.flow.settings import SessionSettings
from voxgate.flow.transcripts import Transcripts
from voxgate.media.events import MediaEvent, SpeechStarted, SpeechStopped
from voxgate.model.audio import Audio
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.speech.registry import Recognizers
from voxgate.speech.vendors.scripted import Scripted
from voxgate.verbs.contract import Document


@dataclass
class FakeTap:
    on_audio: Callable[[bytes], None]
    is_open: bool = True

    def close(self) -> None:
        self.is_open = False


class FakeLeg:
    """Plays each sound for its length of (virtual) time, one after the other."""

    def __init__(self) -> None:
        self.stream = self
        self.taps: list[FakeTap] = []
        self.played: list[tuple[float, int]] = []  # when queued, milliseconds
        self.silenced: list[float] = []
        self._playing: list[asyncio.Future[int]] = []
        self._ends_at = 0.0
        self._digit_listeners: list[Callable[[str, int], None]] = []

    def tap(self, *, on_audio: Callable[[bytes], None], notice_ms: int) -> FakeTap:
        self.taps.append(FakeTap(on_audio))
        return self.taps[-1]

    def listen_for_digits(self, listener: Callable[[str, int], None]) -> Callable[[], None]:
        self._digit_listeners.append(listener)
        return lambda: self._digit_listeners.remove(listener)

    def press(self, key: str) -> None:
        for listener in list(self._digit_listeners):
            listener(key, 100)

    def queue(self, audio: Audio) -> "asyncio.Future[int]":
        loop = asyncio.get_running_loop()
        self.played.append((round(loop.time(), 3), audio.duration_ms))
        self._ends_at = max(self._ends_at, loop.time()) + audio.duration_ms / 1000
        heard: asyncio.Future[int] = loop.create_future()
        self._playing.append(heard)
        loop.call_at(self._ends_at, self._finish, heard, audio.duration_ms)
        return heard

    @staticmethod
    def _finish(heard: "asyncio.Future[int]", ms: int) -> None:
        if not heard.done():
            heard.set_result(ms)

    def silence(self) -> None:
        now = asyncio.get_running_loop().time()
        self.silenced.append(round(now, 3))
        self._ends_at = now
        for heard in self._playing:
            heard.cancel()
        self._playing.clear()


@dataclass
class FakeApplication:
    """Remembers what it is told, with the second of it."""

    answer: Document | None = None
    hook_s: float = 0.0
    sends_commands: bool = True
    asked: list[tuple[float, str, Json]] = field(default_factory=list)
    told: list[tuple[str, Json]] = field(default_factory=list)

    async def action(self, hook: Hook, result: Json, verb_id: str | None) -> Document | None:
        now = round(asyncio.get_running_loop().time(), 3)
        self.asked.append((now, hook.url, result))
        await asyncio.sleep(self.hook_s)
        return self.answer

    def tell(self, kind: str, data: Json) -> None:
        self.told.append((kind, data))

    @property
    def words(self) -> list[str]:
        """What was said in everything asked."""
        return [
            result["speech"]["alternatives"][0]["transcript"]
            for _, _, result in self.asked
            if "speech" in result
        ]


class FakeSpeaker:
    """A second of sound for every ten characters."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.failure: Exception | None = None

    @asynccontextmanager
    async def speaking(self, text: str, *_about: Any, **_more: Any) -> AsyncIterator[Any]:
        async def parts() -> AsyncIterator[Any]:
            if self.failure is not None:
                raise self.failure
            self.spoken.append(text)
            yield SimpleNamespace(audio=Audio(bytes(1600 * len(text))), alerts=())

        yield parts()


class StageSession:
    """The part of a Session that ears, transcripts and streams use."""

    def __init__(self) -> None:
        self.log = ListLog()
        self.call = live_call(self.log)
        self.leg = FakeLeg()
        self.ports = SimpleNamespace(
            recognizers=Recognizers({"scripted": Scripted()}), clock=FakeClock()
        )
        self.application = FakeApplication()
        self.background = Background(self.call)
        self.transcripts = Transcripts()
        self.settings = SessionSettings(self.call.record.request)
        self.speaker = FakeSpeaker()
        self.context: StageContext | None = None
        self.runner = SimpleNamespace(verb=None, cut=self._cut)
        self.cuts: list[float] = []
        self.replaced: list[Document] = []
        self.reported: list[str] = []
        self.faults: list[tuple[str, str | None]] = []
        self._listeners: list[Callable[[MediaEvent], None]] = []

    def _cut(self, _kinds: object) -> None:
        self.cuts.append(round(asyncio.get_running_loop().time(), 3))

    def listen_to_media(self, listener: Callable[[MediaEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def fault(
        self, alert_type: str, message: str, detail: str | None = None, failover: str | None = None
    ) -> None:
        self.faults.append((alert_type, failover))

    def report_playback(self, event: str) -> None:
        self.reported.append(event)

    def replace(self, document: Document) -> None:
        self.replaced.append(document)

    async def report(self, hook: Hook, result: Json, verb_id: str | None = None) -> None:
        document = await self.application.action(hook, result, verb_id)
        if document is not None:
            self.replace(document)

    def _tell(self, event: MediaEvent) -> None:
        for listener in list(self._listeners):
            listener(event)

    def begin_to_speak(self) -> None:
        self._tell(SpeechStarted(0))

    def feed(self, ms: int) -> None:
        for tap in self.leg.taps:
            if tap.is_open:
                tap.on_audio(bytes(16 * ms))

    def fall_silent(self) -> None:
        self._tell(SpeechStopped(0, 0))

    async def speak(self, seconds: float = 1.0) -> None:
        """The far end says something for so long."""
        self.begin_to_speak()
        await asyncio.sleep(seconds)
        self.feed(round(seconds * 1000))
        self.fall_silent()
        await asyncio.sleep(0.01)


class StageContext:
    """The part of a VerbContext that gathering uses."""

    def __init__(self, session: StageSession) -> None:
        self.session = session
        self.tokens = FakeTokens(None, [])
        self.ears = CallEars(session)  # type: ignore[arg-type]
        session.aside = lambda: self

    @asynccontextmanager
    async def digits(self) -> AsyncIterator[PressedDigits]:
        pressed = PressedDigits()
        stop = self.session.leg.listen_for_digits(pressed.put)
        stop_watching = self.session.listen_to_media(pressed.on_media)
        yield pressed
        stop_watching()
        stop()

    async def ask(self, hook: Hook, result: Json, verb_id: str | None) -> Document | None:
        return await self.session.application.action(hook, result, verb_id)
