"""Client side of an INVITE transaction (RFC 3261 section 17.1.1, RFC 6026 section 7.2).

transaction = InviteClient(invite, timing=Timing(), reliable=False)
effects = transaction.start(now=0.0)
effects += transaction.on_response(ringing, now=0.2)
"""

import math
from typing import ClassVar

from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.effects import Deliver, Effect, Send
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
from voxgate.sip.transaction.mirror import ack_of

_LATE = (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE, Input.UNREACHABLE)


class InviteClient(ClientMachine):
    """One INVITE until its final response. The ACK of a 2xx is the user's, any other ours."""

    __slots__ = ()

    # RFC 3261 figure 5 with RFC 6026 figure 1, row by row.
    table: ClassVar[Table] = {
        (State.CALLING, Input.RESEND): (State.CALLING, Do.RESEND),
        (State.CALLING, Input.GIVE_UP): (State.TERMINATED, Do.GIVE_UP),
        (State.CALLING, Input.UNREACHABLE): (State.TERMINATED, Do.FAIL),
        (State.CALLING, Input.PROVISIONAL): (State.PROCEEDING, Do.DELIVER),
        (State.CALLING, Input.SUCCESS): (State.ACCEPTED, Do.ACCEPT),
        (State.CALLING, Input.FAILURE): (State.COMPLETED, Do.REFUSED),
        (State.CALLING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Do.DELIVER),
        (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, Do.ACCEPT),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Do.REFUSED),
        (State.PROCEEDING, Input.UNREACHABLE): (State.PROCEEDING, Do.NOTHING),
        (State.PROCEEDING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, Do.DELIVER),
        (State.ACCEPTED, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        **silent(State.ACCEPTED, Input.PROVISIONAL, Input.FAILURE, Input.UNREACHABLE),
        (State.ACCEPTED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.COMPLETED, Input.FAILURE): (State.COMPLETED, Do.ACKNOWLEDGE),
        (State.COMPLETED, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        **silent(State.COMPLETED, Input.PROVISIONAL, Input.SUCCESS, Input.UNREACHABLE),
        (State.COMPLETED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        **silent(State.TERMINATED, *_LATE, Input.ABORT),
    }

    def __init__(self, request: Request, *, timing: Timing, reliable: bool) -> None:
        super().__init__(State.CALLING, request, timing=timing, reliable=reliable)
        self._slowest = math.inf  # timer A doubles without a limit; B ends it

    def _carry_out(self, do: Do, now: float, message: Request | Response | None) -> list[Effect]:
        if do is Do.DELIVER:
            if self.state is State.PROCEEDING:
                self._timers.clear()
            return delivered(message)
        if do is Do.ACCEPT:
            self._linger(now, self.timing.give_up)
            return delivered(message)
        if do is Do.ACKNOWLEDGE or not isinstance(message, Response):
            return [Send(self._last or b"", repeated=True)]
        self._last = ack_of(self.request, message).to_bytes()
        self._linger(now, 0 if self.reliable else max(32.0, self.timing.give_up))
        return [Send(self._last), Deliver(message)]
