"""A request outside of any dialog: OPTIONS pings, REGISTER, MESSAGE (RFC 3261 sections 8.1, 8.2)."""

from dataclasses import dataclass

from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.events import Fields, Outcome, OutcomeListener
from voxgate.sip.dialog.exchange import Exchange, Ready
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.path import contact_of, new_branch, via_of
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers, Request
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import Incoming
from voxgate.sip.transaction.mirror import MAX_FORWARDS
from voxgate.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class OutsideRequest:
    """What to ask. A body wants its Content-Type among the headers.

    `from_` is ourselves by default. To is the request URI, or in a REGISTER the address of record
    that `from_` is (RFC 3261 section 10.2).
    """

    method: str
    uri: Uri
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    credentials: Credentials | None = None
    from_: NameAddr | None = None


def ask(
    stack: Stack,
    asked: OutsideRequest,
    target: Destination,
    finished: OutcomeListener,
    *,
    give_up_after: float | None = None,
) -> None:
    """Send it to one target, through challenges; `finished` is called once."""
    local = stack.local_for(target)
    if local is None:
        detail = f"transport: no {target.transport} listener"
        finished(Outcome(503, "Service Unavailable", Headers(), failure=detail))
        return
    _Asking(stack, asked, target, local).start(finished, give_up_after)


class _Asking:
    """The versions of one request: same Call-ID and tag, another number and branch each."""

    def __init__(
        self, stack: Stack, asked: OutsideRequest, target: Destination, local: Destination
    ) -> None:
        self._stack = stack
        self._asked = asked
        self._target = target
        self._local = local
        self._login = Login(asked.credentials, stack.token)
        self._call_id = stack.token()
        own = asked.from_ or NameAddr(None, Uri("sip", None, local.host, local.port))
        self._from = str(own.with_tag(stack.token()))
        self._to = str(own if asked.method == "REGISTER" else NameAddr(None, asked.uri))
        self._cseq = 0

    def start(self, finished: OutcomeListener, give_up_after: float | None) -> None:
        Exchange(self._stack, self._build, self._login, finished, give_up_after=give_up_after)

    def _build(self) -> Ready:
        asked, local = self._asked, self._local
        self._cseq += 1
        headers = Headers()
        branch = new_branch(self._stack.token())
        headers.add("Via", via_of(local, branch))
        headers.add("Max-Forwards", MAX_FORWARDS)
        headers.add("From", self._from)
        headers.add("To", self._to)
        headers.add("Call-ID", self._call_id)
        headers.add("CSeq", f"{self._cseq} {asked.method}")
        headers.add("User-Agent", self._stack.product)
        fields: list[tuple[str, str]] = self._login.fields(asked.method, str(asked.uri), asked.body)
        fields += asked.headers
        if not any(name.lower() in {"contact", "m"} for name, _ in asked.headers):
            fields.append(("Contact", contact_of(local, None)))
        for name, value in fields:
            headers.add(name, value)
        request = Request(asked.method, asked.uri, headers, asked.body)
        return Ready(request, branch, self._target, local)


class IncomingRequest:
    """A request of the outside that belongs to no call, until it is answered."""

    def __init__(self, stack: Stack, incoming: Incoming) -> None:
        self.request: Request = incoming.request
        self.source: Destination = incoming.source.peer
        self._stack = stack
        self._incoming = incoming

    def respond(
        self, status: int, reason: str = "", headers: Fields = (), body: bytes = b""
    ) -> None:
        """Answer, once; later calls do nothing."""
        if self._incoming.answered:
            return
        tag = self._stack.token()
        response = reply(
            self._stack, self.request, status, reason, to_tag=tag, fields=headers, body=body
        )
        self._stack.respond(self._incoming, response)
        self._stack.flush()

    def ignore(self) -> None:
        """Never respond, as if it had been lost on its way."""
        if not self._incoming.answered:
            self._stack.ignore(self._incoming)
            self._stack.flush()
