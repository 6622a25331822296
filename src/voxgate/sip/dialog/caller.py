"""The calling side of an INVITE until it is answered, refused or given up.

RFC 3261 section 13.2 with CANCEL (9.1) and the 2xx that crosses it, challenges, 422 of RFC 4028,
and the next SRV target of RFC 3263 section 4.3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from voxgate.sip.dialog.events import (
    Answered,
    DialogEvent,
    Failed,
    Fields,
    Listener,
    OutgoingInvite,
    Progress,
    Rejected,
    Sent,
)
from voxgate.sip.dialog.forks import Forks
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.path import Path, contact_of, via_of
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


@dataclass(frozen=True, slots=True)
class Won:
    """The first 2xx: what the dialog goes on with."""

    path: Path
    response: Response
    login: Login
    listener: Listener


class Caller:
    """One call attempt: every INVITE of it, one after the other."""

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
        self._forks: Forks | None = None
        self._heard = False  # a provisional response to the INVITE under way
        self._finished = False
        self._cancel: tuple[tuple[str, str], ...] | None = None  # wanted, with these headers
        self._cancelled: Alarm | None = None  # sent, and when to stop waiting for the 487

    @property
    def ringing(self) -> bool:
        """Some phone has made an early dialog."""
        return self._forks is not None and self._forks.ringing

    @property
    def listener(self) -> Listener:
        return self._listener if self._listener is not None else _deaf

    # What the owner does.

    def start(self, targets: Sequence[Destination], nowhere: str) -> None:
        """Send the INVITE to the first of these, to the next one should that be silent.

        `nowhere` says why there are none.
        """
        if self._finished:
            return
        self._targets = list(targets)
        if targets:
            self._invite()
        else:
            self._end(Failed("transport", nowhere))

    def cancel(self, fields: Fields) -> None:
        if self._finished or self._cancel is not None:
            return
        self._cancel = tuple(fields)
        if self._outgoing is None:
            self._end(Rejected(*_TERMINATED, Headers(), b""))
        elif self._heard:
            self._send_cancel(self._outgoing)

    def abandon(self) -> None:
        """Cancel without another event."""
        self.deafen()
        self.cancel(())

    # The INVITE.

    def _invite(self) -> None:
        target = self._targets[0]
        local = self._stack.local_for(target)
        if local is None:
            self._end(Failed("transport", f"no listener speaks to {target}"))
            return
        self._cseq += 1
        self._attempts += 1
        self._heard = False
        branch = self._out.branch(self._cseq)
        patience = self._stack.options.next_target_after_s if len(self._targets) > 1 else None
        outgoing = self._stack.send(
            self._request(local, branch),
            target,
            local,
            self,
            branch=branch,
            give_up_after=patience,
        )
        self._outgoing = outgoing
        self._forks = Forks(self._stack, outgoing, self._login)
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
        contact = ";".join((contact_of(local, out.contact_user), *out.contact_parameters))
        headers.add("Contact", contact)
        headers.add("Allow", self._stack.allow)
        headers.add("Supported", self._stack.supported)
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

    # What comes back.

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

    def on_request(self, incoming: Incoming) -> None:
        """A request of a phone that has not answered yet."""
        if self._forks is not None:
            self._forks.on_request(incoming, self._tell)

    def _another_target(self) -> bool:
        if self._cancel is not None or len(self._targets) < 2:
            return False
        del self._targets[0]
        self._attempts = 0
        return True

    def _on_provisional(self, response: Response) -> None:
        first = not self._heard
        self._heard = True
        if self._finished or self._forks is None:
            return
        if self._cancel is not None:
            if first and self._outgoing is not None:
                self._send_cancel(self._outgoing)
            return
        tag = response.to.tag if response.status > 100 else None
        if tag is not None and not self._forks.on_provisional(tag, response):
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

    def on_success(self, response: Response) -> bool:
        """Take any 2xx, whether its transaction is still there or not; False: not of this INVITE."""
        if self._forks is None or response.cseq.number != self._cseq:
            return False
        path = self._forks.on_success(response)
        if path is None:
            return True
        if self._finished or self._cancel is not None:
            self._forks.hang_up(path)
            self._end(Rejected(*_TERMINATED, Headers(), b""))
            return True
        self._finished = True
        self._won(Won(path, response, self._login, self.listener))
        self._tell(
            Answered(
                response.status,
                response.reason,
                response.headers,
                response.body,
                path.remote_tag,
                path.state,
            )
        )
        return True

    # The end.

    def _send_cancel(self, outgoing: Outgoing) -> None:
        cancel = cancel_of(outgoing.request, self._cancel or ())
        self._stack.send(
            cancel,
            outgoing.destination,
            outgoing.local,
            _Indifferent(),
            branch=outgoing.branch,
        )
        patience = self._stack.options.timing.give_up
        self._cancelled = self._stack.alarm(patience, partial(self._uncancellable, outgoing))

    def _uncancellable(self, outgoing: Outgoing) -> None:
        if not self._finished:
            self._stack.transactions.abort(outgoing)
            self._end(Failed("cancel-timeout", "no final response to a cancelled INVITE"))

    def _end(self, event: Rejected | Failed) -> None:
        if self._finished:
            return
        self._finished = True
        if self._cancelled is not None:
            self._cancelled.cancel()
        self._over()
        self._tell(event)
        self.deafen()

    def deafen(self) -> None:
        """Hold on to nobody while the last transactions run out."""
        self._listener = None

    def _tell(self, event: DialogEvent) -> None:
        if self._listener is not None:
            self._stack.notify(partial(self._listener, event))


def _deaf(_event: DialogEvent) -> None:
    """The owner has lost interest."""


class _Indifferent:
    """Sends a CANCEL: what matters is the final response of the INVITE."""

    def on_response(self, response: Response) -> None:
        pass

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        pass
