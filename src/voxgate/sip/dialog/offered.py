"""A session change that the peer asks for: re-INVITE or UPDATE, and our answer to it.

RFC 3261 section 14.2 and RFC 3311 section 5.2: which is refused at once, and with what.
"""

from collections.abc import Callable
from functools import partial

from voxgate.sip.dialog.change import Changes
from voxgate.sip.dialog.events import (
    SDP,
    AckReceived,
    DialogEvent,
    Fields,
    ReInvited,
    Updated,
)
from voxgate.sip.dialog.path import Path
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.session_timer import SessionTimer, TooSmall, grant, granting
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.dialog.success import UnacknowledgedSuccess
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.layer import Incoming

RETRY_WITHIN_S = 10  # RFC 3261 section 14.2: a random time up to this


class Offers:
    """The re-INVITEs and UPDATEs of the peer, one at a time."""

    def __init__(
        self,
        stack: Stack,
        path: Path,
        changes: Changes,
        *,
        tell: Callable[[DialogEvent], None],
        timer_agreed: Callable[[SessionTimer | None], None],
        unacknowledged: Callable[[], None],
    ) -> None:
        self._stack = stack
        self._path = path
        self._changes = changes
        self._tell = tell
        self._timer_agreed = timer_agreed
        self._unacknowledged = unacknowledged
        self._open: Incoming | None = None
        self._success: UnacknowledgedSuccess | None = None

    def begin(self, incoming: Incoming, response: Response) -> None:
        """Send the 2xx of the first INVITE (called side)."""
        self._changes.held = True
        self._await_ack(incoming, response)

    @property
    def awaits_ack(self) -> bool:
        return self._success is not None

    def on_request(self, incoming: Incoming) -> None:
        request = incoming.request
        offers = bool(request.body) or request.method == "INVITE"
        if self._open is not None:
            wait = str(int(self._stack.fraction() * RETRY_WITHIN_S))
            self._refuse(incoming, 500, [("Retry-After", wait)])
        elif offers and self._changes.outstanding:
            self._refuse(incoming, 491)
        elif request.body and request.part(SDP) is None:
            self._refuse(incoming, 415, [("Accept", SDP)])
        else:
            self._take(incoming)

    def _take(self, incoming: Incoming) -> None:
        request = incoming.request
        options = self._stack.options
        timer = grant(request, wanted_s=options.session_expires_s, min_se_s=options.min_se_s)
        if isinstance(timer, TooSmall):
            self._refuse(incoming, 422, [("Min-SE", str(timer.min_se_s))])
            return
        self._path.learn_target(request)
        offer = request.part(SDP)
        if request.method == "UPDATE" and offer is None:
            self._answer(incoming, timer, 200, "", (), b"")
            return
        self._open = incoming
        incoming.user = self
        self._changes.held = True
        respond = partial(self._respond, incoming, timer)
        self._tell(
            ReInvited(offer, respond) if request.method == "INVITE" else Updated(offer, respond)
        )

    def _respond(  # noqa: PLR0917 - the last four are `Respond`
        self,
        incoming: Incoming,
        timer: SessionTimer | None,
        status: int,
        reason: str = "",
        headers: Fields = (),
        body: bytes = b"",
    ) -> None:
        if self._open is incoming and status >= 200:
            self._open = None
            self._answer(incoming, timer, status, reason, headers, body)
            self._release()
            self._stack.flush()

    def _answer(  # noqa: PLR0917 - the parts of a response
        self,
        incoming: Incoming,
        timer: SessionTimer | None,
        status: int,
        reason: str,
        headers: Fields,
        body: bytes,
    ) -> None:
        request = incoming.request
        fields: list[tuple[str, str]] = []
        if 200 <= status < 300:
            fields = [
                ("Contact", self._path.contact),
                ("Allow", self._stack.allow),
                ("Supported", self._stack.supported),
                *granting(request, timer),
            ]
        response = reply(
            self._stack, request, status, reason, fields=[*fields, *headers], body=body
        )
        if 200 <= status < 300:
            self._timer_agreed(timer)
            if request.method == "INVITE":
                self._await_ack(incoming, response)
                return
        self._stack.respond(incoming, response)

    def _await_ack(self, incoming: Incoming, response: Response) -> None:
        if self._success is not None:
            self._success.acknowledged()  # a new INVITE shows that the peer has had the last 2xx
        self._success = UnacknowledgedSuccess(self._stack, incoming, response, self._given_up)

    def on_ack(self, ack: Request) -> None:
        success = self._success
        if success is None or ack.cseq.number != success.cseq:
            return
        success.acknowledged()
        self._success = None
        self._tell(AckReceived(ack.body))
        self._release()

    @property
    def tag(self) -> str:
        return self._path.local_tag

    def cancelled(self) -> None:
        """The peer takes its re-INVITE back; the session stays as it was."""
        if self._open is not None:
            self._refuse(self._open, 487)
            self._open = None
            self._release()

    def stop(self) -> None:
        """The dialog is over: an open INVITE of the peer ends with 487."""
        if self._open is not None:
            self._refuse(self._open, 487)
            self._open = None
        if self._success is not None:
            self._success.acknowledged()
            self._success = None

    def _given_up(self) -> None:
        self._success = None
        self._unacknowledged()

    def _release(self) -> None:
        if self._open is None and not self.awaits_ack:
            self._changes.held = False
            self._changes.proceed()

    def _refuse(self, incoming: Incoming, status: int, fields: Fields = ()) -> None:
        self._stack.respond(incoming, reply(self._stack, incoming.request, status, fields=fields))
