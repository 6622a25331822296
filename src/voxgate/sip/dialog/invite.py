"""The dialog of one call as its owner holds it, from whichever end it was started."""

import enum
from collections.abc import Sequence
from functools import partial

from voxgate.sip.dialog.caller import Caller, Won
from voxgate.sip.dialog.events import (
    SDP,
    DialogState,
    EndCause,
    Fields,
    Listener,
    OutcomeListener,
    OutgoingInvite,
)
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.path import Path
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.session import Session, gone
from voxgate.sip.dialog.session_timer import SessionTimer
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import Incoming
from voxgate.sip.uri import Uri


class DialogPhase(enum.Enum):
    CALLING = "calling"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


def _ignore(_outcome: object) -> None:
    """For owners to whom the outcome of a request does not matter."""


class InviteDialog:
    """One call. Its methods may be called at any time; where they make no sense they do nothing.

    Events go to the listener it was made with; the last one is Rejected, Failed or Ended.
    """

    def __init__(
        self, stack: Stack, *, call_id: str, from_tag: str, local_uri: Uri, remote_uri: Uri
    ) -> None:
        self.call_id = call_id
        self.from_tag = from_tag  # ours, even when the peer called
        self.local_uri = local_uri
        self.remote_uri = remote_uri
        self._stack = stack
        self.to_tag: str | None = None  # the peer's, once it has answered
        self._caller: Caller | None = None
        self._session: Session | None = None
        self._over = False

    @classmethod
    def calling(cls, stack: Stack, out: OutgoingInvite, listener: Listener) -> "InviteDialog":
        """A call of ours; `start` sends it. Raises `InvalidHeader` for what cannot be written."""
        out.check()
        dialog = cls(
            stack,
            call_id=out.call_id,
            from_tag=out.from_tag,
            local_uri=out.from_.uri,
            remote_uri=out.to.uri,
        )

        def won(first: Won) -> None:
            session = Session(
                stack,
                first.path,
                first.login,
                first.listener,
                calling=True,
                body=out.body,
                over=dialog._forget,
            )
            session.on_answer(first.response)
            dialog._session = session
            dialog.to_tag = first.path.remote_tag

        dialog._caller = Caller(stack, out, listener, won=won, over=dialog._forget)
        stack.register(out.call_id, out.from_tag, dialog)
        return dialog

    @classmethod
    def called(
        cls, stack: Stack, path: Path, invite: Request, listener: Listener, *, body: bytes
    ) -> "InviteDialog":
        """A call of the peer that we answer; `answer` of the session sends the 2xx."""
        dialog = cls(
            stack,
            call_id=path.call_id,
            from_tag=path.local_tag,
            local_uri=invite.to.uri,
            remote_uri=invite.from_.uri,
        )
        dialog._session = Session(
            stack,
            path,
            Login(None, stack.token),
            listener,
            calling=False,
            body=body,
            over=dialog._forget,
        )
        dialog.to_tag = path.remote_tag
        return dialog

    @property
    def state(self) -> DialogPhase:
        if self._over:
            return DialogPhase.TERMINATED
        if self._session is not None:
            return DialogPhase.CONFIRMED
        ringing = self._caller is not None and self._caller.ringing
        return DialogPhase.EARLY if ringing else DialogPhase.CALLING

    @property
    def confirmed_state(self) -> DialogState | None:
        """What it would take to hang up after a crash, as of now."""
        return self._session.path.state if self._session is not None else None

    # What the owner does.

    def start(self, targets: Sequence[Destination], nowhere: str = "") -> None:
        """Send the INVITE of a call of ours, to the first target that answers at all.

        Without targets the call fails, and `nowhere` says why.
        """
        if self._caller is not None:
            self._caller.start(targets, nowhere)
            self._stack.flush()

    def cancel(self, headers: Fields = ()) -> None:
        """Stop calling. An answer that crosses the CANCEL is hung up and reported as 487."""
        if self._session is None and self._caller is not None:
            self._caller.cancel(headers)
            self._stack.flush()

    def bye(self, headers: Fields = ()) -> None:
        """Hang up; before the answer this is `cancel`. `Ended` follows the peer's response."""
        if self._session is None:
            self.cancel(headers)
        else:
            self._session.bye(headers)
            self._stack.flush()

    def reinvite(
        self, body: bytes, listener: OutcomeListener = _ignore, headers: Fields = ()
    ) -> None:
        """Change the session; with an empty body the peer makes the offer."""
        if self._session is not None:
            self._session.change("INVITE", body, headers, listener)
            self._stack.flush()
        else:
            self._decline(listener)

    def update(
        self, body: bytes = b"", listener: OutcomeListener = _ignore, headers: Fields = ()
    ) -> None:
        """Change the session by UPDATE, or with an empty body only refresh it."""
        if self._session is not None:
            self._session.change("UPDATE", body, headers, listener)
            self._stack.flush()
        else:
            self._decline(listener)

    def info(self, content_type: str, body: bytes, listener: OutcomeListener = _ignore) -> None:
        self.request("INFO", body=body, content_type=content_type, listener=listener)

    def request(
        self,
        method: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        content_type: str = SDP,
        listener: OutcomeListener = _ignore,
    ) -> None:
        """Send a request that changes no session: INFO, MESSAGE, REFER, NOTIFY, OPTIONS."""
        if self._session is not None:
            self._session.request(
                method, fields=headers, body=body, content_type=content_type, listener=listener
            )
            self._stack.flush()
        else:
            self._decline(listener)

    def _decline(self, listener: OutcomeListener) -> None:
        """Who asks something of a dialog that is over must not wait for an answer."""
        if self._over:
            self._stack.notify(partial(listener, gone()))
            self._stack.flush()

    def abandon(self) -> None:
        """Lose interest: no more events, and whatever the peer still does is hung up."""
        if self._session is not None:
            self._session.abandon()
        elif self._caller is not None:
            self._caller.abandon()
        self._stack.flush()

    # What the agent brings.

    def drop(self, cause: EndCause, detail: str) -> None:
        """End without another message: our 2xx was never sent."""
        if self._session is not None:
            self._session.drop(cause, detail)

    def answer(self, incoming: Incoming, response: Response, timer: SessionTimer | None) -> None:
        """Send our 2xx to the INVITE of the peer."""
        if self._session is not None:
            self._session.answer(incoming, response, timer)

    def on_request(self, incoming: Incoming) -> None:
        tag = incoming.request.from_.tag or ""
        if self._session is not None and self._session.path.remote_tag == tag:
            self._session.on_request(incoming)
        elif self._session is None and self._caller is not None:
            self._caller.on_request(incoming)
        else:
            self._stack.respond(incoming, reply(self._stack, incoming.request, 481))

    def on_ack(self, ack: Request) -> None:
        if self._session is not None:
            self._session.on_ack(ack)

    def on_late_success(self, response: Response) -> bool:
        if self._session is not None and self._session.changes.repeat_ack(response):
            return True
        return self._caller is not None and self._caller.on_success(response)

    def _forget(self) -> None:
        self._over = True
        if self._session is not None and self._caller is not None:
            self._caller.deafen()
        self._caller = self._session = None  # they refer back: a dialog that is over is freed
        self._stack.forget(self.call_id, self.from_tag)
