"""Our 2xx to an INVITE, repeated until the ACK arrives (RFC 3261 section 13.3.1.4)."""

from collections.abc import Callable

from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Response
from voxgate.sip.transaction.alarms import Alarm
from voxgate.sip.transaction.layer import Incoming


class UnacknowledgedSuccess:
    """One 2xx on its way; over TCP too, because a proxy may go on over UDP."""

    def __init__(
        self,
        stack: Stack,
        incoming: Incoming,
        response: Response,
        given_up: Callable[[], None],
    ) -> None:
        self._stack = stack
        self._incoming = incoming
        self._response = response
        self._given_up = given_up
        self._interval = stack.options.t1_s
        self._until = stack.now + stack.options.timing.give_up
        self.cseq = incoming.request.cseq.number
        stack.respond(incoming, response)
        self._alarm: Alarm | None = stack.alarm(self._interval, self._repeat)

    def acknowledged(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _repeat(self) -> None:
        left = self._until - self._stack.now
        if left <= 0:
            self._alarm = None
            self._given_up()
            return
        self._stack.respond(self._incoming, self._response)
        self._interval = min(2 * self._interval, self._stack.options.t2_s)
        self._alarm = self._stack.alarm(min(self._interval, left), self._repeat)
