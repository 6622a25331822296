"""One dialog's identity and route, seen from our side (RFC 3261 section 12)."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from voxgate.sip.dialog.events import DialogState
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import MAGIC_COOKIE
from voxgate.sip.transaction.mirror import MAX_FORWARDS
from voxgate.sip.uri import Uri

_WITH_CONTACT = {"INVITE", "UPDATE", "REFER", "SUBSCRIBE", "NOTIFY"}


Choose = Callable[[Destination], Destination | None]


@lru_cache(maxsize=1024)
def contact_of(local: Destination, user: str | None) -> str:
    """Our Contact on a listener; `user` is written into a URI and escaped there."""
    uri = Uri(
        "sip",
        user or None,
        local.host,
        local.port,
        (("transport", local.transport),) if local.transport != "udp" else (),
    )
    return f"<{uri}>"


def via_of(local: Destination, branch: str) -> str:
    return f"SIP/2.0/{local.transport.upper()} {local.sent_by};rport;branch={branch}"


class Path:
    """Builds the requests of one dialog and knows where they go."""

    __slots__ = (
        "_choose",
        "_next",
        "call_id",
        "contact",
        "local",
        "local_cseq",
        "local_party",
        "local_tag",
        "peer",
        "remote_cseq",
        "remote_party",
        "remote_tag",
        "route_set",
        "target",
    )

    def __init__(  # noqa: PLR0913 - the parts of a dialog, as the RFC lists them
        self,
        *,
        call_id: str,
        local_party: str,
        local_tag: str,
        remote_party: str,
        remote_tag: str,
        local_cseq: int,
        remote_cseq: int | None,
        target: Uri,
        route_set: tuple[NameAddr, ...],
        local: Destination,
        contact: str,
        peer: Destination,
        choose: Choose,
    ) -> None:
        """`choose` finds the listener for a destination; None when none speaks its transport."""
        self.call_id = call_id
        self.local_party = local_party
        self.local_tag = local_tag
        self.remote_party = remote_party
        self.remote_tag = remote_tag
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq
        self.target = target
        self.route_set = route_set
        self.local = local
        self.contact = contact
        self.peer = peer  # where the other side's messages really come from
        self._choose = choose
        self._next: Destination | None = None

    @classmethod
    def of_caller(
        cls,
        invite: Request,
        response: Response,
        *,
        local_tag: str,
        local: Destination,
        peer: Destination,
        choose: Choose,
    ) -> "Path":
        """The dialog that a 1xx or 2xx with a To tag makes (RFC 3261 12.1.2)."""
        contact = response.contact
        return cls(
            call_id=invite.call_id,
            local_party=invite.headers.get("From") or "",
            local_tag=local_tag,
            remote_party=response.headers.get("To") or "",
            remote_tag=response.to.tag or "",
            local_cseq=invite.cseq.number,
            remote_cseq=None,
            target=contact.uri if contact is not None else invite.uri,
            route_set=response.record_routes[::-1],
            local=local,
            contact=invite.headers.get("Contact") or "",
            peer=peer,
            choose=choose,
        )

    @classmethod
    def of_callee(
        cls, invite: Request, *, local_tag: str, source: Source, contact: str, choose: Choose
    ) -> "Path":
        """The dialog that our response with this tag makes (RFC 3261 12.1.1)."""
        caller = invite.contact
        to = invite.headers.get("To") or ""
        return cls(
            call_id=invite.call_id,
            local_party=f"{to};tag={local_tag}",
            local_tag=local_tag,
            remote_party=invite.headers.get("From") or "",
            remote_tag=invite.from_.tag or "",
            local_cseq=0,
            remote_cseq=invite.cseq.number,
            target=caller.uri if caller is not None else invite.from_.uri,
            route_set=invite.record_routes,
            local=source.local,
            contact=contact,
            peer=source.peer,
            choose=choose,
        )

    @property
    def state(self) -> DialogState:
        """What it takes to hang up from elsewhere."""
        routes = tuple(map(str, self.route_set))
        return DialogState(str(self.target), routes, self.remote_tag, self.local_cseq)

    def learn_target(self, message: Request | Response) -> None:
        """Target refresh: the peer's newest Contact is where requests go (RFC 3261 12.2)."""
        contact = message.contact
        if contact is not None and contact.uri.is_sip and contact.uri != self.target:
            self.target = contact.uri
            self._next = None

    def learn_routes(self, success: Response) -> None:
        """The 2xx fixes the route set for good, whatever the 1xx said (RFC 3261 13.2.2.4)."""
        self.route_set = success.record_routes[::-1]
        self._next = None
        self.learn_target(success)

    @property
    def next_hop(self) -> Destination:
        """Where the next request of this dialog is sent."""
        if self._next is None:
            uri = self.route_set[0].uri if self.route_set else self.target
            transport = (uri.parameter("transport") or self.peer.transport).lower()
            if transport != self.local.transport:
                local = self._choose(Destination(transport, self.local.host))
                transport = self.local.transport if local is None else transport
                self.local = self.local if local is None else local
            hop = Destination(transport, uri.host, uri.port)
            self._next = hop if self.route_set else _reachable(hop, self.peer)
        return self._next

    def request(
        self,
        method: str,
        *,
        branch: str,
        cseq: int | None = None,
        fields: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Request:
        """Build the next request; `cseq` is given for ACK, which repeats the number of its INVITE."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._routing()
        _ = self.next_hop  # settles which listener it leaves from
        headers = Headers()
        headers.add("Via", via_of(self.local, branch))
        headers.add("Max-Forwards", MAX_FORWARDS)
        for route in routes:
            headers.add("Route", str(route))
        headers.add("From", self.local_party)
        headers.add("To", self.remote_party)
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", f"{cseq} {method}")
        if method in _WITH_CONTACT:
            headers.add("Contact", self.contact)
        for name, value in fields:
            headers.add(name, value)
        return Request(method, uri, headers, body)

    @property
    def request_uri(self) -> Uri:
        return self._routing()[0]

    def _routing(self) -> tuple[Uri, Sequence[NameAddr]]:
        if not self.route_set or self.route_set[0].uri.parameter("lr") is not None:
            return self.target, self.route_set
        # A strict router wants its own address as the request URI (RFC 3261 12.2.1.1).
        last = NameAddr(None, self.target)
        return self.route_set[0].uri.without_headers(), (*self.route_set[1:], last)


def new_branch(token: str) -> str:
    return MAGIC_COOKIE + token


def _reachable(hop: Destination, peer: Destination) -> Destination:
    """Replace a private address in a Contact by the public one that its messages come from.

    Peers behind NAT write what they know of themselves; nobody else can send there.
    """
    if hop.host == peer.host or peer.port is None:
        return hop
    try:
        written, seen = ipaddress.ip_address(hop.host), ipaddress.ip_address(peer.host)
    except ValueError:
        return hop
    if written.is_private and not seen.is_private:
        return Destination(hop.transport, peer.host, peer.port)
    return hop
