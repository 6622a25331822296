"""What was heard since the answer: stretches of speech, and beeps. Times in milliseconds."""

from dataclasses import dataclass, field, replace
from typing import TypeVar

from voxgate.media.events import (
    MediaEvent,
    ToneHeard,
    ToneKind,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of speech or a beep; still going on while `until_ms` is None."""

    since_ms: int
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Beep(Stretch):
    frequency_hz: float = 0.0
    variance: float = 0.0


S = TypeVar("S", bound=Stretch)


@dataclass(slots=True)
class Evidence:
    """Everything a verdict may rest on; kept whole, so that it can be judged again."""

    speech: list[Stretch] = field(default_factory=list)
    beeps: list[Beep] = field(default_factory=list)
    unsure_ms: int | None = None  # a tone that has no kind yet began then

    def take(self, event: MediaEvent, origin_ms: int) -> None:
        """`origin_ms`: the answer, on the event's clock. What was over before it is left out."""
        match event:
            case VoiceStarted(at_ms):
                self.speech.append(Stretch(max(0, at_ms - origin_ms)))
            case VoiceStopped(at_ms):
                _end(self.speech, at_ms - origin_ms)
            case ToneHeard(at_ms):
                self.unsure_ms = at_ms - origin_ms
            case ToneStarted(kind, frequency_hz, at_ms, variance):
                self.unsure_ms = None
                if kind is ToneKind.BEEP:
                    since_ms = max(0, at_ms - origin_ms)
                    self.beeps.append(Beep(since_ms, None, frequency_hz, variance))
            case ToneStopped(ToneKind.BEEP, at_ms):
                _end(self.beeps, at_ms - origin_ms)
            case _:
                return


def _end(stretches: list[S], until_ms: int) -> None:
    if stretches and stretches[-1].until_ms is None:
        last = stretches.pop()
        if until_ms > last.since_ms:
            stretches.append(replace(last, until_ms=until_ms))
