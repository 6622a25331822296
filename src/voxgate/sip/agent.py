"""Matches each message to a transaction and a dialog, or refuses it.

RFC 3261 sections 8.2 (what a request is refused with), 12.2.2, 16 not at all: this is no proxy.
Bytes come in through `receive`, time through `on_time`; what is to be done comes out of `effects`.

    agent.receive(datagram, source)
    for effect in agent.take():
        ...
"""

import re
import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from voxgate.sip.dialog import orphan as orphans
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import (
    SDP,
    Fields,
    Listener,
    OrphanDialog,
    OrphanFate,
    OutcomeListener,
    OutgoingInvite,
)
from voxgate.sip.dialog.invite import InviteDialog
from voxgate.sip.dialog.options import EXTENSIONS, SipOptions
from voxgate.sip.dialog.outside import OutsideRequest, ask
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.stack import DialogUser
from voxgate.sip.dialog.stray import Strays
from voxgate.sip.message import (
    Message,
    Request,
    Response,
    UnreadableMessage,
    parse,
    response_to,
)
from voxgate.sip.transaction.alarms import Alarm, Alarms
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import (
    ClientUser,
    Clock,
    Incoming,
    Outgoing,
    TransactionLayer,
    Transmit,
    reply_destination,
)

# The kernel gives back only the start of a long datagram, so it is searched, not parsed.
_OUR_BRANCH = re.compile(rb"\r\nVia:[^\r]*?;branch=([^;,\s]+)")

Notify = Callable[[], None]
Effect = Transmit | Notify

InviteHandler = Callable[[IncomingInvite], None]


@dataclass(slots=True)
class Counts:
    """What metrics read; only ever growing."""

    messages_in: int = 0
    messages_out: int = 0
    malformed: int = 0
    refused: int = 0


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
        """`wake` is called when something outside `receive` and `on_time` has made effects."""
        self.options = options
        self.product = product
        self.allow = ", ".join(options.allow_methods)
        self.counts = Counts()
        self.fraction = fraction or secrets.SystemRandom().random
        self.locals: tuple[Destination, ...] = ()
        self.invite_handler: InviteHandler | None = None
        self._clock = clock
        self._wake = wake
        self._effects: list[Effect] = []
        self._alarms = Alarms()
        self._dialogs: dict[tuple[str, str], DialogUser] = {}
        self._methods = frozenset(options.allow_methods)
        self.transactions = TransactionLayer(
            options.timing, self._alarms, clock=clock, transmit=self._effects.append
        )
        self._strays = Strays(self)

    # The time and the effects.

    @property
    def now(self) -> float:
        return self._clock.monotonic()

    @property
    def deadline(self) -> float | None:
        """When `on_time` must be called next; it may be early, never late."""
        return self._alarms.deadline

    def on_time(self) -> None:
        self._alarms.ring(self.now)

    def take(self) -> list[Effect]:
        """Everything to be done since the last call, in order."""
        effects = self._effects[:]
        self._effects.clear()
        return effects

    def flush(self) -> None:
        if self._effects:
            self._wake()

    # Messages from outside.

    def receive(self, data: bytes, source: Source) -> Message | None:
        """Take one message. Garbage is answered or dropped, never raised.

        Returns what was read of it, for whoever keeps a record.
        """
        self.counts.messages_in += 1
        try:
            message = parse(data)
        except UnreadableMessage as broken:
            self.counts.malformed += 1
            self._refuse_broken(broken, source)
            return broken.salvaged
        if isinstance(message, Response):
            self._on_response(message, source)
        else:
            self._on_request(_noting(message, source), source)
        return message

    def unreachable(self, transaction: Hashable, detail: str) -> None:
        """A `Transmit` of this transaction could not be delivered."""
        self.transactions.unreachable(transaction, detail)

    def _refuse_broken(self, broken: UnreadableMessage, source: Source) -> None:
        request = broken.salvaged
        if request is not None:
            response = response_to(request, broken.status, f"Bad {broken.header}")
            self._reply(request, response, source)

    def _on_response(self, response: Response, source: Source) -> None:
        if self.transactions.on_response(response) or response.cseq.method != "INVITE":
            return
        dialog = self._dialogs.get((response.call_id, response.from_.tag or ""))
        if dialog is None:
            self._strays.on_response(response, source)
        elif 200 <= response.status < 300:
            dialog.on_late_success(response)

    def _on_request(self, request: Request, source: Source) -> None:
        if request.method == "ACK":
            self._on_ack(request, source)
            return
        known = self.transactions.knows(request)
        if not known and len(self.transactions) >= self.options.transactions_max:
            busy = reply(self, request, 503, fields=[("Retry-After", "10")])
            self._reply(request, busy, source)
            return
        incoming = self.transactions.on_request(request, source)
        if incoming is None:
            return
        refusal = self._refusal(incoming)
        if refusal is not None:
            status, fields = refusal
            self.counts.refused += 1
            self._refuse(incoming, status, fields)
        elif request.method == "CANCEL":
            self._on_cancel(incoming)
        elif request.to.tag is not None:
            self._in_dialog(incoming)
        else:
            self._out_of_dialog(incoming)

    def _refusal(self, incoming: Incoming) -> tuple[int, Fields] | None:
        """What no dialog needs to be asked about (RFC 3261 section 8.2)."""
        request = incoming.request
        if request.method not in self._methods:
            return 405, [("Allow", self.allow)]
        if not request.uri.is_sip and request.uri.scheme != "tel":
            return 416, ()
        if self.transactions.is_merged(incoming):
            return 482, ()
        if request.method != "CANCEL":
            unknown = request.headers.tokens("Require") - set(EXTENSIONS)
            if unknown:
                return 420, [("Unsupported", ", ".join(sorted(unknown)))]
        if request.method == "INVITE" and request.contact is None:
            return 400, ()
        return None

    def _on_ack(self, ack: Request, source: Source) -> None:
        if self.transactions.knows(ack):
            self.transactions.on_request(ack, source)
        dialog = self._dialogs.get((ack.call_id, ack.to.tag or ""))
        if dialog is not None:
            dialog.on_ack(ack)

    def _on_cancel(self, incoming: Incoming) -> None:
        invite = self.transactions.invite_of(incoming.request)
        if invite is None:
            self._refuse(incoming, 481)
            return
        user = invite.user
        tag = self.token() if user is None else user.tag
        self.respond(incoming, reply(self, incoming.request, 200, to_tag=tag))
        if user is not None:
            user.cancelled()

    def _in_dialog(self, incoming: Incoming) -> None:
        request = incoming.request
        dialog = self._dialogs.get((request.call_id, request.to.tag or ""))
        if dialog is None:
            self._refuse(incoming, 481)
        else:
            dialog.on_request(incoming)

    def _out_of_dialog(self, incoming: Incoming) -> None:
        request = incoming.request
        if request.method == "OPTIONS":
            self._refuse(
                incoming,
                200,
                [("Allow", self.allow), ("Accept", SDP), ("Supported", ", ".join(EXTENSIONS))],
            )
        elif request.method != "INVITE":
            # BYE, INFO, UPDATE, PRACK, … mean a dialog, and To names none.
            self._refuse(incoming, 481)
        elif self.invite_handler is None:
            self._refuse(incoming, 480)
        else:
            call = IncomingInvite(self, incoming)
            incoming.user = call
            handler = self.invite_handler
            self.notify(lambda: handler(call))

    def _refuse(self, incoming: Incoming, status: int, fields: Fields = ()) -> None:
        response = reply(self, incoming.request, status, to_tag=self.token(), fields=fields)
        self.respond(incoming, response)

    def _reply(self, request: Message, response: Response, source: Source) -> None:
        destination = reply_destination(request, source)
        self._effects.append(
            Transmit(response.to_bytes(), destination, source.local, "", source.flow)
        )

    # Calls of ours.

    def invite(self, out: OutgoingInvite, listener: Listener) -> InviteDialog:
        """Make the dialog of a call; nothing is sent before its `start`."""
        return InviteDialog.calling(self, out, listener)

    def ask(
        self,
        asked: OutsideRequest,
        target: Destination,
        finished: OutcomeListener,
        *,
        give_up_after: float | None = None,
    ) -> None:
        """Send a request outside of any dialog."""
        ask(self, asked, target, finished, give_up_after=give_up_after)
        self.flush()

    def end_orphan(
        self,
        orphan: OrphanDialog,
        targets: tuple[Destination, ...],
        finished: Callable[[OrphanFate], None],
    ) -> None:
        """Hang up a call of a former life."""
        orphans.end(self, orphan, targets, finished)
        self.flush()

    def transaction_of(self, payload: bytes) -> Hashable:
        """The client transaction that a message of ours belonged to; None for a response."""
        found = _OUR_BRANCH.search(payload)
        if found is None or payload.startswith(b"SIP/"):
            return None
        return found.group(1).decode("ascii", "replace"), payload.split(b" ", 1)[0].decode()

    # What dialogs ask for (`Stack`).

    def token(self) -> str:
        return secrets.token_hex(8)

    def local_for(self, destination: Destination) -> Destination | None:
        six = ":" in destination.host
        for local in self.locals:
            if local.transport == destination.transport and (":" in local.host) == six:
                return local
        return None

    def send(
        self,
        request: Request,
        destination: Destination,
        local: Destination,
        user: ClientUser,
        *,
        give_up_after: float | None = None,
    ) -> Outgoing:
        return self.transactions.send(
            request, destination, local, user, give_up_after=give_up_after
        )

    def transmit(self, request: Request, destination: Destination, local: Destination) -> None:
        self._effects.append(Transmit(request.to_bytes(), destination, local, request.call_id))

    def abort(self, outgoing: Outgoing) -> None:
        self.transactions.abort(outgoing)

    def respond(self, incoming: Incoming, response: Response) -> None:
        self.transactions.respond(incoming, response)

    def alarm(self, after_s: float, action: Callable[[], None]) -> Alarm:
        return self._alarms.set(self.now + after_s, action)

    def notify(self, deliver: Callable[[], None]) -> None:
        self._effects.append(deliver)

    def register(self, call_id: str, local_tag: str, user: DialogUser) -> None:
        self._dialogs[call_id, local_tag] = user

    def forget(self, call_id: str, local_tag: str) -> None:
        self._dialogs.pop((call_id, local_tag), None)

    @property
    def dialogs(self) -> int:
        return len(self._dialogs)


def _noting(request: Request, source: Source) -> Request:
    """Write into the topmost Via where the request really came from (18.2.1, RFC 3581)."""
    top = request.via
    noted = top.received_from(source.peer.host, source.peer.port or 0)
    if noted is top or noted == top:
        return request
    headers = request.headers.copy()
    others = headers.elements("Via")[1:]
    headers.replace("Via", str(noted))
    for other in others:
        headers.add("Via", other)
    return Request(request.method, request.uri, headers, request.body)
