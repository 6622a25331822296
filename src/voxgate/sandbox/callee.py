"""One callee on one call: carries out its script from the INVITE to the end."""

import secrets
from collections.abc import Callable

from voxgate.media.errors import MediaError
from voxgate.sandbox.calls import CallRecord
from voxgate.sandbox.conversation import Conversation, Surroundings
from voxgate.sandbox.far_end import FarEnd
from voxgate.sandbox.performance import Sign
from voxgate.sandbox.personas import Persona
from voxgate.sandbox.prompter import Prompter
from voxgate.sandbox.steps import (
    BEFORE_ANSWER,
    Answer,
    Beep,
    Busy,
    Challenge,
    Early,
    HangUp,
    Hold,
    Ignore,
    Noise,
    Press,
    Redirect,
    Reject,
    Ring,
    Ringback,
    Say,
    Sit,
    StayTrying,
    Step,
)
from voxgate.sdp.description import SdpError
from voxgate.sip import auth
from voxgate.sip.auth import Authorization, Credentials
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import DialogEvent
from voxgate.sip.grammar import MalformedMessage

REALM = "sandbox"


class Callee:
    """Lives from the INVITE to the end of the call; `on_over` is called once, at that end."""

    def __init__(
        self,
        far_end: FarEnd,
        invite: IncomingInvite,
        persona: Persona,
        record: CallRecord,
        on_over: Callable[["Callee"], None],
    ) -> None:
        self.record = record
        self._far_end = far_end
        self._invite = invite
        self._persona = persona
        self._on_over = on_over
        self._prompter = Prompter(persona.script, far_end.clock, self._perform)
        self._conversation: Conversation | None = None
        self._nonce: str | None = None
        self._over = False

    def begin(self) -> None:
        self._invite.on_cancel(self._cancelled)
        self._far_end.voice.prepare(self._persona.script.spoken)
        self._prompter.begin()

    @property
    def waits_for_credentials(self) -> bool:
        return self._nonce is not None and not self._over

    def authorize(self, invite: IncomingInvite) -> None:
        """The caller came back with an answer to our challenge, right or wrong."""
        self._invite = invite
        invite.on_cancel(self._cancelled)
        if not self._is_authorized(invite):
            self._refuse(403, "Forbidden")
            return
        self._nonce = None
        self._prompter.hear(Sign.AUTHORIZED)

    def stop(self) -> None:
        """Leave the call, whatever its state: the sandbox is being stopped."""
        if self._over:
            return
        self.record.ended_by = self.record.ended_by or "callee"
        if self.record.answered_at is not None and self._conversation is not None:
            self._conversation.hang_up()
        else:
            self._invite.reject(503, "Service Unavailable")
        self._finish()

    def _perform(self, step: Step) -> None:
        self.record.steps.append((self._far_end.clock.wall(), str(step)))
        if self._conversation is None or isinstance(step, BEFORE_ANSWER | Answer):
            self._perform_at_the_door(step)
        else:
            self._perform_on_the_line(self._conversation, step)

    def _perform_on_the_line(self, conversation: Conversation, step: Step) -> None:
        conversation.resume()
        match step:
            case Say() | Beep() | Sit() | Ringback() | Busy() | Noise():
                conversation.make(step)
            case Press():
                conversation.press(step)
            case Hold():
                conversation.hold()
            case HangUp():
                self.record.ended_by = "callee"
                conversation.hang_up(step)
            case _:
                pass

    def _perform_at_the_door(self, step: Step) -> None:
        match step:
            case Ring():
                self._invite.ring()
            case Early():
                self._go_early()
            case Answer():
                self._answer(step)
            case Reject():
                self._refuse(step.status, step.reason, step.headers)
            case Redirect():
                contact = f"<{self._invite.request.uri.with_user(step.number)}>"
                self._refuse(302, "Moved Temporarily", (("Contact", contact),))
            case Challenge():
                self._challenge(step)
            case StayTrying():
                self._invite.ring(100)
            case Ignore():
                self._invite.ignore()
                self._finish()
            case _:
                pass

    def _refuse(self, status: int, reason: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.record.sip_status = status
        self.record.ended_by = "callee"
        self._invite.reject(status, reason, headers)
        self._finish()

    def _challenge(self, step: Challenge) -> None:
        self._nonce = secrets.token_hex(16)
        name = "WWW-Authenticate" if step.status == 401 else "Proxy-Authenticate"
        values = auth.challenges(REALM, self._nonce, algorithms=(step.algorithm,))
        self.record.sip_status = step.status
        self._invite.reject(step.status, headers=[(name, value) for value in values])

    def _is_authorized(self, invite: IncomingInvite) -> bool:
        step = self._prompter.current
        if not isinstance(step, Challenge):
            return False
        name = "Authorization" if step.status == 401 else "Proxy-Authorization"
        value = invite.request.headers.get(name)
        if value is None:
            return False
        try:
            given = Authorization.parse(value)
        except MalformedMessage:
            return False
        right = Credentials(step.username, step.password)
        return given.nonce == self._nonce and auth.verify(
            given, right, method="INVITE", body=invite.request.body
        )

    def _cancelled(self) -> None:
        self.record.sip_status = 487
        self.record.ended_by = "caller"
        self._finish()

    def _go_early(self) -> None:
        if not self._invite.request.body:
            self.record.problems.append("early media needs an offer in the INVITE")
        body = self._open_conversation(mute=False)
        if body is not None:
            self._invite.ring(183, body=body if self._invite.request.body else b"")

    def _answer(self, step: Answer) -> None:
        body = self._open_conversation(mute=step.mute)
        if body is None or self._conversation is None:
            return
        dialog = self._invite.answer(body, self._on_dialog)
        if dialog is None:
            self.record.problems.append("the caller's session timer was refused")
            self._finish()
            return
        self.record.sip_status = 200
        self.record.answered_at = self._far_end.clock.wall()
        self._conversation.answered(dialog)

    def _open_conversation(self, *, mute: bool) -> bytes | None:
        """Our description, or None when the call was refused for want of one."""
        around = Surroundings(self._far_end, self.record, self._prompter, self._finish)
        try:
            if self._conversation is None:
                self._conversation = Conversation(around, self._persona.codecs)
            return self._conversation.describe(self._invite.request.body, mute=mute)
        except MediaError as full:
            self.record.problems.append(str(full))
            self._refuse(503, "Service Unavailable")
        except SdpError as unusable:
            self.record.problems.append(str(unusable))
            self._refuse(488, "Not Acceptable Here")
        return None

    def _on_dialog(self, event: DialogEvent) -> None:
        if self._conversation is not None:
            self._conversation.on_dialog(event)

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._prompter.stop()
        self.record.ended_at = self._far_end.clock.wall()
        if self._conversation is not None:
            self._conversation.close()
        self.record.ended.set()
        self._on_over(self)
