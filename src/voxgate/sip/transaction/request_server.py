"""Server side of a non-INVITE transaction (RFC 3261 section 17.2.2)."""

from typing import ClassVar

from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.effects import Effect, Send
from voxgate.sip.transaction.machine import Do, Input, ServerMachine, State, Table, Timing, silent

_SENDING = (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE)


class RequestServer(ServerMachine):
    """One request from outside, answered once, its repeats answered alike."""

    __slots__ = ()

    # RFC 3261 figure 8, row by row. RFC 4320: a user that never answers gets no 408 sent, just dropped.
    table: ClassVar[Table] = {
        (State.TRYING, Input.REQUEST): (State.TRYING, Do.NOTHING),
        (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, Do.SEND),
        (State.TRYING, Input.SUCCESS): (State.COMPLETED, Do.SEND_LAST),
        (State.TRYING, Input.FAILURE): (State.COMPLETED, Do.SEND_LAST),
        (State.TRYING, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        (State.TRYING, Input.UNREACHABLE): (State.TRYING, Do.NOTHING),
        (State.TRYING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, Do.REPEAT),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Do.SEND),
        (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, Do.SEND_LAST),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Do.SEND_LAST),
        (State.PROCEEDING, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        (State.PROCEEDING, Input.UNREACHABLE): (State.PROCEEDING, Do.NOTHING),
        (State.PROCEEDING, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, Do.REPEAT),
        (State.COMPLETED, Input.LINGER): (State.TERMINATED, Do.NOTHING),
        **silent(State.COMPLETED, *_SENDING, Input.UNREACHABLE),
        (State.COMPLETED, Input.ABORT): (State.TERMINATED, Do.NOTHING),
        **silent(State.TERMINATED, Input.REQUEST, *_SENDING, Input.UNREACHABLE, Input.ABORT),
    }

    def __init__(self, request: Request, *, timing: Timing, reliable: bool, now: float) -> None:
        super().__init__(State.TRYING, request, timing=timing, reliable=reliable)
        self._timers[Input.LINGER] = now + timing.give_up

    def _carry_out(self, do: Do, now: float, message: Request | Response | None) -> list[Effect]:
        if message is None:
            return []
        self._last = message.to_bytes()
        if do is Do.SEND_LAST:
            self._linger(now, 0 if self.reliable else self.timing.give_up)
        return [Send(self._last)]
