"""What a callee says, presses and hears on an open line, and what the caller does to it."""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from voxgate.sandbox.calls import CallRecord
from voxgate.sandbox.far_end import FarEnd
from voxgate.sandbox.line import Line, LineSettings
from voxgate.sandbox.performance import Sign
from voxgate.sandbox.prompter import Prompter
from voxgate.sandbox.sound import line_noise, over_noise
from voxgate.sandbox.steps import HangUp, Noise, Press, Say
from voxgate.sandbox.voice import Sounding
from voxgate.sdp.description import SdpError
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
from voxgate.speech.contract import SpeechFailed

_INFO_DIGIT = re.compile(rb"(?i)signal\s*=\s*([0-9*#A-D])")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whom a conversation tells what happens."""

    far_end: FarEnd
    record: CallRecord
    prompter: Prompter
    on_end: Callable[[], None]


class Conversation:
    """From the first sound, early or answered, to the end of the call. Must be closed."""

    def __init__(self, around: Surroundings, codecs: Sequence[str]) -> None:
        """Raises MediaError when no port is free."""
        self._far_end = around.far_end
        self._record = around.record
        self._prompter = around.prompter
        self._on_end = around.on_end
        self._line = Line.open(
            around.far_end.media, LineSettings(codecs, secrets.randbits(31)), self._on_media
        )
        self._dialog: InviteDialog | None = None
        self._playback: int | None = None
        self._noise: Audio | None = None
        self._held = False
        self._closed = False
        self._connected_s = 0.0  # media events count from there
        self._connected_wall_s = 0.0

    # The line.

    def describe(self, offer: bytes, *, mute: bool = False) -> bytes:
        """Our description for the caller's, or an offer when it sent none. Raises SdpError."""
        if mute:
            self._line.mute()
        if not offer:
            return self._line.offer()
        body = self._line.answer(offer)
        self._note_connection()
        return body

    def answered(self, dialog: InviteDialog) -> None:
        self._dialog = dialog
        if self._far_end.capture_ms:
            self._line.stream.start_capture(limit_ms=self._far_end.capture_ms)

    def _note_connection(self) -> None:
        if self._line.facts is not None and self._record.codec is None:
            self._connected_s = self._far_end.clock.monotonic()
            self._connected_wall_s = self._far_end.clock.wall()
            self._record.codec = self._line.facts.codec_name

    def close(self) -> None:
        """Keep what was heard and give the ports back."""
        if self._closed:
            return
        self._closed = True
        stats = self._line.stream.stats()
        self._record.packets_received = stats.packets_received
        self._record.packets_sent = stats.packets_sent
        self._record.packets_lost = stats.lost
        captured = self._line.stream.take_capture()
        if captured:
            self._far_end.calls.keep_capture(self._record, captured)
        self._line.close()
        self._close_speech(self._far_end.clock.wall())

    # What the callee does.

    def make(self, step: Sounding | Noise) -> None:
        """Play the sound of a step; `Sign.PLAYED` follows, except noise, which never ends."""
        if isinstance(step, Noise):
            self._noise = line_noise(step.level_db)
            self._line.stream.play(self._noise, loops=0)
            return
        self._far_end.nursery.start(self._make(step), name="sound")

    async def _make(self, step: Sounding) -> None:
        try:
            audio = await self._far_end.voice.sound_of(step)
        except SpeechFailed as failure:
            self._record.problems.append(str(failure))
            self._prompter.hear(Sign.PLAYED)
            return
        if not self._closed:
            self._play(audio, step)

    def _play(self, audio: Audio, step: Sounding) -> None:
        if isinstance(step, Say):
            self._record.said.append(step.text)
        if self._noise is None:
            self._playback = self._line.stream.play(audio)
            return
        self._playback = self._line.stream.play(over_noise(audio, self._noise))
        self._line.stream.queue(self._noise)

    def press(self, step: Press) -> None:
        """`Sign.PRESSED` follows, also when the caller does not take digits."""
        try:
            self._line.stream.send_digits(step.digits)
        except MediaError as impossible:
            self._record.problems.append(str(impossible))
            # Not from within the step itself, whose caller has not yet gone on.
            asyncio.get_running_loop().call_soon(self._prompter.hear, Sign.PRESSED)
        else:
            self._record.pressed += step.digits

    def hold(self) -> None:
        self._held = True
        self._reinvite()

    def resume(self) -> None:
        """Take the call back from hold; nothing when it is not held."""
        if self._held:
            self._held = False
            self._reinvite()

    def _reinvite(self) -> None:
        if self._dialog is not None:
            self._dialog.reinvite(self._line.offer(hold=self._held), self._on_reinvite_answered)

    def hang_up(self, step: HangUp | None = None) -> None:
        reason = [] if step is None or step.cause is None else [f"Q.850;cause={step.cause}"]
        if self._dialog is not None:
            self._dialog.bye([("Reason", value) for value in reason])

    # What happens to it.

    def _on_media(self, event: MediaEvent) -> None:
        if self._closed:
            return
        match event:
            case PlaybackFinished() if event.playback == self._playback:
                self._playback = None
                if self._noise is not None:
                    self._line.stream.play(self._noise, loops=0)
                self._prompter.hear(Sign.PLAYED)
            case DigitsSent():
                self._prompter.hear(Sign.PRESSED)
            case DigitReceived():
                self._take_digit(event.digit)
            case SpeechStarted():
                began_at = self._connected_wall_s + event.at_ms / 1000
                self._record.speech.append((began_at, None))
                self._prompter.hear(Sign.SPEECH_BEGAN)
            case SpeechStopped():
                # Told some time after it happened: only a pause proves the end of a sentence.
                self._close_speech(self._connected_wall_s + event.at_ms / 1000)
                ended_at = self._connected_s + event.at_ms / 1000
                self._prompter.hear(Sign.SPEECH_ENDED, happened_at=ended_at)
            case _:
                pass

    def _take_digit(self, digit: str) -> None:
        self._record.digits += digit
        self._prompter.hear(Sign.DIGIT)

    def _close_speech(self, at: float) -> None:
        speech = self._record.speech
        if speech and speech[-1][1] is None:
            speech[-1] = (speech[-1][0], at)

    def on_dialog(self, event: DialogEvent) -> None:
        match event:
            case ReInvited() | Updated():
                self._renegotiate(event)
            case AckReceived() if event.body:
                self.accept(event.body)
            case InfoReceived():
                found = _INFO_DIGIT.search(event.body)
                if found is not None:
                    self._take_digit(found[1].decode().upper())
            case ByeReceived():
                self._record.ended_by = self._record.ended_by or "caller"
                self._record.bye_headers = list(event.headers)
                self._prompter.hear(Sign.GONE)
            case Ended():
                self._record.ended_by = self._record.ended_by or "network"
                if event.cause not in {"bye-sent", "bye-received"}:
                    problem = f"the dialog ended: {event.cause} {event.detail}".strip()
                    self._record.problems.append(problem)
                self._on_end()
            case _:
                pass

    def _renegotiate(self, event: ReInvited | Updated) -> None:
        if event.offer is None:
            # An UPDATE without a description only refreshes the session (RFC 4028).
            event.respond(200, body=self._line.offer() if isinstance(event, ReInvited) else b"")
            return
        try:
            body = self._line.answer(event.offer)
        except SdpError as unusable:
            self._record.problems.append(str(unusable))
            event.respond(488)
        else:
            event.respond(200, body=body)

    def _on_reinvite_answered(self, outcome: Outcome) -> None:
        if outcome.success:
            self.accept(outcome.body)
        elif not self._closed:
            problem = f"the re-INVITE was answered {outcome.status} {outcome.reason}"
            self._record.problems.append(problem)

    def accept(self, answer: bytes) -> None:
        """The other side's description for our last offer."""
        if self._closed:
            return
        try:
            self._line.accept(answer)
        except SdpError as unusable:
            self._record.problems.append(str(unusable))
        self._note_connection()
