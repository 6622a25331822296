"""The detection on one answered call: feed it what is heard, read and timed; it tells its events.

Times are those of the media events (`Stream.age_ms`), in milliseconds; no clock is read here.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from voxgate.amd.evidence import Evidence
from voxgate.amd.hints import Hints
from voxgate.amd.options import AmdOptions
from voxgate.amd.outlook import Finding, Outlook, Transcribed, decision, greeting_end
from voxgate.media.events import MediaEvent
from voxgate.model.calls import Json
from voxgate.speech.words import count_words, longest_number

# The words before these of a greeting tell nothing more.
GREETING_MAX = 4000
TRANSCRIPTS_MAX = 1000


class AmdType(enum.StrEnum):
    HUMAN = "amd_human_detected"
    MACHINE = "amd_machine_detected"
    NO_SPEECH = "amd_no_speech_detected"
    DECISION_TIMEOUT = "amd_decision_timeout"
    STOPPED_SPEAKING = "amd_machine_stopped_speaking"
    TONE = "amd_tone_detected"
    ERROR = "amd_error"
    STOPPED = "amd_stopped"


@dataclass(frozen=True, slots=True)
class AmdEvent:
    """One event as the application gets it."""

    type: AmdType
    facts: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {"type": self.type.value, **self.facts}


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser understood; interim ones are followed by others of the same words."""

    text: str
    is_final: bool
    language: str | None = None


_OVER = {
    Finding.NO_SPEECH: AmdType.NO_SPEECH,
    Finding.UNDECIDED: AmdType.DECISION_TIMEOUT,
    Finding.GREETING_OVER: AmdType.STOPPED_SPEAKING,
}


class Detector:
    """`answered_ms`: the 200 OK on the clock of the media events; everything counts from it.

    `rang_ms`, how long it rang before that, is told with the verdict and changes none: when a
    voicemail takes over is its owner's choice, and people answer at that moment too.

    Carry out the events in order. Call `on_time` when `deadline_ms` has come.
    """

    def __init__(
        self,
        options: AmdOptions,
        hints: Hints,
        *,
        answered_ms: int = 0,
        rang_ms: int | None = None,
        is_transcribed: bool = False,
    ) -> None:
        self.evidence = Evidence()
        self.is_over = False
        self._options = options
        self._hints = hints
        self._answered_ms = answered_ms
        self._rang: Json = {} if rang_ms is None else {"ring_ms": rang_ms}
        self._is_transcribed = is_transcribed
        self._language = options.language
        self._finals = ""
        self._greeting = ""
        self._transcribed_ms: list[int] = []
        self._machine_ms: int | None = None
        self._beeps_told = 0

    @property
    def deadline_ms(self) -> int | None:
        outlook = None if self.is_over else self._outlook()
        return None if outlook is None else self._answered_ms + outlook.certain_ms

    def hear(self, event: MediaEvent, now_ms: int) -> list[AmdEvent]:
        if self.is_over:
            return []
        self.evidence.take(event, self._answered_ms)
        return self.on_time(now_ms)

    def read(self, transcript: Transcript, now_ms: int) -> list[AmdEvent]:
        """The first rule that fits a transcript decides; later ones restart the greeting's timer."""
        if self.is_over or not transcript.text.strip():
            return []
        events = self.on_time(now_ms)
        at_ms = now_ms - self._answered_ms
        if len(self._transcribed_ms) < TRANSCRIPTS_MAX:
            self._transcribed_ms.append(at_ms)
        self._language = transcript.language or self._language
        self._greeting = f"{self._finals} {transcript.text}".strip()[-GREETING_MAX:]
        if transcript.is_final:
            self._finals = self._greeting
        if not self.is_over and self._machine_ms is None:
            events += self._judge(transcript.is_final, at_ms)
        return events + self.on_time(now_ms)

    def fail(self, vendor: str, error: str) -> list[AmdEvent]:
        """The recogniser is of no use: say so, and go on by the timing alone."""
        if self.is_over:
            return []
        self._is_transcribed = False
        return [AmdEvent(AmdType.ERROR, {"vendor": vendor, "error": error})]

    def stop(self) -> list[AmdEvent]:
        if self.is_over:
            return []
        self.is_over = True
        return [AmdEvent(AmdType.STOPPED)]

    def on_time(self, now_ms: int) -> list[AmdEvent]:
        """What has become certain by now."""
        events: list[AmdEvent] = []
        while not self.is_over:
            events += self._untold_beeps()
            outlook = self._outlook()
            if outlook is None or outlook.certain_ms > now_ms - self._answered_ms:
                break
            events += self._follow(outlook)
        return events

    def _outlook(self) -> Outlook | None:
        if self._machine_ms is None:
            words = count_words(self._greeting) if self._greeting else None
            transcribed = Transcribed(self._is_transcribed, words)
            return decision(self.evidence, self._options, transcribed)
        greeting_ms = self._options.timers.greeting_ms
        return greeting_end(self.evidence, self._machine_ms, self._transcribed_ms, greeting_ms)

    def _follow(self, outlook: Outlook) -> list[AmdEvent]:
        reason = outlook.reason or ""
        if outlook.finding is Finding.MACHINE:
            return self._machine(outlook.at_ms, reason)
        if outlook.finding is Finding.HUMAN:
            return self._human(reason)
        rang = {} if outlook.finding is Finding.GREETING_OVER else self._rang
        return [AmdEvent(_OVER[outlook.finding], rang), *self.stop()]

    def _judge(self, is_final: bool, at_ms: int) -> list[AmdEvent]:  # noqa: FBT001 - a fact
        hint = self._hints.found_in(self._greeting, self._language)
        if hint is not None:
            return self._machine(at_ms, "hint", {"hint": hint})
        digits = self._options.digits
        if digits and longest_number(self._greeting) >= digits:
            return self._machine(at_ms, "digit count")
        if count_words(self._greeting) >= self._options.threshold_words:
            return self._machine(at_ms, "long greeting")
        return self._human("short greeting") if is_final else []

    def _machine(self, at_ms: int, reason: str, facts: Json | None = None) -> list[AmdEvent]:
        self._machine_ms = at_ms
        return [AmdEvent(AmdType.MACHINE, self._facts(reason, facts))]

    def _human(self, reason: str) -> list[AmdEvent]:
        return [AmdEvent(AmdType.HUMAN, self._facts(reason)), *self.stop()]

    def _facts(self, reason: str, facts: Json | None = None) -> Json:
        found: Json = {"reason": reason}
        if facts is not None:
            found |= facts
        elif self._greeting:
            found["greeting"] = self._greeting
        if self._language is not None:
            found["language"] = self._language
        return found | self._rang

    def _untold_beeps(self) -> list[AmdEvent]:
        """Beeps of a machine; before it is known for one, the first of them makes it known."""
        if self._machine_ms is None:
            return []
        untold = self.evidence.beeps[self._beeps_told :]
        self._beeps_told += len(untold)
        return [
            AmdEvent(
                AmdType.TONE,
                {"frequency": round(beep.frequency_hz, 1), "variance": round(beep.variance, 3)},
            )
            for beep in untold
        ]
