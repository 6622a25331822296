"""The frame of all four transaction machines: a state, a table, timers.

Messages and the time come in; effects come out. Nothing here sleeps, sends or reads a clock.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.effects import Deliver, Effect, Send, TimedOut, TransportFailed


@dataclass(frozen=True, slots=True)
class Timing:
    """RFC 3261 table 4, in seconds."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def give_up(self) -> float:
        """64*T1: how long anything is waited for."""
        return 64 * self.t1


class State(enum.Enum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"  # RFC 6026
    TERMINATED = "terminated"


class Input(enum.Enum):
    REQUEST = "the request, again"
    ACK = "ACK"
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "3xx-6xx"
    RESEND = "timer A, E or G"
    GIVE_UP = "timer B, F or H"
    LINGER = "timer D, I, J, K, L or M: repeats absorbed long enough"
    SLOW = "200 ms without a response of the user"
    UNREACHABLE = "the transport failed"
    ABORT = "the user has lost interest"


class Do(enum.Enum):
    RESEND = "send the last message again, later and later"
    DELIVER = "pass the message up"
    FINISH = "pass the message up, then absorb repeats"
    ACCEPT = "pass the 2xx up, then wait for more of them"
    ACKNOWLEDGE = "send ACK"
    REFUSED = "send ACK, pass the response up, then absorb repeats"
    SEND = "send the user's response"
    SEND_LAST = "send the user's response, then absorb repeats"
    REPEAT = "send the last response again"
    TRYING = "send 100"
    CONFIRM = "absorb further ACKs"
    GIVE_UP = "report the timeout"
    FAIL = "report the transport failure"
    NOTHING = "nothing"


Table = Mapping[tuple[State, Input], tuple[State, Do]]


class Machine:
    """One transaction. The layer drops it once `state` is TERMINATED."""

    __slots__ = ("_interval", "_last", "_slowest", "_timers", "reliable", "state", "timing")

    table: ClassVar[Table]

    def __init__(self, state: State, *, timing: Timing, reliable: bool) -> None:
        self.state = state
        self.timing = timing
        self.reliable = reliable
        self._interval = timing.t1
        self._slowest = timing.t2
        self._timers: dict[Input, float] = {}
        self._last: bytes | None = None

    @property
    def deadline(self) -> float | None:
        """When `on_time` must be called next; None while nothing is waited for."""
        timers = self._timers
        return min(timers.values()) if timers else None

    def on_time(self, *, now: float) -> list[Effect]:
        effects: list[Effect] = []
        timers = self._timers
        while timers:
            due = min(timers, key=timers.__getitem__)
            if timers[due] > now:
                break
            del timers[due]
            effects += self._step(due, now)
        return effects

    def unreachable(self, detail: str, *, now: float) -> list[Effect]:
        effects = self._step(Input.UNREACHABLE, now)
        return [TransportFailed(detail) if isinstance(e, TransportFailed) else e for e in effects]

    def abort(self, *, now: float) -> None:
        """End without another message or report."""
        self._step(Input.ABORT, now)
        self._timers.clear()

    def _step(
        self, happened: Input, now: float, message: Request | Response | None = None
    ) -> list[Effect]:
        self.state, do = self.table[self.state, happened]
        if do is Do.NOTHING:
            return []
        if do is Do.RESEND:
            return self._resend(now)
        if do is Do.GIVE_UP:
            self._timers.clear()
            return [TimedOut()]
        if do is Do.FAIL:
            self._timers.clear()
            return [TransportFailed("")]
        if do is Do.REPEAT:
            return [Send(self._last, repeated=True)] if self._last is not None else []
        return self._carry_out(do, now, message)

    def _carry_out(self, do: Do, now: float, message: Request | Response | None) -> list[Effect]:
        """What one kind of transaction does; the table decides when."""
        raise NotImplementedError

    def _resend(self, now: float) -> list[Effect]:
        self._interval = min(2 * self._interval, self._slowest)
        self._timers[Input.RESEND] = now + self._interval
        return [Send(self._last or b"", repeated=True)]

    def _arm_resend(self, now: float) -> None:
        """Timers A, E and G run on unreliable transports only."""
        if not self.reliable:
            self._timers[Input.RESEND] = now + self.timing.t1

    def _linger(self, now: float, seconds: float) -> None:
        """Forget every timer but the one that ends the transaction."""
        self._timers.clear()
        self._timers[Input.LINGER] = now + seconds


class ClientMachine(Machine):
    """What both client transactions share: one request, sent until it is answered."""

    __slots__ = ("request",)

    def __init__(self, state: State, request: Request, *, timing: Timing, reliable: bool) -> None:
        super().__init__(state, timing=timing, reliable=reliable)
        self.request = request

    def start(self, *, now: float) -> list[Effect]:
        self._last = self.request.to_bytes()
        self._arm_resend(now)
        self._timers[Input.GIVE_UP] = now + self.timing.give_up
        return [Send(self._last)]

    def give_up_at(self, at: float) -> None:
        """Wait less than 64*T1, where that is still waited for."""
        if Input.GIVE_UP in self._timers:
            self._timers[Input.GIVE_UP] = at

    def on_response(self, response: Response, *, now: float) -> list[Effect]:
        return self._step(_KIND[response.status // 100], now, response)


class ServerMachine(Machine):
    """What both server transactions share: one request, and the responses of the user."""

    __slots__ = ("request",)

    def __init__(self, state: State, request: Request, *, timing: Timing, reliable: bool) -> None:
        super().__init__(state, timing=timing, reliable=reliable)
        self.request = request

    def on_request(self, request: Request, *, now: float) -> list[Effect]:
        """The request again, or the ACK that has its branch."""
        happened = Input.ACK if request.method == "ACK" else Input.REQUEST
        return self._step(happened, now, request)

    def respond(self, response: Response, *, now: float) -> list[Effect]:
        return self._step(_KIND[response.status // 100], now, response)


_KIND = (Input.FAILURE, Input.PROVISIONAL, Input.SUCCESS, *(Input.FAILURE,) * 4)


def silent(state: State, *inputs: Input) -> dict[tuple[State, Input], tuple[State, Do]]:
    """Table rows for what happens late and means nothing any more."""
    return {(state, happened): (state, Do.NOTHING) for happened in inputs}


def delivered(message: Request | Response | None) -> list[Effect]:
    return [] if message is None else [Deliver(message)]
