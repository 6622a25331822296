"""The calling side of an INVITE until it is answered, refused or given up.

RFC 3261 section 13.2 with forking, CANCEL (9.1) and the 2xx that crosses it, challenges, 422 of
RFC 4028, PRACK of RFC 3262, and the next SRV target of RFC 3263 section 4.3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from voxgate.sip.dialog.events import (
    SDP,
    Answered,
    DialogEvent,
    DialogState,
    Failed,
    Fields,
    InfoReceived,
    Listener,
    OutgoingInvite,
    Progress,
    Rejected,
    Sent,
    Updated,
)
from voxgate.sip.dialog.exchange import Exchange
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.options import EXTENSIONS
from voxgate.sip.dialog.path import Path, contact_of, new_branch, via_of
from voxgate.sip.dialog.prack import must_be_acknowledged
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.session_timer import asked, longer
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.alarms import Alarm
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import FailureCause, Incoming, Outgoing
from voxgate.sip.transaction.mirror import MAX_FORWARDS, cancel_of

INTERVALS_MAX = 3  # how often a 422 may raise the session timer

_TERMINATED = (487, "Request Terminated")
_RETRIED = {401, 407, 422}  # refusals that ask for another INVITE


@dataclass(slots=True)
class _Early:
    """One fork that has answered provisionally."""

    path: Path
    rseq: int | None = None


@dataclass(frozen=True, slots=True)
class Won:
    """The first 2xx: what the dialog goes on with."""

    path: Path
    invite: Request
    response: Response
    login: Login


class Caller:
    """One call attempt: every INVITE of it, every fork of each."""

    def __init__(
        self,
        stack: Stack,
        out: OutgoingInvite,
        listener: Listener,
        *,
        won: Callable[[Won], None],
        over: Callable[[], None],
    ) -> None:
        """`won` or `over` is called exactly once, before the event that tells the owner."""
        self._stack = stack
        self._out = out
        self._listener: Listener | None = listener
        self._won = won
        self._over = over
        self._login = Login(out.credentials, stack.token)
        self._targets: list[Destination] = []
        self._cseq = out.cseq - 1
        self._attempts = 0
        self._interval_s = (
            stack.options.session_expires_s
            if out.session_expires_s is None
            else out.session_expires_s
        )
        self._min_se_s = stack.options.min_se_s
        self._raised = 0
        self._outgoing: Outgoing | None = None
        self._heard = False  # a provisional response to the INVITE under way
        self._finished = False
        self._cancel: tuple[tuple[str, str], ...] | None = None  # wanted, with these headers
        self._cancelled: Alarm | None = None  # sent, and when to stop waiting for the 487
        self._early: dict[str, _Early] = {}
        self._acks: dict[str, tuple[Request, Destination, Destination]] = {}

    @property
    def ringing(self) -> bool:
        """Some fork has made an early dialog."""
        return bool(self._early)

    @property
    def listener(self) -> Listener:
        return self._listener if self._listener is not None else _deaf

    # What the owner does.

    def start(self, targets: Sequence[Destination]) -> None:
        """Send the INVITE to the first of these, to the next one should that be silent."""
        if not self._finished:
            self._targets = list(targets)
            self._invite()

    def fail(self, detail: str) -> None:
        """There is nowhere to send to."""
        self._end(Failed("transport", detail))

    def cancel(self, fields: Fields) -> None:
        if self._finished or self._cancel is not None:
            return
        self._cancel = tuple(fields)
        if self._outgoing is None:
            self._end(Rejected(*_TERMINATED, Headers(), b""))
        elif self._heard:
            self._send_cancel()

    def abandon(self) -> None:
        """Cancel without another event."""
        self._listener = None
        self.cancel(())

    # The INVITE.

    def _invite(self) -> None:
        target = self._targets[0]
        local = self._stack.local_for(target)
        if local is None:
            self._end(Failed("transport", f"no {target.transport} listener"))
            return
        self._cseq += 1
        self._attempts += 1
        self._heard = False
        self._early.clear()
        branch = self._out.branch(self._cseq)
        patience = self._stack.options.next_target_after_s if len(self._targets) > 1 else None
        request = self._request(local, branch)
        self._outgoing = self._stack.send(request, target, local, self, give_up_after=patience)
        self._tell(Sent(self._cseq, branch))

    def _request(self, local: Destination, branch: str) -> Request:
        out = self._out
        headers = Headers()
        headers.add("Via", via_of(local, branch))
        headers.add("Max-Forwards", MAX_FORWARDS)
        headers.add("From", f"{out.from_};tag={out.from_tag}")
        headers.add("To", str(out.to))
        headers.add("Call-ID", out.call_id)
        headers.add("CSeq", f"{self._cseq} INVITE")
        headers.add("Contact", contact_of(local, out.contact_user))
        headers.add("Allow", self._stack.allow)
        headers.add("Supported", ", ".join(EXTENSIONS))
        headers.add("User-Agent", self._stack.product)
        for name, value in asked(self._interval_s, self._min_se_s):
            headers.add(name, value)
        for name, value in self._login.fields("INVITE", str(out.uri), out.body):
            headers.add(name, value)
        for name, value in out.headers:
            headers.add(name, value)
        if out.body:
            headers.add("Content-Type", out.content_type)
        return Request("INVITE", out.uri, headers, out.body)

    def on_response(self, response: Response) -> None:
        if response.status < 200:
            self._on_provisional(response)
        elif response.status < 300:
            self.on_success(response)
        elif not self._finished:
            self._on_refusal(response)

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        if self._finished:
            return
        if self._another_target():
            self._invite()
        else:
            self._end(Failed(cause, detail))

    def _another_target(self) -> bool:
        if self._cancel is not None or len(self._targets) < 2:
            return False
        del self._targets[0]
        self._attempts = 0
        return True

    def _on_provisional(self, response: Response) -> None:
        first = not self._heard
        self._heard = True
        if self._finished:
            return
        if self._cancel is not None:
            if first:
                self._send_cancel()
            return
        tag = response.to.tag if response.status > 100 else None
        if tag is not None and not self._early_accepts(tag, response):
            return
        self._tell(
            Progress(
                response.status,
                response.reason,
                response.headers,
                response.body,
                tag,
                response.content_type,
            )
        )

    def _early_accepts(self, tag: str, response: Response) -> bool:
        """Note the fork; False for a repeat or a gap in its reliable responses."""
        early = self._early.get(tag)
        if early is None:
            early = self._early[tag] = _Early(self._path_of(response))
        else:
            early.path.learn_target(response)
        rseq = must_be_acknowledged(response)
        if rseq is None:
            return True
        if early.rseq is not None and rseq != early.rseq + 1:
            return False
        early.rseq = rseq
        rack = f"{rseq} {response.cseq.number} INVITE"
        self._request_in(early.path, "PRACK", [("RAck", rack)])
        return True

    def _on_refusal(self, response: Response) -> None:
        if self._cancel is not None:
            if response.status in _RETRIED:
                response = Response(*_TERMINATED, response.headers.copy(), b"")
        elif (
            self._login.learn(response, attempts=self._attempts)
            or self._raises(response)
            or (response.status == 503 and self._another_target())
        ):
            self._invite()
            return
        self._end(Rejected(response.status, response.reason, response.headers, response.body))

    def _raises(self, response: Response) -> bool:
        """A longer session timer is wanted (RFC 4028 section 7.3)."""
        if response.status != 422 or self._raised >= INTERVALS_MAX or not self._interval_s:
            return False
        interval = longer(response.headers, self._interval_s)
        if interval is None:
            return False
        self._raised += 1
        self._interval_s = self._min_se_s = interval
        return True

    # The answer, and the answers of other forks.

    def on_success(self, response: Response) -> None:
        """Any 2xx, whether its transaction is still there or not."""
        tag = response.to.tag or ""
        known = self._acks.get(tag)
        if known is not None:
            self._stack.transmit(*known)
            return
        early = self._early.pop(tag, None)
        if early is None:
            path = self._path_of(response)
        else:
            path = early.path
            path.learn_routes(response)
        self._acknowledge(path, tag)
        if self._finished or self._cancel is not None:
            self._request_in(path, "BYE", [])
            if not self._finished:
                self._end(Rejected(*_TERMINATED, Headers(), b""))
            return
        self._win(path, response, tag)

    def _win(self, path: Path, response: Response, tag: str) -> None:
        self._finished = True
        self._early.clear()
        assert self._outgoing is not None
        self._won(Won(path, self._outgoing.request, response, self._login))
        facts = DialogState(str(path.target), tuple(map(str, path.route_set)), tag, path.local_cseq)
        self._tell(
            Answered(response.status, response.reason, response.headers, response.body, tag, facts)
        )

    def _acknowledge(self, path: Path, tag: str) -> None:
        assert self._outgoing is not None
        invite = self._outgoing.request
        ack = acknowledgement(self._stack, path, invite)
        self._acks[tag] = (ack, path.next_hop, path.local)
        self._stack.transmit(ack, path.next_hop, path.local)

    def _path_of(self, response: Response) -> Path:
        assert self._outgoing is not None
        return Path.of_caller(
            self._outgoing.request,
            response,
            local=self._outgoing.local,
            peer=self._outgoing.destination,
            choose=self._stack.local_for,
        )

    def _request_in(self, path: Path, method: str, fields: list[tuple[str, str]]) -> None:
        """A request of a fork whose outcome changes nothing."""
        login = self._login

        def build() -> tuple[Request, Destination, Destination]:
            branch = new_branch(self._stack.token())
            authorization = login.fields(method, str(path.request_uri), b"")
            request = path.request(method, branch=branch, fields=[*fields, *authorization])
            return request, path.next_hop, path.local

        Exchange(self._stack, build, login, lambda _outcome: None)

    # Requests of a fork that has not answered yet.

    def on_request(self, incoming: Incoming) -> None:
        """UPDATE and INFO may come before the answer; anything else does not belong here."""
        request = incoming.request
        early = self._early.get(request.from_.tag or "")
        if early is None or request.method not in {"UPDATE", "INFO", "OPTIONS"}:
            self._respond(incoming, None, 481)
            return
        early.path.learn_target(request)
        if request.method == "UPDATE" and request.body:
            self._tell(Updated(request.part(SDP), partial(self._respond, incoming, early.path)))
            return
        if request.method == "INFO":
            self._tell(InfoReceived(request.content_type, request.body, request.headers))
        self._respond(incoming, early.path, 200)

    def _respond(
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

    # The end.

    def _send_cancel(self) -> None:
        assert self._outgoing is not None
        cancel = cancel_of(self._outgoing.request, self._cancel or ())
        self._stack.send(cancel, self._outgoing.destination, self._outgoing.local, _Indifferent())
        self._cancelled = self._stack.alarm(self._stack.options.timing.give_up, self._uncancellable)

    def _uncancellable(self) -> None:
        if not self._finished:
            assert self._outgoing is not None
            self._stack.abort(self._outgoing)
            self._end(Failed("cancel-timeout", "no final response to a cancelled INVITE"))

    def _end(self, event: Rejected | Failed) -> None:
        if self._finished:
            return
        self._finished = True
        if self._cancelled is not None:
            self._cancelled.cancel()
        self._over()
        self._tell(event)

    def _tell(self, event: DialogEvent) -> None:
        if self._listener is not None:
            self._stack.notify(partial(self._listener, event))


def acknowledgement(stack: Stack, path: Path, invite: Request, body: bytes = b"") -> Request:
    """The ACK of a 2xx; it carries the credentials of its INVITE (RFC 3261 section 13.2.2.4)."""
    fields = [
        (name, value)
        for name in ("Authorization", "Proxy-Authorization")
        for value in invite.headers.all(name)
    ]
    if body:
        fields.append(("Content-Type", "application/sdp"))
    return path.request(
        "ACK",
        branch=new_branch(stack.token()),
        cseq=invite.cseq.number,
        fields=fields,
        body=body,
    )


def _deaf(_event: DialogEvent) -> None:
    """The owner has lost interest."""


class _Indifferent:
    """Sends a CANCEL: what matters is the final response of the INVITE."""

    def on_response(self, response: Response) -> None:
        pass

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        pass
