"""An answered call, the same for both ends: requests inside the dialog, timers, the BYE.

RFC 3261 sections 12.2, 14, 15; UPDATE RFC 3311; INFO RFC 6086; session timers RFC 4028.
"""

import enum
from collections.abc import Callable
from functools import partial

from voxgate.sip.dialog.change import Changes
from voxgate.sip.dialog.events import (
    SDP,
    ByeReceived,
    DialogEvent,
    EndCause,
    Ended,
    Fields,
    InfoReceived,
    Listener,
    MessageReceived,
    NotifyReceived,
    Outcome,
    OutcomeListener,
    ReferReceived,
    Refreshed,
)
from voxgate.sip.dialog.exchange import Exchange
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.offered import Offers
from voxgate.sip.dialog.options import EXTENSIONS
from voxgate.sip.dialog.path import Path, new_branch
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.session_timer import Role, SessionTimer, asked, granted, longer
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.grammar import MalformedMessage
from voxgate.sip.headers import Reason
from voxgate.sip.message import Headers, Message, Request, Response
from voxgate.sip.transaction.alarms import Alarm
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import Incoming

_GONE = {408, 481}  # RFC 3261 12.2.1.2: these answers end the dialog


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
        self._peer_updates = False  # the peer takes UPDATE
        self._timer: SessionTimer | None = None
        self._min_se_s = stack.options.min_se_s
        self._refresh: Alarm | None = None
        self._expiry: Alarm | None = None
        self._bye: tuple[tuple[str, str], ...] | None = None
        self._bye_cause: tuple[EndCause, str] = ("bye-sent", "")
        self.changes = Changes(
            stack,
            path,
            login,
            owns_call_id=calling,
            timer_fields=self._timer_fields,
            refreshed=self._on_refreshed,
        )
        self.offers = Offers(
            stack,
            path,
            self.changes,
            tell=self._tell,
            timer_agreed=self._set_timer,
            unacknowledged=self._on_unacknowledged,
        )

    def answer(self, incoming: Incoming, response: Response, timer: SessionTimer | None) -> None:
        """Send the 2xx, when the peer called."""
        self.learn(incoming.request)
        self._set_timer(timer)
        self.offers.begin(incoming, response)

    @property
    def open(self) -> bool:
        return self._phase is _Phase.OPEN

    def learn(self, message: Message) -> None:
        """Note what a message of the peer says it can do."""
        if "Allow" in message.headers:
            self._peer_updates = "update" in message.headers.tokens("Allow")

    # What the owner asks for.

    def reinvite(self, body: bytes, listener: OutcomeListener, fields: Fields = ()) -> None:
        self._change("INVITE", body, fields, listener)

    def update(self, body: bytes, listener: OutcomeListener, fields: Fields = ()) -> None:
        self._change("UPDATE", body, fields, listener)

    def _change(self, method: str, body: bytes, fields: Fields, listener: OutcomeListener) -> None:
        if not self.open:
            self._stack.notify(partial(listener, _gone()))
            return
        if body:
            self._body = body
        self.changes.request(method, body, fields, partial(self._judged, listener))

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
        if not self.open:
            self._stack.notify(partial(listener, _gone()))
            return
        extra = [*fields, ("Content-Type", content_type)] if body else list(fields)
        finished = partial(self._judged, listener)
        self._exchange(method, extra, body, lambda o: self._stack.notify(partial(finished, o)))

    def _judged(self, listener: OutcomeListener, outcome: Outcome) -> None:
        listener(outcome)
        if self.open and outcome.status == 481:
            self.drop("gone", f"{outcome.status} {outcome.reason}")
        elif self.open and outcome.status == 408:
            self.bye((), "transport", outcome.failure or "408 inside the dialog")
        self._stack.flush()

    def bye(self, fields: Fields, cause: EndCause = "bye-sent", detail: str = "") -> None:
        """Hang up; the called side waits for the ACK first (RFC 3261 section 15)."""
        if not self.open:
            return
        self._phase = _Phase.CLOSING
        self._bye = tuple(fields)
        self._bye_cause = (cause, detail)
        self._stop_timers()
        self.changes.stop()
        if not self.offers.awaits_ack:
            self._send_bye()

    def _send_bye(self) -> None:
        fields, self._bye = self._bye or (), None
        self.offers.stop()
        self._exchange("BYE", list(fields), b"", lambda _outcome: self.drop(*self._bye_cause))

    def _exchange(
        self,
        method: str,
        fields: list[tuple[str, str]],
        body: bytes,
        finished: OutcomeListener,
    ) -> None:
        def build() -> tuple[Request, Destination, Destination]:
            login = self._login.fields(method, str(self.path.request_uri), body)
            product = ("User-Agent", self._stack.product)
            request = self.path.request(
                method,
                branch=new_branch(self._stack.token()),
                fields=[product, *login, *fields],
                body=body,
            )
            return request, self.path.next_hop, self.path.local

        Exchange(self._stack, build, self._login, finished)

    def abandon(self) -> None:
        """Hang up and say nothing more."""
        self._listener = None
        self.bye(())

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
        elif not self.open:
            self._answer(incoming, 481)
        elif request.method in {"INVITE", "UPDATE"}:
            self.learn(request)
            self.offers.on_request(incoming)
        else:
            self._on_other(incoming)

    def on_ack(self, ack: Request) -> None:
        self.offers.on_ack(ack)
        if self._phase is _Phase.CLOSING and self._bye is not None and not self.offers.awaits_ack:
            self._send_bye()

    def _on_bye(self, incoming: Incoming) -> None:
        self._answer(incoming, 200)
        if self.open:
            headers = incoming.request.headers
            self._tell(ByeReceived(headers, _reason(headers)))
            self.drop("bye-received", "")
        elif self._phase is _Phase.CLOSING and self.offers.awaits_ack:
            self.drop(*self._bye_cause)  # our own BYE would meet nobody any more

    def _on_other(self, incoming: Incoming) -> None:
        request = incoming.request
        event: DialogEvent | None = None
        if request.method == "INFO":
            event = InfoReceived(request.content_type, request.body, request.headers)
        elif request.method == "MESSAGE":
            event = MessageReceived(request.content_type, request.body, request.headers)
        elif request.method == "NOTIFY":
            event = NotifyReceived(request.content_type, request.body, request.headers)
        elif request.method == "REFER":
            self._on_refer(incoming)
            return
        elif request.method != "OPTIONS":
            self._answer(incoming, 481)  # a PRACK, for nothing we are waiting for
            return
        if event is not None:
            self._tell(event)
            self._answer(incoming, 200)
            return
        capabilities = [
            ("Allow", self._stack.allow),
            ("Accept", SDP),
            ("Supported", ", ".join(EXTENSIONS)),
        ]
        self._answer(incoming, 200, capabilities)

    def _on_refer(self, incoming: Incoming) -> None:
        targets = incoming.request.headers.all("Refer-To")
        if len(targets) != 1:
            self._answer(incoming, 400)
            return
        respond = partial(self._respond, incoming)
        self._tell(ReferReceived(targets[0], incoming.request.headers, respond))

    def _respond(
        self,
        incoming: Incoming,
        status: int,
        reason: str = "",
        headers: Fields = (),
        body: bytes = b"",
    ) -> None:
        if not incoming.answered:
            contact = ("Contact", self.path.contact)
            response = reply(
                self._stack,
                incoming.request,
                status,
                reason,
                fields=[contact, *headers],
                body=body,
            )
            self._stack.respond(incoming, response)
            self._stack.flush()

    def _answer(self, incoming: Incoming, status: int, fields: Fields = ()) -> None:
        self._stack.respond(incoming, reply(self._stack, incoming.request, status, fields=fields))

    def _on_unacknowledged(self) -> None:
        if self.open:
            self.bye((), "ack-timeout", "our 200 was never acknowledged")
        elif self._phase is _Phase.CLOSING:
            self._send_bye()

    # Session timer.

    def on_answer(self, response: Response) -> None:
        """The first 2xx, when we called."""
        self.learn(response)
        self._set_timer(granted(response))

    def _set_timer(self, timer: SessionTimer | None) -> None:
        self._stop_timers()
        self._timer = timer
        if timer is None:
            return
        if timer.we_refresh:
            self._refresh = self._stack.alarm(timer.refresh_after_s, self._refresh_now)
        self._expiry = self._stack.alarm(timer.bye_after_s, self._on_expiry)

    def _stop_timers(self) -> None:
        for alarm in (self._refresh, self._expiry):
            if alarm is not None:
                alarm.cancel()
        self._refresh = self._expiry = None

    def _timer_fields(self) -> list[tuple[str, str]]:
        if self._timer is None:
            return []
        role: Role = "uac" if self._timer.we_refresh else "uas"
        return asked(self._timer.interval_s, self._min_se_s, role)

    def _on_refreshed(self, response: Response) -> None:
        self.learn(response)
        if self._timer is not None:
            self._set_timer(granted(response))

    def _refresh_now(self) -> None:
        method, body = ("UPDATE", b"") if self._peer_updates else ("INVITE", self._body)
        self.changes.request(method, body, (), partial(self._on_refresh_outcome, method))

    def _on_refresh_outcome(self, method: str, outcome: Outcome) -> None:
        if not self.open or self._timer is None:
            return
        if outcome.success:
            if method == "INVITE" and outcome.body:
                self._tell(Refreshed(outcome.body))
        elif outcome.status in _GONE:
            self._judged(lambda _outcome: None, outcome)
        elif outcome.status == 422:
            raised = longer(outcome.headers, self._timer.interval_s)
            if raised is not None:
                self._min_se_s = raised
                self._timer = SessionTimer(raised, self._timer.we_refresh)
                self._refresh_now()
        elif outcome.status in {405, 501} and method == "UPDATE":
            self._peer_updates = False
            self._refresh_now()
        self._stack.flush()

    def _on_expiry(self) -> None:
        self.bye((), "session-expired", "the session was not refreshed in time")

    # The end.

    def drop(self, cause: EndCause, detail: str) -> None:
        """End without another message."""
        if self._phase is _Phase.OVER:
            return
        self._phase = _Phase.OVER
        self._stop_timers()
        self.changes.stop()
        self.offers.stop()
        self._over()
        self._tell(Ended(cause, detail))

    def _tell(self, event: DialogEvent) -> None:
        if self._listener is not None:
            self._stack.notify(partial(self._listener, event))


def _gone() -> Outcome:
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
