"""Changing a session from our side: re-INVITE and UPDATE, one at a time, through glare.

RFC 3261 section 14.1, RFC 3311; UPDATE and re-INVITE exclude each other while an offer is open.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from voxgate.sip.dialog.events import SDP, Fields, Outcome, OutcomeListener
from voxgate.sip.dialog.exchange import Exchange, Ready
from voxgate.sip.dialog.forks import acknowledgement
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.path import Path, new_branch
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.alarms import Alarm

GLARE_MAX = 4  # how often a change that met one from the peer is tried again
WAITING_MAX = 8


@dataclass(slots=True)
class _Change:
    method: str
    body: bytes
    fields: tuple[tuple[str, str], ...]
    listener: OutcomeListener
    glares: int = 0
    sent: Request | None = None  # its newest version on the wire


class Changes:
    """The re-INVITEs and UPDATEs that we send in one dialog."""

    def __init__(
        self,
        stack: Stack,
        path: Path,
        login: Login,
        *,
        owns_call_id: bool,
        timer_fields: Callable[[], list[tuple[str, str]]],
        refreshed: Callable[[Response], None],
    ) -> None:
        """`timer_fields` are the session timer headers of the moment.

        `refreshed` sees each 2xx, which may carry a new target and a new timer.
        """
        self._stack = stack
        self._path = path
        self._login = login
        self._owns_call_id = owns_call_id
        self._timer_fields = timer_fields
        self._refreshed = refreshed
        self._waiting: deque[_Change] = deque()
        self._current: _Change | None = None
        self._exchange: Exchange | None = None
        self._retry: Alarm | None = None
        self._success: Response | None = None
        self._acked: Request | None = None
        self.held = False  # the peer's own change is open: ours wait

    @property
    def outstanding(self) -> bool:
        """A change of ours is on the wire: one of the peer's now is glare."""
        return self._exchange is not None

    def request(self, method: str, body: bytes, fields: Fields, listener: OutcomeListener) -> None:
        """Queue a change; too many at once are refused to `listener` with 491."""
        change = _Change(method, body, tuple(fields), listener)
        if len(self._waiting) >= WAITING_MAX:
            self._stack.notify(
                partial(listener, Outcome(491, "Request Pending", Headers(), failure="queue full"))
            )
            return
        self._waiting.append(change)
        self.proceed()

    def proceed(self) -> None:
        """Send the next change if nothing is in its way."""
        if self._current is None and self._waiting and not self.held:
            self._current = self._waiting.popleft()
            self._send(self._current)

    def stop(self) -> None:
        """The dialog is over."""
        if self._exchange is not None:
            self._exchange.abort()
            self._exchange = None
        if self._retry is not None:
            self._retry.cancel()
        pending = [self._current] if self._current is not None else []
        self._current = None
        for change in [*pending, *self._waiting]:
            outcome = Outcome(481, "Call/Transaction Does Not Exist", Headers(), failure="ended")
            self._stack.notify(partial(change.listener, outcome))
        self._waiting.clear()

    def repeat_ack(self, response: Response) -> bool:
        """Acknowledge a repeated 2xx again; False when it is none of ours."""
        known = self._acked
        if known is None or known.cseq.number != response.cseq.number:
            return False
        self._stack.transmit(known, self._path.next_hop, self._path.local)
        return True

    def _send(self, change: _Change) -> None:
        self._retry = None
        if self.held:  # the peer was faster while we waited
            self._waiting.appendleft(change)
            self._current = None
            return
        self._success = None
        self._exchange = Exchange(
            self._stack,
            partial(self._build, change),
            self._login,
            partial(self._finished, change),
            on_success=partial(self._on_success, change),
        )

    def _build(self, change: _Change) -> Ready:
        path = self._path
        fields = [
            ("Allow", self._stack.allow),
            ("Supported", self._stack.supported),
            ("User-Agent", self._stack.product),
            *self._timer_fields(),
            *self._login.fields(change.method, str(path.request_uri), change.body),
            *change.fields,
        ]
        if change.body:
            fields.append(("Content-Type", SDP))
        branch = new_branch(self._stack.token())
        request = path.request(change.method, branch=branch, fields=fields, body=change.body)
        change.sent = request
        return Ready(request, branch, path.next_hop, path.local)

    def _on_success(self, change: _Change, response: Response) -> None:
        if change.method == "INVITE" and self.repeat_ack(response):
            return
        if self._success is not None:
            return
        self._success = response
        self._path.learn_target(response)
        self._refreshed(response)
        if change.method == "INVITE" and (change.body or not response.body):
            self._acknowledge(change, b"")

    def _acknowledge(self, change: _Change, body: bytes) -> None:
        if change.sent is not None:
            self._acked = acknowledgement(self._stack, self._path, change.sent, body)
            self._stack.transmit(self._acked, self._path.next_hop, self._path.local)

    def _answer_offer(self, change: _Change, body: bytes) -> None:
        """The 2xx brought an offer: its ACK carries the answer, and ends the change."""
        if self._current is change:
            self._acknowledge(change, body)
            self._next()
            self._stack.flush()

    def _finished(self, change: _Change, outcome: Outcome) -> None:
        if outcome.status == 491 and change.glares < GLARE_MAX:
            change.glares += 1
            self._exchange = None
            self._retry = self._stack.alarm(self._glare_wait(), partial(self._send, change))
            return
        if change.method == "INVITE" and outcome.success and not change.body and outcome.body:
            outcome = replace(outcome, acknowledge=partial(self._answer_offer, change))
            self._stack.notify(partial(change.listener, outcome))
            return
        self._stack.notify(partial(change.listener, outcome))
        self._next()

    def _next(self) -> None:
        self._current = None
        self._exchange = None
        self.proceed()

    def _glare_wait(self) -> float:
        """RFC 3261 section 14.1: in steps of 10 ms, so that one side always comes first."""
        least, span = (2.1, 1.9) if self._owns_call_id else (0.0, 2.0)
        return least + round(self._stack.fraction() * span, 2)
