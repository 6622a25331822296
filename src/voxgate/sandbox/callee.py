"""One callee on one call: carries out its script over SIP and RTP, and notes what it hears."""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.base.tasks import Nursery
from voxgate.media.engine import MediaEngine
from voxgate.media.errors import MediaError
from voxgate.media.events import (
    DigitReceived,
    DigitsSent,
    MediaEvent,
    PlaybackFinished,
    SpeechStarted,
    SpeechStopped,
)
from voxgate.model.audio import Audio
from voxgate.sandbox.calls import CallBook, CallRecord
from voxgate.sandbox.line import Line, LineSettings
from voxgate.sandbox.performance import Performance, Sign
from voxgate.sandbox.personas import Persona
from voxgate.sandbox.script import (
    Answer,
    Beep,
    Challenge,
    Early,
    HangUp,
    Hold,
    Ignore,
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
from voxgate.sandbox.voice import Sounding, Throat
from voxgate.sdp.description import SdpError
from voxgate.sip import auth
from voxgate.sip.auth import Authorization, Credentials
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import (
    AckReceived,
    ByeReceived,
    DialogEvent,
    Ended,
    InfoReceived,
    Outcome,
    ReInvited,
    Updated,
)
from voxgate.sip.dialog.invite import InviteDialog
from voxgate.sip.grammar import MalformedMessage
from voxgate.speech.contract import SpeechFailed

REALM = "sandbox"
_INFO_DIGIT = re.compile(rb"(?i)signal\s*=\s*([0-9*#A-D])")


@dataclass(frozen=True, slots=True)
class FarEnd:
    """What all callees share."""

    media: MediaEngine
    voice: Throat
    clock: Clock
    calls: CallBook
    nursery: Nursery
    capture_ms: int


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
        self._performance = Performance(persona.script)
        self._dialog: InviteDialog | None = None
        self._line: Line | None = None
        self._playback: int | None = None
        self._nonce: str | None = None
        self._held = False
        self._heard_from_s = 0.0  # when the line was connected: media events count from there
        self._heard_wall_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def begin(self) -> None:
        self._invite.on_cancel(self._cancelled)
        self._far_end.voice.prepare(self._persona.script.spoken)
        self._play(self._performance.begin(self._now()))

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
        self._hear(Sign.AUTHORIZED)

    def stop(self) -> None:
        """Leave the call, whatever its state: the sandbox is being stopped."""
        if self._over:
            return
        self.record.ended_by = self.record.ended_by or "callee"
        if self._dialog is not None:
            self._dialog.bye()
        else:
            self._invite.reject(503, "Service Unavailable")
        self._finish()

    # The script.

    def _now(self) -> float:
        return self._far_end.clock.monotonic()

    def _hear(self, sign: Sign, *, happened_at: float | None = None) -> None:
        if not self._over:
            self._play(self._performance.hear(sign, self._now(), happened_at=happened_at))

    def _play(self, steps: list[Step]) -> None:
        for step in steps:
            if self._over:
                return
            self.record.steps.append((self._far_end.clock.wall(), str(step)))
            if self._held:
                self._change_hold(held=False)
            self._carry_out(step)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._performance.deadline
        if deadline is not None and not self._over:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, deadline - self._now()), self._time_has_come)

    def _time_has_come(self) -> None:
        self._timer = None
        if not self._over:
            self._play(self._performance.on_time(self._now()))

    def _carry_out(self, step: Step) -> None:
        match step:
            case Say() | Beep() | Sit() | Ringback():
                self._far_end.nursery.start(self._sound(step), name="sound")
            case Press():
                self._press(step)
            case Hold():
                self._change_hold(held=True)
            case HangUp():
                self._hang_up(step)
            case _:
                self._carry_out_before_answer(step)

    def _carry_out_before_answer(self, step: Step) -> None:
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

    # Before the answer.

    def _refuse(self, status: int, reason: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.record.sip_status = status
        self.record.ended_by = "callee"
        self._invite.reject(status, reason, headers)
        self._finish()

    def _challenge(self, step: Challenge) -> None:
        self._nonce = secrets.token_hex(16)
        name = "WWW-Authenticate" if step.status == 401 else "Proxy-Authenticate"
        values = auth.challenges(REALM, self._nonce, algorithms=(step.algorithm,))
        self._invite.reject(step.status, headers=[(name, value) for value in values])

    def _is_authorized(self, invite: IncomingInvite) -> bool:
        step = self._performance.current
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
        self._hear(Sign.GONE)
        self._finish()

    def _go_early(self) -> None:
        offer = self._invite.request.body
        if not offer:
            self._problem("early media needs an offer in the INVITE")
            self._invite.ring(183)
            return
        line = self._open_line(mute=False)
        body = None if line is None else self._answer_offer(line, offer)
        if body is not None:
            self._invite.ring(183, body=body)

    def _answer(self, step: Answer) -> None:
        line = self._open_line(mute=step.mute)
        if line is None:
            return
        offer = self._invite.request.body
        body = self._answer_offer(line, offer) if offer else line.offer()
        if body is None:
            return
        self._dialog = self._invite.answer(body, self._on_dialog)
        if self._dialog is None:
            self._problem("the caller's session timer was refused")
            self._finish()
            return
        self.record.sip_status = 200
        self.record.answered_at = self._far_end.clock.wall()
        if self._far_end.capture_ms:
            line.stream.start_capture(limit_ms=self._far_end.capture_ms)

    def _open_line(self, *, mute: bool) -> Line | None:
        if self._line is not None:
            if mute:
                self._line.mute()
            return self._line
        settings = LineSettings(self._persona.codecs, secrets.randbits(31), mute)
        try:
            self._line = Line.open(self._far_end.media, settings, self._on_media)
        except MediaError as full:
            self._problem(str(full))
            self._refuse(503, "Service Unavailable")
        return self._line

    def _answer_offer(self, line: Line, offer: bytes) -> bytes | None:
        """Our description, or None when theirs was refused with 488."""
        try:
            body = line.answer(offer)
        except SdpError as unusable:
            self._problem(str(unusable))
            self._refuse(488, "Not Acceptable Here")
            return None
        self._note_connection(line)
        return body

    def _note_connection(self, line: Line) -> None:
        if line.facts is not None and self.record.codec is None:
            self._heard_from_s, self._heard_wall_s = self._now(), self._far_end.clock.wall()
            self.record.codec = line.facts.codec_name

    # On the line.

    async def _sound(self, step: Sounding) -> None:
        try:
            audio = await self._far_end.voice.sound_of(step)
        except SpeechFailed as failure:
            self._problem(str(failure))
            self._hear(Sign.PLAYED)
            return
        self._start_playback(audio, step)

    def _start_playback(self, audio: Audio, step: Sounding) -> None:
        if self._over or self._line is None:
            return
        if isinstance(step, Say):
            self.record.said.append(step.text)
        self._playback = self._line.stream.play(audio)

    def _press(self, step: Press) -> None:
        if self._line is None:
            return
        try:
            self._line.stream.send_digits(step.digits)
        except MediaError as impossible:
            self._problem(str(impossible))
            self._far_end.nursery.start(self._skip(Sign.PRESSED), name="skip")
            return
        self.record.pressed += step.digits

    async def _skip(self, sign: Sign) -> None:
        """Go on with the script after the present step could not be done."""
        self._hear(sign)

    def _change_hold(self, *, held: bool) -> None:
        self._held = held
        if self._dialog is not None and self._line is not None:
            self._dialog.reinvite(self._line.offer(hold=held), self._on_reinvite_answered)

    def _on_reinvite_answered(self, outcome: Outcome) -> None:
        if self._over or self._line is None:
            return
        if not outcome.success:
            self._problem(f"the re-INVITE was answered {outcome.status} {outcome.reason}")
            return
        try:
            self._line.accept(outcome.body)
        except SdpError as unusable:
            self._problem(str(unusable))

    def _hang_up(self, step: HangUp) -> None:
        self.record.ended_by = "callee"
        reason = [] if step.cause is None else [("Reason", f"Q.850;cause={step.cause}")]
        if self._dialog is not None:
            self._dialog.bye(reason)

    def _on_media(self, event: MediaEvent) -> None:
        if self._over:
            return
        match event:
            case PlaybackFinished() if event.playback == self._playback:
                self._playback = None
                self._hear(Sign.PLAYED)
            case DigitsSent():
                self._hear(Sign.PRESSED)
            case DigitReceived():
                self._take_digit(event.digit)
            case SpeechStarted():
                self.record.speech.append((self._heard_wall_s + event.at_ms / 1000, None))
                self._hear(Sign.SPEECH_BEGAN)
            case SpeechStopped():
                # Told some time after it happened: only a pause proves the end of a sentence.
                self._close_speech(self._heard_wall_s + event.at_ms / 1000)
                happened_at = self._heard_from_s + event.at_ms / 1000
                self._hear(Sign.SPEECH_ENDED, happened_at=happened_at)
            case _:
                pass

    def _take_digit(self, digit: str) -> None:
        self.record.digits += digit
        self._hear(Sign.DIGIT)

    def _close_speech(self, at: float) -> None:
        speech = self.record.speech
        if speech and speech[-1][1] is None:
            speech[-1] = (speech[-1][0], at)

    def _on_dialog(self, event: DialogEvent) -> None:
        match event:
            case ReInvited() | Updated():
                self._renegotiate(event)
            case AckReceived() if event.body and self._line is not None:
                self._take_late_answer(self._line, event.body)
            case InfoReceived():
                found = _INFO_DIGIT.search(event.body)
                if found is not None:
                    self._take_digit(found[1].decode().upper())
            case ByeReceived():
                self.record.ended_by = self.record.ended_by or "caller"
                self.record.bye_headers = list(event.headers)
                self._hear(Sign.GONE)
            case Ended():
                self.record.ended_by = self.record.ended_by or "network"
                if event.cause not in {"bye-sent", "bye-received"}:
                    self._problem(f"the dialog ended: {event.cause} {event.detail}".strip())
                self._finish()
            case _:
                pass

    def _renegotiate(self, event: ReInvited | Updated) -> None:
        if self._line is None:
            event.respond(481)
        elif event.offer is None:
            body = self._line.offer() if isinstance(event, ReInvited) else b""
            event.respond(200, body=body)
        else:
            try:
                body = self._line.answer(event.offer)
            except SdpError as unusable:
                self._problem(str(unusable))
                event.respond(488)
                return
            event.respond(200, body=body)

    def _take_late_answer(self, line: Line, body: bytes) -> None:
        try:
            line.accept(body)
        except SdpError as unusable:
            self._problem(str(unusable))
        self._note_connection(line)

    # The end.

    def _problem(self, text: str) -> None:
        self.record.problems.append(text)

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._arm()
        self.record.ended_at = self._far_end.clock.wall()
        self._close_speech(self.record.ended_at)
        if self._line is not None:
            self._keep_what_was_heard(self._line)
            self._line.close()
        self.record.ended.set()
        self._on_over(self)

    def _keep_what_was_heard(self, line: Line) -> None:
        stats = line.stream.stats()
        self.record.packets_received = stats.packets_received
        self.record.packets_sent = stats.packets_sent
        self.record.packets_lost = stats.lost
        captured = line.stream.take_capture()
        if captured:
            self._far_end.calls.keep_capture(self.record, captured)
