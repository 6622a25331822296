"""One call's conversation with its WebSocket application (contract section 4), without a socket.

Inputs are what happened to the connection and what the call wants, each with the time; outputs are
effects, to be carried out in order. Call `on_time` at `deadline`.
"""

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from voxgate.hooks.failures import HookFailed
from voxgate.hooks.frames import (
    Ack,
    BadFrame,
    Command,
    Outgoing,
    read_frame,
    shown_content,
)
from voxgate.hooks.retry import RetryWish
from voxgate.model.calls import Json

NORMAL, GOING_AWAY = 1000, 1001
QUEUED_MOST = 256  # frames that wait for a connection

SESSION_NEW = "session:new"
SESSION_RECONNECT = "session:reconnect"
SESSION_ADULTING = "session:adulting"
ERROR = "jambonz:error"


@dataclass(frozen=True, slots=True)
class ProtocolLimits:
    ack_s: float = 5.0
    connections_most: int = 5
    first_pause_s: float = 0.5  # doubles from one connection to the next
    # An outage counts its connections anew when the last one held for so long.
    stable_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection; then call `opened` or `refused`."""


@dataclass(frozen=True, slots=True)
class Transmit:
    text: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the connection, after what was transmitted before."""

    code: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Frames reach the application now."""


@dataclass(frozen=True, slots=True)
class Answered:
    msgid: str
    data: object


@dataclass(frozen=True, slots=True)
class Rejected:
    """The frame has no answer and will get none."""

    msgid: str
    failure: HookFailed


@dataclass(frozen=True, slots=True)
class Commanded:
    command: Command


@dataclass(frozen=True, slots=True)
class Misread:
    """The application sent no frame of the protocol; it has been told."""

    details: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """A connection that was wanted before the session began did not come about."""

    failure: HookFailed


@dataclass(frozen=True, slots=True)
class Finished:
    """The application closed in the normal way: it has said what it had to say."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The application is gone for good, although the session needs it."""

    failure: HookFailed


Effect = (
    Connect
    | Transmit
    | Disconnect
    | Ready
    | Answered
    | Rejected
    | Commanded
    | Misread
    | Unreached
    | Finished
    | Lost
)


class State(enum.Enum):
    IDLE = "no connection, and nobody wants one"
    CONNECTING = "a connection is being opened"
    PAUSED = "a connection will be tried again"
    GREETING = "connected again; nothing else is sent until session:reconnect is acknowledged"
    READY = "frames pass"
    FINISHED = "closed in the normal way, by either side"
    LOST = "given up"


_DOWN = frozenset({State.IDLE, State.CONNECTING, State.PAUSED})
_OVER = frozenset({State.FINISHED, State.LOST})


class Pending:
    """Questions without an answer: sent, or waiting for a connection; first of all the session."""

    def __init__(self) -> None:
        self.session: Outgoing | None = None  # the introduction, which session:reconnect repeats
        self.is_introduced = False  # it was acknowledged
        self.awaits_introduction = False  # it was asked, and neither acknowledged nor given up
        self.queue: deque[tuple[Outgoing, bool]] = deque()  # with: wants an ack
        self._in_flight: dict[str, float] = {}

    @property
    def deadlines(self) -> list[float]:
        return list(self._in_flight.values())

    def introduce(self, frame: Outgoing) -> Outgoing:
        kind = frame.type if frame.type == SESSION_ADULTING else SESSION_NEW
        self.session = replace(frame, hook=None, type=kind)
        self.awaits_introduction = True
        return self.session

    def sent(self, msgid: str, due: float) -> None:
        self._in_flight[msgid] = due

    def answered(self, msgid: str) -> bool:
        """Whether this is the answer to something that was sent."""
        if self._in_flight.pop(msgid, None) is None:
            return False
        if self._settles(msgid):
            self.is_introduced = True
        return True

    def overdue(self, now: float) -> list[str]:
        late = [msgid for msgid, due in self._in_flight.items() if due <= now]
        for msgid in late:
            del self._in_flight[msgid]
            self._settles(msgid)
        return late

    def abandoned(self) -> list[str]:
        """What was in flight when the connection went; an unanswered introduction is repeated."""
        kept = self.session.msgid if self.session and self.awaits_introduction else None
        lost = [msgid for msgid in self._in_flight if msgid != kept]
        self._in_flight.clear()
        return lost

    def dropped(self) -> list[str]:
        """Everything; nothing is left."""
        waiting = [*self._in_flight]
        waiting += [frame.msgid for frame, wants_ack in self.queue if wants_ack]
        if self.session is not None and self.awaits_introduction:
            waiting = list(dict.fromkeys([*waiting, self.session.msgid]))
        self._in_flight.clear()
        self.queue.clear()
        self.awaits_introduction = False
        return waiting

    def _settles(self, msgid: str) -> bool:
        """Whether this was the introduction; it then waits no more."""
        is_introduction = self.session is not None and msgid == self.session.msgid
        if is_introduction:
            self.awaits_introduction = False
        return is_introduction


class AppProtocol:
    """Pure; one per call and application address."""

    def __init__(
        self,
        call_sid: str,
        shown: str,
        wish: RetryWish,
        limits: ProtocolLimits,
        new_msgid: Callable[[], str],
    ) -> None:
        self._call_sid = call_sid
        self._shown = shown
        self._wish = wish
        self._limits = limits
        self._new_msgid = new_msgid
        self.state = State.IDLE
        self._pending = Pending()
        self._was_connected = False
        self._connections = 0
        self._up_since = 0.0
        self._resume_at: float | None = None
        self._greeting: tuple[str, float] | None = None  # msgid and deadline
        self._failure = HookFailed("connect", shown, "the session is over")

    @property
    def deadline(self) -> float | None:
        """When `on_time` has something to do."""
        times = self._pending.deadlines
        if self._greeting is not None:
            times.append(self._greeting[1])
        if self._resume_at is not None:
            times.append(self._resume_at)
        return min(times, default=None)

    # What the call wants.

    def connect(self) -> list[Effect]:
        """Have a connection, be it only for statuses."""
        return self._begin() if self.state is State.IDLE else []

    def request(
        self,
        type_: str,
        data: Json,
        *,
        now: float,
        hook: str | None = None,
        call_sid: str | None = None,
    ) -> tuple[str, list[Effect]]:
        """A frame that is to be answered; the first is the session's introduction.

        `call_sid` names a call that the session's own dialled.
        """
        frame = Outgoing(type_, self._new_msgid(), call_sid or self._call_sid, data, hook)
        if self.state is State.FINISHED and self._pending.session is not None:
            return frame.msgid, [Answered(frame.msgid, None)]
        if self.state in _OVER:
            return frame.msgid, [Rejected(frame.msgid, self._failure)]
        if self._pending.session is None:
            frame = self._pending.introduce(frame)
            # Connections made for statuses alone do not count.
            self._connections = 0 if self.state is State.IDLE else 1
        return frame.msgid, self._send(frame, now, wants_ack=True)

    def notify(
        self, type_: str, data: Json, *, now: float, call_sid: str | None = None
    ) -> list[Effect]:
        """A frame without an answer; dropped once nobody can get it."""
        if self.state in _OVER:
            return []
        frame = Outgoing(type_, self._new_msgid(), call_sid or self._call_sid, data)
        return self._send(frame, now, wants_ack=False)

    def finish(self, code: int = NORMAL) -> list[Effect]:
        """The session is over."""
        if self.state in _OVER:
            return []
        connected = self.state in {State.READY, State.GREETING}
        self.state = State.FINISHED
        self._resume_at = None
        effects: list[Effect] = list(self._reject_all(self._failure))
        return [*effects, Disconnect(code)] if connected else effects

    # What happened to the connection.

    def opened(self, *, now: float) -> list[Effect]:
        if self.state in _OVER:
            return [Disconnect(NORMAL)]
        self._up_since = now
        session = self._pending.session
        again, self._was_connected = self._was_connected, True
        if not again or session is None:
            return self._become_ready(now)
        self.state = State.GREETING
        msgid = session.msgid if self._pending.awaits_introduction else self._new_msgid()
        self._greeting = (msgid, now + self._limits.ack_s)
        return [Transmit(replace(session, type=SESSION_RECONNECT, msgid=msgid).text())]

    def refused(self, failure: HookFailed, *, now: float) -> list[Effect]:
        """The connection asked for did not come about."""
        if self.state is not State.CONNECTING:
            return []
        self._failure = failure
        if self._pending.session is None:
            self.state = State.IDLE
            return [*self._reject_all(failure), Unreached(failure)]
        # A session that was cut off tries whatever the reason; a first connection as wished.
        again = self._was_connected or (
            self._wish.covers(failure.retry_class) and self._connections <= self._wish.count
        )
        return self._pause(failure, now) if again else self._lose(failure)

    def received(self, text: str, *, now: float) -> list[Effect]:
        """One text message."""
        if self.state in _OVER or self.state in _DOWN:
            return []
        try:
            frame = read_frame(text)
        except BadFrame as bad:
            return self.misread(str(bad), shown_content(text), now=now)
        if isinstance(frame, Command):
            return [Commanded(frame)]
        return self._acknowledged(frame, now)

    def misread(self, details: str, content: str, *, now: float) -> list[Effect]:
        """Tell the application that what it sent was nothing; the connection stays."""
        data = {"msg": "InvalidMessage", "details": details, "content": content}
        return [*self.notify(ERROR, data, now=now), Misread(details)]

    def closed(self, code: int | None, *, now: float) -> list[Effect]:
        """The connection is gone; `code` as the far end gave it, None without one."""
        if self.state in _OVER:
            return []
        how = "the connection broke" if code is None else f"the socket was closed with code {code}"
        failure = self._failure = HookFailed("connect", self._shown, how)
        if code == NORMAL:
            return self._take_leave(failure)
        self._greeting = None
        abandoned = [Rejected(msgid, failure) for msgid in self._pending.abandoned()]
        if self._pending.session is None:
            self.state = State.IDLE
            return [*abandoned, Unreached(failure)]
        if now - self._up_since >= self._limits.stable_s:
            self._connections = 1
        return [*abandoned, *self._pause(failure, now)]

    def on_time(self, *, now: float) -> list[Effect]:
        effects: list[Effect] = []
        if self._resume_at is not None and self._resume_at <= now:
            self._resume_at = None
            effects += self._begin()
        if self._greeting is not None and self._greeting[1] <= now:
            late = HookFailed("timeout", self._shown, f"{SESSION_RECONNECT} was not acknowledged")
            return [*effects, Disconnect(GOING_AWAY), *self._lose(late)]
        for msgid in self._pending.overdue(now):
            failure = HookFailed(
                "timeout",
                self._shown,
                f"no ack within {self._limits.ack_s:g} s",
                duration_ms=round(self._limits.ack_s * 1000),
            )
            effects.append(Rejected(msgid, failure))
        return effects

    # Inside.

    def _begin(self) -> list[Effect]:
        self._connections += 1
        self.state = State.CONNECTING
        return [Connect()]

    def _pause(self, failure: HookFailed, now: float) -> list[Effect]:
        if self._connections >= self._limits.connections_most:
            return self._lose(failure)
        doubled = 2.0 ** max(0, self._connections - 1)
        self.state = State.PAUSED
        self._resume_at = now + self._limits.first_pause_s * doubled
        return []

    def _lose(self, failure: HookFailed) -> list[Effect]:
        self.state = State.LOST
        self._failure = failure
        self._resume_at = None
        return [*self._reject_all(failure), Lost(failure)]

    def _take_leave(self, failure: HookFailed) -> list[Effect]:
        """Closed with 1000: what was asked has no answer, and nothing more will be said."""
        if self._pending.session is None:
            self.state = State.IDLE
            return [Finished()]
        self.state = State.FINISHED
        if not self._pending.is_introduced:
            return [*self._reject_all(failure), Finished()]
        self._greeting = None
        return [*(Answered(msgid, None) for msgid in self._pending.dropped()), Finished()]

    def _send(self, frame: Outgoing, now: float, *, wants_ack: bool) -> list[Effect]:
        if self.state is State.READY:
            if wants_ack:
                self._pending.sent(frame.msgid, now + self._limits.ack_s)
            return [Transmit(frame.text())]
        if len(self._pending.queue) >= QUEUED_MOST:
            full = HookFailed("connect", self._shown, "too much waits for the connection")
            return [Rejected(frame.msgid, full)] if wants_ack else []
        self._pending.queue.append((frame, wants_ack))
        return self.connect()

    def _become_ready(self, now: float) -> list[Effect]:
        self.state = State.READY
        effects: list[Effect] = [Ready()]
        while self._pending.queue:
            frame, wants_ack = self._pending.queue.popleft()
            effects += self._send(frame, now, wants_ack=wants_ack)
        return effects

    def _acknowledged(self, ack: Ack, now: float) -> list[Effect]:
        if self._greeting is not None and ack.msgid == self._greeting[0]:
            self._greeting = None
            pending = self._pending
            answered = [Answered(ack.msgid, ack.data)] if pending.awaits_introduction else []
            pending.is_introduced, pending.awaits_introduction = True, False
            return [*answered, *self._become_ready(now)]
        return [Answered(ack.msgid, ack.data)] if self._pending.answered(ack.msgid) else []

    def _reject_all(self, failure: HookFailed) -> list[Rejected]:
        self._greeting = None
        return [Rejected(msgid, failure) for msgid in self._pending.dropped()]
