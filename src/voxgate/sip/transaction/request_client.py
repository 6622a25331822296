"""Client side of a non-INVITE transaction (RFC 3261 section 17.1.2)."""

from typing import ClassVar

from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.effects import Effect
from voxgate.sip.transaction.machine import (
    ClientMachine,
    Do,
    Input,
    State,
    Table,
    Timing,
    delivered,
    silent,
)


class RequestClient(ClientMachine):
    """One request, sent until it is answered or timer F fires."""

    __slots__ = ()

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
        super().__init__(State.TRYING, request, timing=timing, reliable=reliable)

    def _carry_out(self, do: Do, now: float, message: Request | Response | None) -> list[Effect]:
        if do is Do.FINISH:
            self._linger(now, 0 if self.reliable else self.timing.t4)
        elif not self.reliable:
            self._interval = self.timing.t2  # answered once: repeat slowly from here on
        return delivered(message)
