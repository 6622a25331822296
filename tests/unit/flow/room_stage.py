"""Calls in rooms without audio: who joined what, and what was asked of their seats."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from unit.call.fakes import FakeClock, ListLog
from unit.flow.fakes import live_call
from voxgate.flow.application import NoDocument
from voxgate.flow.background import Background
from voxgate.flow.conference import Conferences
from voxgate.flow.queue import Queues
from voxgate.media.errors import MediaError, StreamClosed
from voxgate.model.audio import Audio
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.verbs.contract import Document, NotNow
from voxgate.verbs.vocabulary import parse_document


@dataclass(eq=False)
class FakeSeat:
    stream: "FakeStream"
    muted: bool = False
    deaf: bool = False
    heard_by: set["FakeSeat"] | None = None
    relays: bool = False
    has_left: bool = False

    def mute(self, muted: bool) -> None:
        self.stream.check()
        self.muted = muted

    def deafen(self, deaf: bool) -> None:
        self.stream.check()
        self.deaf = deaf

    def coach(self, seats: set["FakeSeat"] | None) -> None:
        self.stream.check()
        self.heard_by = seats

    def relay_digits(self, relays: bool) -> None:
        self.relays = relays

    def leave(self) -> None:
        self.has_left = True


@dataclass(eq=False)
class FakeRoom:
    played: list[Audio] = field(default_factory=list)
    is_closed: bool = False

    def play(self, audio: Audio) -> None:
        self.played.append(audio)

    def close(self) -> None:
        self.is_closed = True


@dataclass(eq=False)
class FakeTrack:
    played: list[tuple[int, int, float]] = field(default_factory=list)  # ms, loops, gain
    gain_db: float = 0.0
    is_silent: bool = True
    is_removed: bool = False

    def play(self, audio: Audio, *, loops: int = 1, gain_db: float = 0.0) -> None:
        self.played.append((audio.duration_ms, loops, gain_db))
        self.gain_db, self.is_silent = gain_db, False

    def gain(self, gain_db: float) -> None:
        self.gain_db = gain_db

    def silence(self) -> None:
        self.is_silent = True

    def remove(self) -> None:
        self.is_removed = True


@dataclass(eq=False)
class FakeStream:
    seats: list[FakeSeat] = field(default_factory=list)
    rooms: list[FakeRoom] = field(default_factory=list)
    digits: str = ""
    takes_digits: bool = True
    is_closed: bool = False
    outbound_db: float = 0.0
    tracks: dict[str, FakeTrack] = field(default_factory=dict)

    def check(self) -> None:
        if self.is_closed:
            raise StreamClosed("the stream is closed")

    def join(self, room: FakeRoom) -> FakeSeat:
        self.check()
        self.rooms.append(room)
        self.seats.append(FakeSeat(self))
        return self.seats[-1]

    def send_digits(self, digits: str, *, duration_ms: int) -> None:
        if not self.takes_digits:
            raise MediaError("telephone-event was not negotiated")
        self.digits += digits

    def gain(self, *, outbound_db: float) -> None:
        self.outbound_db = outbound_db

    def track(self, name: str) -> FakeTrack:
        return self.tracks.setdefault(name, FakeTrack())


@dataclass
class FakeDialling:
    """Whether the audio of its dial passes through here."""

    is_direct: bool = False

    def check_audio(self) -> None:
        if self.is_direct:
            raise NotNow("the audio goes straight between the far ends")


@dataclass
class FakeApplication:
    """Remembers what it is asked; `answers` by hook, else nothing."""

    answers: dict[str, Document] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    asked: list[tuple[str, Json, str | None]] = field(default_factory=list)
    base: Hook | None = field(default_factory=lambda: Hook("https://app.example/call"))

    async def action(
        self, hook: Hook, result: Json, verb_id: str | None, *, kind: str = "verb:hook"
    ) -> Document | None:
        self.asked.append((hook.url, dict(result), verb_id))
        return self.answers.get(hook.url)

    async def answer_to(self, hook: Hook, result: Json, verb_id: str | None) -> Document | None:
        """As `action`, and `failing` hooks fail."""
        document = await self.action(hook, result, verb_id)
        if hook.url in self.failing:
            raise NoDocument("failed", "HTTP 500")
        return document

    def absolute(self, url: str) -> str:
        return f"https://app.example{url}" if url.startswith("/") else url


class Stage:
    """Calls of one process; `call()` makes one, `name` is its sid."""

    def __init__(self, **ports: Any) -> None:
        self.conferences = Conferences(FakeRoom, FakeClock())  # type: ignore[arg-type]
        self.queues = Queues(FakeRoom)  # type: ignore[arg-type]
        self.told: list[tuple[str, Json]] = []
        self._ports = SimpleNamespace(
            conferences=self.conferences,
            queues=self.queues,
            clock=FakeClock(),
            queue_event_hook=self._queue_event_hook,
            settings=SimpleNamespace(strict_verbs=False),
            **ports,
        )

    async def _queue_event_hook(self, _account_sid: str) -> Hook | None:
        return Hook("https://account.example/queue")

    def call(self, sid: str = "sid") -> Any:
        log = ListLog()
        call = live_call(log)
        object.__setattr__(call.record, "call_sid", sid)
        session = SimpleNamespace(
            call=call,
            log=log,
            ports=self._ports,
            application=FakeApplication(),
            leg=SimpleNamespace(stream=FakeStream()),
            ending=asyncio.get_running_loop().create_future(),
            background=Background(call),
            dialling=FakeDialling(),
            runner=None,
            context=None,
            words=[],
        )
        session.listeners = []

        def listen(listener: Callable[[Any], None]) -> Callable[[], None]:
            session.listeners.append(listener)
            return lambda: session.listeners.remove(listener)

        def last_words(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
            session.words.append(asyncio.ensure_future(work))
            return session.words[-1]

        session.listen_to_media = listen
        session.last_words = last_words
        session.aside = Aside
        return session


class Aside:
    """The context of verbs that run while another one does."""

    def __init__(self) -> None:
        self.left = 0
        self.log: list[tuple[str, float]] = []

    @property
    def rooms(self) -> "Aside":
        return self

    def leave(self) -> None:
        self.left += 1

    async def sleep(self, seconds: float) -> None:
        self.log.append(("pause", round(asyncio.get_running_loop().time(), 3)))
        await asyncio.sleep(seconds)

    def note(self, _data: Json) -> None:
        """Nobody reads it."""


def verbs(*items: Json) -> Document:
    return parse_document(list(items), strict=True)


def noted(session: Any, what: str) -> list[Json]:
    events = [event.data for event in session.log.events if event.type is EventType.MEDIA]
    return [data for data in events if data["type"] == what]


async def settle() -> None:
    """Let everything that can happen without time passing happen."""
    for _ in range(20):
        await asyncio.sleep(0)
