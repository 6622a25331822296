"""Matches each message to a transaction and a dialog, or refuses it.

RFC 3261 sections 8.2 (what a request is refused with), 9.2 (CANCEL) and 12.2.2.
Bytes come in through `receive`, time through `on_time`; what is to be done is in `effects`.

    agent.receive(datagram, source)
    while agent.effects:
        carry_out(agent.effects.popleft())
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from voxgate.sip.dialog import orphan as orphans
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import (
    Fields,
    Listener,
    OrphanDialog,
    OrphanFate,
    OutcomeListener,
    OutgoingInvite,
)
from voxgate.sip.dialog.inside import capabilities
from voxgate.sip.dialog.invite import InviteDialog
from voxgate.sip.dialog.options import EXTENSIONS, SipOptions
from voxgate.sip.dialog.outside import IncomingRequest, OutsideRequest, ask
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.stack import Effect, Notify, Stack
from voxgate.sip.dialog.stray import Strays
from voxgate.sip.message import (
    Message,
    Request,
    Response,
    UnreadableMessage,
    parse,
    response_to,
)
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import Clock, Incoming, Transmit, reply_destination

__all__ = [
    "Agent",
    "AgentStats",
    "Effect",
    "InviteHandler",
    "Notify",
    "RequestHandler",
    "transaction_of",
]

InviteHandler = Callable[[IncomingInvite], None]
RequestHandler = Callable[[IncomingRequest], None]

# The kernel gives back only the start of a long datagram, so it is searched, not parsed.
_OUR_BRANCH = re.compile(rb"\r\nVia:[^\r]*?;branch=([^;,\s]+)")

_RETRY_AFTER_S = 10  # when we are full


@dataclass(frozen=True, slots=True)
class AgentStats:
    """What metrics read; the first two are of the moment, the others only grow."""

    transactions: int
    dialogs: int
    messages_in: int
    retransmissions: int
    malformed: int
    refused: int


class Agent:
    """The SIP stack of one endpoint without its sockets."""

    def __init__(
        self,
        *,
        clock: Clock,
        options: SipOptions,
        product: str,
        wake: Callable[[], None] = lambda: None,
        fraction: Callable[[], float] | None = None,
    ) -> None:
        """`wake` is called when something outside `receive` and `on_time` has made effects.

        `fraction` draws the random waits, from 0 up to 1.
        """
        self._messages_in = 0
        self._malformed = 0
        self._refused = 0
        self.invite_handler: InviteHandler | None = None
        self._request_handlers: dict[str, RequestHandler] = {}
        self.screen: Callable[[str], bool] | None = None  # who, by address, is listened to
        self._options = options
        self._methods = frozenset(options.allow_methods)
        self._extensions = {*EXTENSIONS, *options.extensions}
        self._stack = Stack(
            clock=clock, options=options, product=product, wake=wake, fraction=fraction
        )
        self._transactions = self._stack.transactions
        self._dialogs = self._stack.dialogs
        self._strays = Strays(self._stack)
        self.effects = self._stack.effects
        """What is to be done, in order; whoever carries it out takes it out."""

    def listen_on(self, local: Destination) -> None:
        """Note a listener, as the outside knows it."""
        self._stack.locals = (*self._stack.locals, local)

    def hand_over(self, method: str, handler: RequestHandler) -> None:
        """Have requests of this method that belong to no dialog taken care of."""
        self._request_handlers[method] = handler
        if method not in self._methods:
            self._methods |= {method}
            self._stack.allow += f", {method}"

    # The time and the effects.

    @property
    def deadline(self) -> float | None:
        """When `on_time` must be called next; it may be early, never late."""
        return self._stack.alarms.deadline

    def on_time(self) -> None:
        self._stack.alarms.ring(self._stack.now)

    @property
    def stats(self) -> AgentStats:
        return AgentStats(
            transactions=len(self._transactions),
            dialogs=len(self._dialogs),
            messages_in=self._messages_in,
            retransmissions=self._transactions.retransmissions,
            malformed=self._malformed,
            refused=self._refused,
        )

    # What the owner starts.

    def invite(self, out: OutgoingInvite, listener: Listener) -> InviteDialog:
        """Make the dialog of a call; nothing is sent before its `start`."""
        return InviteDialog.calling(self._stack, out, listener)

    def ask(
        self,
        asked: OutsideRequest,
        target: Destination,
        finished: OutcomeListener,
        *,
        give_up_after: float | None = None,
    ) -> None:
        """Send a request outside of any dialog."""
        ask(self._stack, asked, target, finished, give_up_after=give_up_after)
        self._stack.flush()

    def end_orphan(
        self,
        orphan: OrphanDialog,
        targets: tuple[Destination, ...],
        finished: Callable[[OrphanFate], None],
    ) -> None:
        """Hang up a call of a former life."""
        orphans.end(self._stack, orphan, targets, finished)
        self._stack.flush()

    # Messages from outside.

    def receive(self, data: bytes, source: Source) -> Message | None:
        """Take one message. Garbage is answered or dropped, never raised.

        Returns what was read of it, for whoever keeps a record.
        """
        self._messages_in += 1
        try:
            message = parse(data)
        except UnreadableMessage as broken:
            self._malformed += 1
            self._refuse_broken(broken, source)
            return broken.salvaged
        if isinstance(message, Response):
            self._on_response(message, source)
        else:
            message.note_source(source.peer.host, source.peer.port or 0)
            self._on_request(message, source)
        return message

    def unreachable(self, transaction: Hashable, detail: str) -> None:
        """A `Transmit` of this transaction could not be delivered."""
        self._transactions.unreachable(transaction, detail)

    def _refuse_broken(self, broken: UnreadableMessage, source: Source) -> None:
        request = broken.salvaged
        if request is not None:
            self._reply(
                request, response_to(request, broken.status, f"Bad {broken.header}"), source
            )

    def _on_response(self, response: Response, source: Source) -> None:
        if response.via_count > 1:
            return  # RFC 3261 section 8.1.3.3: it went astray
        if self._transactions.on_response(response) or response.cseq.method != "INVITE":
            return
        dialog = self._dialogs.get((response.call_id, response.from_.tag or ""))
        success = 200 <= response.status < 300
        if dialog is None or (success and not dialog.on_late_success(response)):
            self._strays.on_response(response, source)

    def _on_request(self, request: Request, source: Source) -> None:
        if request.method == "ACK":
            self._on_ack(request, source)
            return
        if self._is_screened(request, source):
            return
        full = len(self._transactions) >= self._options.transactions_max
        if full and not self._transactions.knows(request):
            fields = [("Retry-After", str(_RETRY_AFTER_S))]
            self._reply(request, reply(self._stack, request, 503, fields=fields), source)
            return
        incoming = self._transactions.on_request(request, source)
        if incoming is None:
            return
        refusal = self._refusal(incoming)
        if refusal is not None:
            self._refused += 1
            self._answer(incoming, *refusal)
        elif request.method == "CANCEL":
            self._on_cancel(incoming)
        elif request.to.tag is None:
            self._out_of_dialog(incoming)
        elif (dialog := self._dialogs.get((request.call_id, request.to.tag))) is not None:
            dialog.on_request(incoming)
        else:
            self._answer(incoming, 481)

    def _is_screened(self, request: Request, source: Source) -> bool:
        """Something new, outside of calls, from an address that is not listened to."""
        if self.screen is None or request.to.tag is not None or request.method == "CANCEL":
            return False
        return not self._transactions.knows(request) and not self.screen(source.peer.host)

    def _refusal(self, incoming: Incoming) -> tuple[int, Fields] | None:
        """What no dialog needs to be asked about (RFC 3261 section 8.2)."""
        request = incoming.request
        if request.method not in self._methods:
            return 405, [("Allow", self._stack.allow)]
        if not request.uri.is_sip and request.uri.scheme != "tel":
            return 416, ()
        if self._transactions.is_merged(incoming):
            return 482, ()
        if request.method == "INVITE" and request.contact is None:
            return 400, ()
        unknown = request.headers.tokens("Require") - self._extensions
        if unknown and request.method != "CANCEL":
            return 420, [("Unsupported", ", ".join(sorted(unknown)))]
        return None

    def _on_ack(self, ack: Request, source: Source) -> None:
        self._transactions.on_request(ack, source)
        dialog = self._dialogs.get((ack.call_id, ack.to.tag or ""))
        if dialog is not None:
            dialog.on_ack(ack)

    def _on_cancel(self, incoming: Incoming) -> None:
        invite = self._transactions.invite_of(incoming.request)
        if invite is None:
            self._answer(incoming, 481)
            return
        user = invite.user
        self._answer(incoming, 200, tag=None if user is None else user.tag)
        if user is not None:
            user.cancelled()

    def _out_of_dialog(self, incoming: Incoming) -> None:
        method = incoming.request.method
        if method == "OPTIONS":
            self._answer(incoming, 200, capabilities(self._stack))
        elif (take := self._request_handlers.get(method)) is not None:
            outside = IncomingRequest(self._stack, incoming)
            self._stack.notify(lambda: take(outside))
        elif method != "INVITE":
            # BYE, INFO, UPDATE, PRACK, … belong into a dialog, and To names none.
            self._answer(incoming, 481)
        elif self.invite_handler is None:
            self._answer(incoming, 480)
        else:
            call = IncomingInvite(self._stack, incoming)
            incoming.user = call
            handler = self.invite_handler
            self._stack.notify(lambda: handler(call))

    def _answer(
        self, incoming: Incoming, status: int, fields: Fields = (), *, tag: str | None = None
    ) -> None:
        to_tag = tag or self._stack.token()
        response = reply(self._stack, incoming.request, status, to_tag=to_tag, fields=fields)
        self._stack.respond(incoming, response)

    def _reply(self, request: Message, response: Response, source: Source) -> None:
        """Answer without a transaction."""
        destination = reply_destination(request, source)
        call_id = request.headers.get("Call-ID") or ""
        self._stack.put(
            Transmit(response.to_bytes(), destination, source.local, call_id, source.flow)
        )


def transaction_of(payload: bytes) -> Hashable:
    """The client transaction that a message of ours belonged to; None for a response."""
    found = _OUR_BRANCH.search(payload)
    if found is None or payload.startswith(b"SIP/"):
        return None
    return found.group(1).decode("ascii", "replace"), payload.split(b" ", 1)[0].decode()
