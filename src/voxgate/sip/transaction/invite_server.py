"""Server side of an INVITE transaction (RFC 3261 section 17.2.1, RFC 6026 section 7.1)."""

from typing import ClassVar

from voxgate.sip.message import Request, Response, response_to
from voxgate.sip.transaction.effects import Effect, Send
from voxgate.sip.transaction.machine import (
    Do,
    Input,
    ServerMachine,
    State,
    Table,
    Timing,
    delivered,
    silent,
)

SLOW_AFTER_S = 0.2  # RFC 3261 17.2.1: 100 unless the user answers within 200 ms

_ALL_SENDING = (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE)


class InviteServer(ServerMachine):
    """One INVITE from outside. Repeats of a 2xx are the user's, of any other response ours."""

    __slots__ = ()

    # RFC 3261 figure 7 with RFC 6026 figure 3, row by row; what arrives first, what the user does next.
    table: ClassVar[Table] = {
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, Do.REPEAT),
        (State.PROCEEDING, Input.ACK): (State.PROCEEDING, Do.NOTHING),
        (State.PROCEEDING, Input.SLOW): (State.PROCEEDING, Do.TRYING),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Do.SEND),
        (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, Do.SEND_LAST),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Do.SEND_LAST),
        (State.PROCEEDING, Input.UNREACHABLE): (State.PROCEEDING, Do.NOTHING),
        (State.PROCEEDING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.ACCEPTED, Input.REQUEST): (State.ACCEPTED, Do.NOTHING),
        (State.ACCEPTED, Input.ACK): (State.ACCEPTED, Do.DELIVER),
        (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, Do.SEND),
        (State.ACCEPTED, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        **silent(State.ACCEPTED, Input.PROVISIONAL, Input.FAILURE, Input.UNREACHABLE),
        (State.ACCEPTED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, Do.REPEAT),
        (State.COMPLETED, Input.RESEND): (State.COMPLETED, Do.RESEND),
        (State.COMPLETED, Input.GIVE_UP): (State.TERMINATED, Do.GIVE_UP),
        (State.COMPLETED, Input.ACK): (State.CONFIRMED, Do.CONFIRM),
        **silent(State.COMPLETED, *_ALL_SENDING, Input.UNREACHABLE),
        (State.COMPLETED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.CONFIRMED, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        **silent(State.CONFIRMED, Input.REQUEST, Input.ACK, *_ALL_SENDING, Input.UNREACHABLE),
        (State.CONFIRMED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        **silent(State.TERMINATED, Input.REQUEST, Input.ACK, *_ALL_SENDING),
        **silent(State.TERMINATED, Input.UNREACHABLE, Input.ABORT),
    }

    def __init__(self, request: Request, *, timing: Timing, reliable: bool, now: float) -> None:
        super().__init__(State.PROCEEDING, request, timing=timing, reliable=reliable)
        self._timers[Input.SLOW] = now + SLOW_AFTER_S

    def ignore(self, *, now: float) -> None:
        """Leave the INVITE without any response, 100 included; absorb its repeats for 64*T1."""
        self.state = State.ACCEPTED
        self._linger(now, self.timing.give_up)

    def _carry_out(self, do: Do, now: float, message: Request | Response | None) -> list[Effect]:
        if do is Do.TRYING:
            self._last = response_to(self.request, 100, "Trying").to_bytes()
            return [Send(self._last)]
        if do is Do.CONFIRM:
            self._linger(now, 0 if self.reliable else self.timing.t4)
            return []
        if message is None or do is Do.DELIVER:
            return delivered(message)
        self._timers.pop(Input.SLOW, None)
        self._last = message.to_bytes()
        if do is Do.SEND_LAST and self.state is State.ACCEPTED:
            self._linger(now, self.timing.give_up)
        elif do is Do.SEND_LAST:
            self._arm_resend(now)
            self._timers[Input.GIVE_UP] = now + self.timing.give_up
        return [Send(self._last)]
