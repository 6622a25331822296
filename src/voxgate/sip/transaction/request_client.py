"""Client side of a non-INVITE transaction (RFC 3261 section 17.1.2)."""

from typing import ClassVar

from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.effects import Effect, Send
from voxgate.sip.transaction.machine import (
    Do,
    Input,
    Machine,
    State,
    Table,
    Timing,
    delivered,
    silent,
)


class RequestClient(Machine):
    """One request, sent until it is answered or timer F fires."""

    __slots__ = ("request",)

    # RFC 3261 figure 6, row by row.
    table: ClassVar[Table] = {
        (State.TRYING, Input.RESEND): (State.TRYING, Do.RESEND),
        (State.TRYING, Input.GIVE_UP): (State.TERMINATED, Do.GIVE_UP),
        (State.TRYING, Input.UNREACHABLE): (State.TERMINATED, Do.FAIL),
        (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, Do.DELIVER),
        (State.TRYING, Input.SUCCESS): (State.COMPLETED, Do.FINISH),
        (State.TRYING, Input.FAILURE): (State.COMPLETED, Do.FINISH),
        (State.TRYING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.PROCEEDING, Input.RESEND): (State.PROCEEDING, Do.RESEND),
        (State.PROCEEDING, Input.GIVE_UP): (State.TERMINATED, Do.GIVE_UP),
        (State.PROCEEDING, Input.UNREACHABLE): (State.PROCEEDING, Do.NOTHING),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Do.DELIVER),
        (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, Do.FINISH),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Do.FINISH),
        (State.PROCEEDING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.COMPLETED, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        **silent(State.COMPLETED, Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE),
        **silent(State.COMPLETED, Input.UNREACHABLE),
        (State.COMPLETED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        **silent(State.TERMINATED, Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE),
        **silent(State.TERMINATED, Input.UNREACHABLE, Input.ABORT),
    }

    def __init__(self, request: Request, *, timing: Timing, reliable: bool) -> None:
        super().__init__(State.TRYING, timing=timing, reliable=reliable)
        self.request = request

    def start(self, *, now: float) -> list[Effect]:
        self._last = self.request.to_bytes()
        self._arm_resend(now)
        self._timers[Input.GIVE_UP] = now + self.timing.give_up
        return [Send(self._last)]

    def give_up_at(self, at: float) -> None:
        """Wait less than 64*T1 for the final response."""
        if Input.GIVE_UP in self._timers:
            self._timers[Input.GIVE_UP] = at

    def on_response(self, response: Response, *, now: float) -> list[Effect]:
        if response.status < 200:
            return self._step(Input.PROVISIONAL, now, response)
        return self._step(Input.SUCCESS if response.status < 300 else Input.FAILURE, now, response)

    def _carry_out(self, do: Do, now: float, message: Request | Response | None) -> list[Effect]:
        if do is Do.FINISH:
            self._linger(now, 0 if self.reliable else self.timing.t4)
        elif not self.reliable:
            self._interval = self.timing.t2  # answered once: repeat slowly from here on
        return delivered(message)
