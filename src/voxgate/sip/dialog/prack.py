"""Reliable provisional responses, both sides (RFC 3262)."""

from collections import deque
from collections.abc import Callable

from voxgate.sip.dialog.stack import Stack
from voxgate.sip.grammar import MalformedMessage, parse_number
from voxgate.sip.headers import RAck
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.alarms import Alarm
from voxgate.sip.transaction.layer import Incoming

RSEQ_MAX_START = 2**31 - 1
WAITING_MAX = 16  # responses queued behind one that is not acknowledged


def must_be_acknowledged(response: Response) -> int | None:
    """The RSeq of a provisional response that wants a PRACK."""
    value = response.headers.get("RSeq")
    if value is None or "100rel" not in response.headers.tokens("Require"):
        return None
    try:
        return parse_number(value, "RSeq")
    except MalformedMessage:
        return None


class ReliableResponses:
    """The callee's provisional responses, one at a time, each repeated until its PRACK."""

    def __init__(self, stack: Stack, incoming: Incoming, given_up: Callable[[], None]) -> None:
        self._stack = stack
        self._incoming = incoming
        self._given_up = given_up
        self._rseq = 1 + int(stack.fraction() * (RSEQ_MAX_START - 1))
        self._waiting: deque[Callable[[int], Response]] = deque(maxlen=WAITING_MAX)
        self._last: Response | None = None
        self._alarm: Alarm | None = None
        self._interval = 0.0
        self._until = 0.0

    @property
    def outstanding(self) -> bool:
        return self._last is not None

    def send(self, build: Callable[[int], Response]) -> None:
        """Send what `build` makes of an RSeq, now or after the one before it is acknowledged."""
        if self.outstanding:
            self._waiting.append(build)
            return
        self._last = build(self._rseq)
        self._interval = self._stack.options.t1_s
        self._until = self._stack.now + self._stack.options.timing.give_up
        self._stack.respond(self._incoming, self._last)
        self._alarm = self._stack.alarm(self._interval, self._repeat)

    def acknowledge(self, prack: Request) -> bool:
        """Take a PRACK; False when it is for nothing we sent (answer 481)."""
        value = prack.headers.get("RAck")
        try:
            rack = RAck.parse(value or "")
        except MalformedMessage:
            return False
        invite = self._incoming.request.cseq
        if not self.outstanding or rack.rseq != self._rseq or rack.cseq != invite:
            return False
        self.stop()
        self._rseq += 1
        if self._waiting:
            self.send(self._waiting.popleft())
        return True

    def stop(self) -> None:
        """Repeat nothing any more: acknowledged, or a final response took over."""
        self._last = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _repeat(self) -> None:
        left = self._until - self._stack.now
        if self._last is None:
            return
        if left <= 0:
            self.stop()
            self._given_up()
            return
        self._stack.respond(self._incoming, self._last)
        self._interval *= 2
        self._alarm = self._stack.alarm(min(self._interval, left), self._repeat)
