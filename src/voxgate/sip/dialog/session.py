"""An answered call, the same for both ends: requests inside the dialog, and the BYE.

RFC 3261 sections 12.2, 14 and 15.
"""

import enum
from collections.abc import Callable
from functools import partial

from voxgate.sip.dialog.change import Changes
from voxgate.sip.dialog.events import (
    ByeReceived,
    DialogEvent,
    EndCause,
    Ended,
    Fields,
    Listener,
    Outcome,
    OutcomeListener,
    Refreshed,
)
from voxgate.sip.dialog.exchange import Exchange, Ready
from voxgate.sip.dialog.inside import answer_inside
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.offered import Offers
from voxgate.sip.dialog.path import Path, new_branch
from voxgate.sip.dialog.refresh import Refresh
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.session_timer import SessionTimer, granted
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.grammar import MalformedMessage
from voxgate.sip.headers import Reason
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.layer import Incoming


class _Phase(enum.Enum):
    OPEN = "open"
    CLOSING = "BYE under way, or waiting for the ACK that must come before it"
    OVER = "over"


class Session:
    """One confirmed dialog."""

    def __init__(
        self,
        stack: Stack,
        path: Path,
        login: Login,
        listener: Listener,
        *,
        calling: bool,
        body: bytes,
        over: Callable[[], None],
    ) -> None:
        """`body` is our session description so far, said again in a refresh by re-INVITE."""
        self.path = path
        self._stack = stack
        self._login = login
        self._listener: Listener | None = listener
        self._over = over
        self._phase = _Phase.OPEN
        self._body = body
        self._bye: tuple[tuple[str, str], ...] | None = None
        self._cause: tuple[EndCause, str] = ("bye-sent", "")
        self._refresh = Refresh(
            stack,
            ask=self._ask_again,
            answered=self._on_refreshed,
            expired=lambda: self.bye((), "session-expired", "the session was not refreshed"),
        )
        self.changes = Changes(
            stack,
            path,
            login,
            owns_call_id=calling,
            timer_fields=self._refresh.fields,
            refreshed=self._refresh.on_success,
        )
        self.offers = Offers(
            stack,
            path,
            self.changes,
            tell=self._tell,
            timer_agreed=self._refresh.set,
            unacknowledged=self._on_unacknowledged,
        )

    def on_answer(self, response: Response) -> None:
        """The first 2xx, when we called."""
        self._refresh.learn(response)
        self._refresh.set(granted(response))

    def answer(self, incoming: Incoming, response: Response, timer: SessionTimer | None) -> None:
        """Send the 2xx, when the peer called."""
        self._refresh.learn(incoming.request)
        self._refresh.set(timer)
        self.offers.begin(incoming, response)

    # What the owner asks for.

    def change(self, method: str, body: bytes, fields: Fields, listener: OutcomeListener) -> None:
        """Re-INVITE or UPDATE."""
        if self._phase is not _Phase.OPEN:
            self._stack.notify(partial(listener, gone()))
            return
        self._body = body or self._body
        self.changes.request(method, body, fields, partial(self._judge, listener))

    def request(
        self,
        method: str,
        *,
        fields: Fields,
        body: bytes,
        content_type: str,
        listener: OutcomeListener,
    ) -> None:
        """Any request that changes no session: INFO, MESSAGE, REFER, OPTIONS."""
        if self._phase is not _Phase.OPEN:
            self._stack.notify(partial(listener, gone()))
            return
        extra = [*fields, ("Content-Type", content_type)] if body else list(fields)
        judge = partial(self._judge, listener)
        self._exchange(method, extra, body, lambda o: self._stack.notify(partial(judge, o)))

    def bye(self, fields: Fields, cause: EndCause = "bye-sent", detail: str = "") -> None:
        """Hang up; the called side waits for the ACK first (RFC 3261 section 15)."""
        if self._phase is not _Phase.OPEN:
            return
        self._phase = _Phase.CLOSING
        self._bye = tuple(fields)
        self._cause = (cause, detail)
        self._refresh.stop()
        self.changes.stop()
        if not self.offers.awaits_ack:
            self._send_bye()

    def abandon(self) -> None:
        """Hang up and say nothing more."""
        self._listener = None
        self.bye(())

    def drop(self, cause: EndCause, detail: str) -> None:
        """End without another message."""
        if self._phase is _Phase.OVER:
            return
        self._phase = _Phase.OVER
        self._refresh.stop()
        self.changes.stop()
        self.offers.stop()
        self._over()
        self._tell(Ended(cause, detail))
        # They refer back: with them the dialog would wait for the collector of cycles.
        del self._refresh, self.changes, self.offers

    def _judge(self, listener: OutcomeListener, outcome: Outcome) -> None:
        """Pass an outcome on; some end the dialog (RFC 3261 section 12.2.1.2)."""
        listener(outcome)
        if self._phase is _Phase.OPEN and outcome.status == 481:
            self.drop("gone", f"{outcome.status} {outcome.reason}")
        elif outcome.status == 408:
            self.bye((), "transport", outcome.failure or "408 inside the dialog")
        self._stack.flush()

    def _ask_again(self, method: str, listener: OutcomeListener) -> None:
        self.changes.request(method, self._body if method == "INVITE" else b"", (), listener)

    def _on_refreshed(self, method: str, outcome: Outcome) -> None:
        if outcome.success and method == "INVITE" and outcome.body:
            self._tell(Refreshed(outcome.body))
        self._judge(lambda _outcome: None, outcome)

    def _send_bye(self) -> None:
        fields, self._bye = self._bye or (), None
        self.offers.stop()
        self._exchange("BYE", list(fields), b"", lambda _outcome: self.drop(*self._cause))

    def _exchange(
        self, method: str, fields: list[tuple[str, str]], body: bytes, finished: OutcomeListener
    ) -> None:
        def build() -> Ready:
            login = self._login.fields(method, str(self.path.request_uri), body)
            product = ("User-Agent", self._stack.product)
            branch = new_branch(self._stack.token())
            request = self.path.request(
                method, branch=branch, fields=[product, *login, *fields], body=body
            )
            return Ready(request, branch, self.path.next_hop, self.path.local)

        Exchange(self._stack, build, self._login, finished)

    # What the peer asks for.

    def on_request(self, incoming: Incoming) -> None:
        request = incoming.request
        number = request.cseq.number
        path = self.path
        if path.remote_cseq is not None and number < path.remote_cseq:
            self._answer(incoming, 500)
            return
        path.remote_cseq = number
        if request.method == "BYE":
            self._on_bye(incoming)
        elif self._phase is not _Phase.OPEN:
            self._answer(incoming, 481)
        elif request.method in {"INVITE", "UPDATE"}:
            self._refresh.learn(request)
            self.offers.on_request(incoming)
        else:
            answer_inside(self._stack, path, incoming, self._tell)

    def on_ack(self, ack: Request) -> None:
        self.offers.on_ack(ack)
        if self._bye is not None and not self.offers.awaits_ack:
            self._send_bye()

    def _on_bye(self, incoming: Incoming) -> None:
        self._answer(incoming, 200)
        if self._phase is _Phase.OPEN:
            headers = incoming.request.headers
            self._tell(ByeReceived(headers, _reason(headers)))
            self.drop("bye-received", "")
        elif self._bye is not None:
            self.drop(*self._cause)  # our own BYE would meet nobody any more

    def _on_unacknowledged(self) -> None:
        if self._phase is _Phase.OPEN:
            self.bye((), "ack-timeout", "our 200 was never acknowledged")
        elif self._bye is not None:
            self._send_bye()

    def _answer(self, incoming: Incoming, status: int) -> None:
        self._stack.respond(incoming, reply(self._stack, incoming.request, status))

    def _tell(self, event: DialogEvent) -> None:
        if self._listener is not None:
            self._stack.notify(partial(self._listener, event))


def gone() -> Outcome:
    """The answer to whatever is asked of a dialog that is over."""
    return Outcome(481, "Call/Transaction Does Not Exist", Headers(), failure="the call has ended")


def _reason(headers: Headers) -> Reason | None:
    """The first Reason that can be read; Q.850 before others, it says more."""
    reasons = []
    for text in headers.elements("Reason"):
        try:
            reasons.append(Reason.parse(text))
        except MalformedMessage:
            continue
    return min(reasons, key=lambda reason: reason.protocol.upper() != "Q.850", default=None)
