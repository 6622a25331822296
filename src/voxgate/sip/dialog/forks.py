"""The dialogs that one INVITE of ours makes: a proxy may have rung several phones.

RFC 3261 sections 12.1.2 and 13.2.2.4; PRACK RFC 3262; UPDATE before the answer RFC 3311.
"""

from collections.abc import Callable
from functools import partial

from voxgate.sip.dialog.events import SDP, DialogEvent, Fields, InfoReceived, Updated
from voxgate.sip.dialog.exchange import Exchange, Ready
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.path import Path, new_branch
from voxgate.sip.dialog.prack import must_be_acknowledged
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import Incoming, Outgoing

FORKS_MAX = 64  # more phones than any real proxy rings; what comes beyond is not kept


class _Fork:
    """One phone that has answered provisionally."""

    __slots__ = ("path", "rseq")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rseq: int | None = None


class Forks:
    """All phones that one INVITE reached, by the tag each has put into To."""

    def __init__(
        self,
        stack: Stack,
        outgoing: Outgoing,
        login: Login,
    ) -> None:
        self._stack = stack
        self._outgoing = outgoing
        self._login = login
        self._early: dict[str, _Fork] = {}
        self._acks: dict[str, tuple[Request, Destination, Destination]] = {}

    @property
    def ringing(self) -> bool:
        return bool(self._early)

    def on_provisional(self, tag: str, response: Response) -> bool:
        """Note the phone; False for a repeat or a gap in its reliable responses."""
        fork = self._early.get(tag)
        if fork is None:
            if len(self._early) >= FORKS_MAX:
                return False
            fork = self._early[tag] = _Fork(self._path_of(response))
        else:
            fork.path.learn_target(response)
        rseq = must_be_acknowledged(response)
        if rseq is None:
            return True
        if fork.rseq is not None and rseq != fork.rseq + 1:
            return False
        fork.rseq = rseq
        self._request(fork.path, "PRACK", [("RAck", f"{rseq} {response.cseq.number} INVITE")])
        return True

    def on_success(self, response: Response) -> Path | None:
        """Acknowledge a 2xx. Returns the dialog the first time a phone sends it."""
        tag = response.to.tag or ""
        known = self._acks.get(tag)
        if known is not None:
            self._stack.transmit(*known)
            return None
        fork = self._early.pop(tag, None)
        if fork is None:
            path = self._path_of(response)
        else:
            path = fork.path
            path.learn_routes(response)
        ack = acknowledgement(self._stack, path, self._outgoing.request)
        self._acks[tag] = (ack, path.next_hop, path.local)
        self._stack.transmit(ack, path.next_hop, path.local)
        return path

    def hang_up(self, path: Path) -> None:
        """BYE a phone that came too late."""
        self._request(path, "BYE", [])

    def _path_of(self, response: Response) -> Path:
        return Path.of_caller(
            self._outgoing.request,
            response,
            local_tag=response.from_.tag or "",
            local=self._outgoing.local,
            peer=self._outgoing.destination,
            choose=self._stack.local_for,
        )

    def _request(self, path: Path, method: str, fields: list[tuple[str, str]]) -> None:
        """A request whose outcome changes nothing."""

        def build() -> Ready:
            authorization = self._login.fields(method, str(path.request_uri), b"")
            branch = new_branch(self._stack.token())
            request = path.request(method, branch=branch, fields=[*fields, *authorization])
            return Ready(request, branch, path.next_hop, path.local)

        Exchange(self._stack, build, self._login, lambda _outcome: None)

    # Requests of a phone that has not answered yet.

    def on_request(self, incoming: Incoming, tell: Callable[[DialogEvent], None]) -> None:
        """UPDATE and INFO may come before the answer; anything else does not belong here."""
        request = incoming.request
        fork = self._early.get(request.from_.tag or "")
        if fork is None or request.method not in {"UPDATE", "INFO", "OPTIONS"}:
            self._respond(incoming, None, 481)
            return
        fork.path.learn_target(request)
        if request.method == "UPDATE" and request.body:
            tell(Updated(request.part(SDP), partial(self._respond, incoming, fork.path)))
            return
        if request.method == "INFO":
            tell(InfoReceived(request.content_type, request.body, request.headers))
        self._respond(incoming, fork.path, 200)

    def _respond(  # noqa: PLR0917 - the last four are `Respond`
        self,
        incoming: Incoming,
        path: Path | None,
        status: int,
        reason: str = "",
        headers: Fields = (),
        body: bytes = b"",
    ) -> None:
        if not incoming.answered:
            contact = [("Contact", path.contact)] if path is not None else []
            fields = [*contact, ("Allow", self._stack.allow), *headers]
            response = reply(
                self._stack, incoming.request, status, reason, fields=fields, body=body
            )
            self._stack.respond(incoming, response)
            self._stack.flush()


def acknowledgement(stack: Stack, path: Path, invite: Request, body: bytes = b"") -> Request:
    """The ACK of a 2xx; it carries the credentials of its INVITE (RFC 3261 section 13.2.2.4)."""
    fields = [
        (name, value)
        for name in ("Authorization", "Proxy-Authorization")
        for value in invite.headers.all(name)
    ]
    if body:
        fields.append(("Content-Type", SDP))
    return path.request(
        "ACK",
        branch=new_branch(stack.token()),
        cseq=invite.cseq.number,
        fields=fields,
        body=body,
    )
