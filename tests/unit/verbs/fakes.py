"""A call that remembers what verbs asked of it, on the loop's (virtual) time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear, SynthesizerChoice
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import BackgroundGather, EarEvent, TranscriptOrder
from voxgate.verbs.capabilities.settings import Delay, Noise
from voxgate.verbs.capabilities.taps import Listened, ListenOrder
from voxgate.verbs.contract import (
    Document,
    NotNow,
    Outcome,
    Played,
    PlayFailed,
    SayFailed,
    Verb,
)
from voxgate.verbs.vocabulary import parse_document


class FakeReader:
    def __init__(self, keys: asyncio.Queue[str], downs: asyncio.Queue[None]) -> None:
        self._keys = keys
        self._downs = downs

    async def pressed(self) -> None:
        await self._downs.get()

    async def next(self, timeout_s: float | None = None) -> str | None:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._keys.get()
        except TimeoutError:
            return None


class FakeEarReader:
    def __init__(self, sounds: asyncio.Queue[EarEvent]) -> None:
        self._sounds = sounds

    async def next(self) -> EarEvent:
        return await self._sounds.get()

    def times(self) -> Json:
        return {}


class FakeEars:
    """Hears what the test says at its second, and remembers how it was asked to listen."""

    def __init__(self, sounds: Mapping[float, EarEvent], session: Ear) -> None:
        self._sounds = sounds
        self._session = session
        self.asked: list[Ear] = []
        self.transcribed: list[TranscriptOrder] = []
        self.background: list[BackgroundGather | None] = []
        self.cut_by: list[str] = []
        self.rests: list[tuple[float, float]] = []  # of the gather in the background

    def prefer(self, ear: Ear | None) -> None:
        self._session = ear or Ear()

    def resolved(self, ear: Ear) -> Ear:
        return ear.over(self._session)

    @asynccontextmanager
    async def listen(self, ear: Ear) -> AsyncIterator[FakeEarReader]:
        self.asked.append(ear)
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[EarEvent] = asyncio.Queue()
        timers = [
            loop.call_at(at, queue.put_nowait, sound)
            for at, sound in self._sounds.items()
            if at >= loop.time()
        ]
        yield FakeEarReader(queue)
        for timer in timers:
            timer.cancel()

    @asynccontextmanager
    async def foreground(self) -> AsyncIterator[None]:
        began = asyncio.get_running_loop().time()
        yield
        self.rests.append((began, asyncio.get_running_loop().time()))

    def report_barge_in(self, by: str) -> None:
        self.cut_by.append(by)

    def background_gather(self, gather: BackgroundGather | None) -> None:
        self.background.append(gather)

    async def transcribe(self, order: TranscriptOrder) -> None:
        self.transcribed.append(order)
        await asyncio.Event().wait()

    def background_transcription(self, order: TranscriptOrder | None) -> None:
        if order is not None:
            self.transcribed.append(order)

    def pause_transcription(self, *, paused: bool) -> None:
        """Nothing is told anyway."""


@dataclass
class FakeSettings:
    """The session's plain values; who speaks and what was reset are remembered."""

    noise: Noise | None = None
    delay: Delay | None = None
    hold_music: str | None = None
    sip_request_hook: Hook | None = None
    refer_hook: Hook | None = None
    notify_events: bool = False
    notify_stt_latency: bool = False
    early_media: bool = False
    cache_speech: bool = True
    spoken_as: list[SynthesizerChoice | None] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)
    lent: Delay | None = None

    def speak_as(self, synthesizer: SynthesizerChoice | None) -> None:
        self.spoken_as.append(synthesizer)

    def reset(self, names: tuple[str, ...]) -> None:
        self.resets += names

    def lend(self, delay: Delay | None) -> None:
        self.lent = delay


class FakeTaps:
    """An application that listens until it ends so; None: for ever."""

    def __init__(self, listened: Listened | None) -> None:
        self._listened = listened
        self.orders: list[ListenOrder] = []
        self.background_orders: list[ListenOrder | None] = []
        self.cut = 0

    async def listen(self, order: ListenOrder) -> Listened:
        self.orders.append(order)
        if self._listened is not None:
            return self._listened
        try:
            await asyncio.Event().wait()
        finally:
            self.cut += 1
        raise AssertionError

    def background(self, order: ListenOrder | None) -> None:
        self.background_orders.append(order)

    def pause(self, *, paused: bool) -> None:
        """Nothing is sent anyway."""


class FakeTokens:
    """A stream in which so much was heard."""

    def __init__(self, heard_ms: int | None, log: list[tuple[Any, ...]]) -> None:
        self._heard_ms = heard_ms
        self._log = log

    async def speak(
        self, synthesizer: SynthesizerChoice | None = None, *, close_on_empty: bool, cached: bool
    ) -> int:
        if self._heard_ms is None:
            raise NotNow("only an application over a WebSocket can stream what is said")
        self._log.append(("stream", synthesizer, close_on_empty, cached))
        return self._heard_ms

    def speak_beside(self, synthesizer: SynthesizerChoice | None) -> None:
        self._log.append(("stream beside", synthesizer))

    def stop_beside(self) -> None:
        self._log.append(("stream stopped",))

    def put(self, token_id: object, tokens: object) -> None:
        self._log.append(("tokens", token_id, tokens))

    def flush(self) -> None:
        self._log.append(("flush",))

    def clear(self) -> None:
        self._log.append(("clear",))

    def interrupt(self) -> None:
        """Nothing is heard."""


@dataclass
class FakeCall:
    """Everything heard and told, with the second it began: `("say", 0.0, "hello")`."""

    keys: Mapping[float, str] = field(default_factory=dict)
    say_s: float = 2.0
    play_s: float = 3.0
    hook_s: float = 0.0
    answer_document: list[Any] | None = None
    say_fails: bool = False
    declines: bool = True
    missing: frozenset[str] = frozenset()
    log: list[tuple[Any, ...]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    tags: list[Json] = field(default_factory=list)
    choices: list[SynthesizerChoice | None] = field(default_factory=list)
    sounds: Mapping[float, EarEvent] = field(default_factory=dict)
    session_ear: Ear = field(default_factory=Ear)
    streamed_ms: int | None = None  # None: nobody can stream
    taps: FakeTaps = field(default_factory=lambda: FakeTaps(Listened(1, "closed")))
    key_down_s: float = 0.0  # keys are held so long before their second
    settings: FakeSettings = field(default_factory=FakeSettings)
    application_sid: str | None = "the application"

    def __post_init__(self) -> None:
        self.ears = FakeEars(self.sounds, self.session_ear)
        self.tokens = FakeTokens(self.streamed_ms, self.log)

    def now(self) -> float:
        return round(asyncio.get_running_loop().time(), 3)

    def told(self, what: str) -> list[tuple[Any, ...]]:
        return [entry for entry in self.log if entry[0] == what]

    async def _lasting(self, what: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.log.append((f"{what} cut", self.now()))
            raise

    async def answer(self) -> None:
        self.log.append(("answer", self.now()))

    async def decline(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        if not self.declines:
            raise NotNow("the call was refused already")
        self.log.append(("decline", status, reason, dict(headers)))

    async def say(
        self, text: str, synthesizer: SynthesizerChoice | None = None, *, cached: bool = True
    ) -> int:
        if self.say_fails:
            raise SayFailed("builtin", "no voice today")
        self.log.append(("say", self.now(), text, *([] if cached else ["fresh"])))
        self.choices.append(synthesizer)
        await self._lasting("say", self.say_s)
        return int(self.say_s * 1000)

    async def play(
        self, url: str, *, seek_offset: int = 0, timeout_s: float | None = None
    ) -> Played:
        if url in self.missing:
            raise PlayFailed("not-found", "the server answered 404")
        self.log.append(("play", self.now(), url))
        left_s = max(0.0, self.play_s - seek_offset / 8000)
        heard_s = left_s if timeout_s is None else min(left_s, timeout_s)
        await self._lasting("play", heard_s)
        return Played(int(heard_s * 1000), seek_offset + int(heard_s * 8000))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @asynccontextmanager
    async def digits(self) -> AsyncIterator[FakeReader]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str] = asyncio.Queue()
        timers = [
            loop.call_at(at, queue.put_nowait, key)
            for at, key in self.keys.items()
            if at >= loop.time()
        ]
        downs: asyncio.Queue[None] = asyncio.Queue()
        timers += [
            loop.call_at(at - self.key_down_s, downs.put_nowait, None)
            for at in self.keys
            if self.key_down_s and at >= loop.time()
        ]
        yield FakeReader(queue, downs)
        for timer in timers:
            timer.cancel()

    async def ask(self, hook: Hook, result: Json, verb_id: str | None) -> Document | None:
        self.log.append(("ask", self.now(), hook.url, result, verb_id))
        await self._lasting("ask", self.hook_s)
        if self.answer_document is None:
            return None
        return parse_document(self.answer_document, strict=True)

    async def redirect(self, hook: Hook, status_hook: Hook | None) -> Document | None:
        self.log.append(("redirect", self.now(), hook, status_hook))
        if self.answer_document is None:
            return None
        return parse_document(self.answer_document, strict=True)

    async def hang_up(self, headers: Mapping[str, str]) -> None:
        self.log.append(("hang up", self.now(), dict(headers)))

    def tag(self, data: Json) -> None:
        self.tags.append(data)

    def alert(self, alert_type: str, message: str, detail: str | None = None) -> None:
        self.alerts.append(f"{alert_type}: {message}" + (f" ({detail})" if detail else ""))

    def note(self, data: Json) -> None:
        self.notes.append(data)


def verb(name: str, **properties: Any) -> Verb:
    return parse_document([{"verb": name, **properties}], strict=True).verbs[0]


def run(instruction: Verb, call: FakeCall) -> Outcome:
    async def scenario() -> Outcome:
        return await instruction.run(call)

    return run_virtual(scenario())


def run_and_time(instruction: Verb, call: FakeCall) -> tuple[Outcome, float]:
    async def scenario() -> tuple[Outcome, float]:
        outcome = await instruction.run(call)
        return outcome, call.now()

    return run_virtual(scenario())
