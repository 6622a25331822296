"""The called side of an INVITE until we answer or refuse it (RFC 3261 section 13.3)."""

from collections.abc import Callable
from functools import partial

from voxgate.sip.dialog.events import SDP, Fields, Listener
from voxgate.sip.dialog.invite import InviteDialog
from voxgate.sip.dialog.path import Path, contact_of
from voxgate.sip.dialog.prack import ReliableResponses
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.session_timer import SessionTimer, TooSmall, grant, granting
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import Incoming


class IncomingInvite:
    """A call that somebody makes to us. Ring, then answer or reject, all once at most.

    After `on_cancel` was called, or a final response was given, further calls do nothing.
    """

    def __init__(self, stack: Stack, incoming: Incoming) -> None:
        self.request: Request = incoming.request
        self.source: Destination = incoming.source.peer
        self.tag = stack.token()
        self._stack = stack
        self._incoming = incoming
        self._cancelled: Callable[[], None] | None = None
        self._pending: tuple[InviteDialog, Callable[[], None]] | None = None  # waits for a PRACK
        local = incoming.source.local
        contact = contact_of(local, incoming.request.uri.user)
        self._path = Path.of_callee(
            incoming.request,
            local_tag=self.tag,
            source=incoming.source,
            contact=contact,
            choose=stack.local_for,
        )
        self._reliable = ReliableResponses(stack, incoming, self._unacknowledged)
        stack.register(self.request.call_id, self.tag, self)

    @property
    def over(self) -> bool:
        """A final response has been given."""
        return self._incoming.answered

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Have it called when the caller hangs up before the answer; 487 is sent already."""
        self._cancelled = callback

    def ring(
        self,
        status: int = 180,
        reason: str = "",
        body: bytes = b"",
        headers: Fields = (),
        *,
        reliable: bool | None = None,
    ) -> None:
        """Send a provisional response; one with a body is early media.

        It is sent reliably when the caller requires that, or on request if the caller can.
        """
        if self.over or self._pending is not None:
            return
        extensions = self.request.headers
        required = "100rel" in extensions.tokens("Require")
        able = required or "100rel" in extensions.tokens("Supported")
        fields = [("Contact", self._path.contact), ("Allow", self._stack.allow), *headers]
        if status > 100 and able and (required or reliable):
            self._reliable.send(partial(self._reliably, status, reason, body, fields))
        elif status == 100:
            self._send(reply(self._stack, self.request, 100, reason))
        else:
            self._send(self._reply(status, reason, fields, body))
        self._stack.flush()

    def answer(
        self, body: bytes, listener: Listener, headers: Fields = (), *, reason: str = ""
    ) -> InviteDialog | None:
        """Take the call: send 200 until its ACK comes (`AckReceived`).

        None when the call is gone, or the caller's session timer is too short and was refused.
        """
        if self.over or self._pending is not None:
            return None
        options = self._stack.options
        timer = grant(self.request, wanted_s=options.session_expires_s, min_se_s=options.min_se_s)
        if isinstance(timer, TooSmall):
            self.reject(422, headers=[("Min-SE", str(timer.min_se_s))])
            return None
        dialog = InviteDialog.called(self._stack, self._path, self.request, listener, body=body)
        fields = [
            ("Contact", self._path.contact),
            ("Allow", self._stack.allow),
            ("Supported", self._stack.supported),
            *granting(self.request, timer),
            *headers,
        ]
        response = self._reply(200, reason, fields, body)
        if self._reliable.outstanding:
            # RFC 3262 section 3: no 2xx while a reliable response with an answer is on its way.
            self._pending = dialog, partial(self._take, dialog, response, timer)
        else:
            self._take(dialog, response, timer)
        self._stack.flush()
        return dialog

    def reject(
        self, status: int, reason: str = "", headers: Fields = (), body: bytes = b""
    ) -> None:
        """Refuse with a final response from 300 on; a challenge is a 401 with its header."""
        if not self.over:
            self._end(self._reply(status, reason, headers, body))
            self._stack.flush()

    def ignore(self) -> None:
        """Never respond, as if the INVITE had been lost on its way."""
        if not self.over:
            self._reliable.stop()
            self._stack.ignore(self._incoming)
            self._stack.forget(self.request.call_id, self.tag)
            self._stack.flush()

    def _take(self, dialog: InviteDialog, response: Response, timer: SessionTimer | None) -> None:
        self._reliable.stop()
        self._stack.register(self.request.call_id, self.tag, dialog)
        dialog.answer(self._incoming, response, timer)

    def _end(self, response: Response) -> None:
        self._reliable.stop()
        self._send(response)
        self._stack.forget(self.request.call_id, self.tag)
        if self._pending is not None:
            self._pending[0].drop("bye-received", f"{response.status} {response.reason}")
            self._pending = None

    def _reliably(
        self, status: int, reason: str, body: bytes, fields: list[tuple[str, str]], rseq: int
    ) -> Response:
        reliable = [("Require", "100rel"), ("RSeq", str(rseq))]
        return self._reply(status, reason, [*fields, *reliable], body)

    def _reply(self, status: int, reason: str, headers: Fields, body: bytes = b"") -> Response:
        records: list[tuple[str, str]] = []
        if status < 300:
            records = [("Record-Route", v) for v in self.request.headers.all("Record-Route")]
        return reply(
            self._stack,
            self.request,
            status,
            reason,
            to_tag=self.tag,
            fields=[*records, *headers],
            body=body,
        )

    def _send(self, response: Response) -> None:
        self._stack.respond(self._incoming, response)

    def _unacknowledged(self) -> None:
        self.reject(500, "Reliable Response Not Acknowledged")

    # What the agent brings.

    def cancelled(self) -> None:
        """The caller's CANCEL arrived (it has been answered)."""
        if self.over:
            return
        self._end(self._reply(487, "", ()))
        if self._cancelled is not None:
            self._stack.notify(self._cancelled)

    def on_request(self, incoming: Incoming) -> None:
        """Requests in the early dialog."""
        request = incoming.request
        if request.from_.tag != self._path.remote_tag:
            self._answer_with(incoming, 481)
            return
        self._path.remote_cseq = max(self._path.remote_cseq or 0, request.cseq.number)
        if request.method == "PRACK":
            self._on_prack(incoming)
        elif request.method == "BYE":
            self._answer_with(incoming, 200)
            self.cancelled()
        elif request.method == "UPDATE" and not request.body:
            self._path.learn_target(request)
            self._answer_with(incoming, 200, [("Contact", self._path.contact)])
        elif request.method == "UPDATE":
            # RFC 3311 section 5.2: the offer of the INVITE has no answer yet.
            self._answer_with(incoming, 500, [("Retry-After", "1")])
        elif request.method == "OPTIONS":
            self._answer_with(incoming, 200, [("Allow", self._stack.allow), ("Accept", SDP)])
        else:
            self._answer_with(incoming, 481)

    def _on_prack(self, incoming: Incoming) -> None:
        if not self._reliable.acknowledge(incoming.request):
            self._answer_with(incoming, 481)
            return
        self._answer_with(incoming, 200)
        if self._pending is not None and not self._reliable.outstanding:
            take = self._pending[1]
            self._pending = None
            take()

    def on_ack(self, ack: Request) -> None:
        """There is no 2xx to acknowledge yet."""

    def on_late_success(self, response: Response) -> bool:  # noqa: ARG002 - we sent no INVITE
        return False

    def _answer_with(self, incoming: Incoming, status: int, fields: Fields = ()) -> None:
        self._stack.respond(incoming, reply(self._stack, incoming.request, status, fields=fields))
