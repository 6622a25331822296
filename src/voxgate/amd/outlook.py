"""What follows from the evidence if nothing else is heard, and when that is certain.

Who answers a telephone says little and waits for an answer; a machine talks on, or beeps soon after
its last word. The rules look only at the times of sounds, never at the time they were told, so the
same audio always gets the same verdict.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxgate.amd.evidence import Beep, Evidence, Stretch
from voxgate.amd.options import MS_PER_WORD, AmdOptions

# A sound is told at most this much after it began, and speech that goes on is known to have gone
# on until this long ago: what lies further back is known for good.
SETTLED_MS = 450
GOES_ON_MS = 600
# A tone gets its kind at most this much after it began.
TONE_SETTLED_MS = 3000

# Quiet after which a speaker is waiting for an answer: after a word or two, after a sentence, and
# after what is long enough for a machine, which would have beeped by then.
WORD_MS = 800
WORD_PAUSE_MS = 800
SENTENCE_PAUSE_MS = 1200
LONG_PAUSE_MS = 1800
# Nobody greets for so many times the threshold without waiting for an answer.
TALKS_ON = 1.75
# A recogniser may need this long for its last words; the timing alone does not decide before.
RECOGNISER_MS = 1500
AFTER_BEEP_MS = 1000


class Finding(enum.Enum):
    HUMAN = enum.auto()
    MACHINE = enum.auto()
    NO_SPEECH = enum.auto()
    UNDECIDED = enum.auto()  # the time for a decision is over
    GREETING_OVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Outlook:
    """`finding` holds for the moment `at_ms`; nothing heard from `certain_ms` on changes it."""

    finding: Finding
    at_ms: int
    certain_ms: int
    reason: str | None = None


def decision(evidence: Evidence, options: AmdOptions, transcripts: "Transcribed") -> Outlook:
    """The verdict that comes first."""
    outlooks = list(_decisions(evidence, options, transcripts))
    first = min(outlooks, key=lambda outlook: outlook.at_ms)
    unsure_ms = evidence.unsure_ms
    if unsure_ms is not None and unsure_ms <= first.at_ms and first.certain_ms > first.at_ms:
        certain_ms = max(first.certain_ms, unsure_ms + TONE_SETTLED_MS)
        return Outlook(first.finding, first.at_ms, certain_ms, first.reason)
    return first


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What a recogniser adds: whether there is one, and the words it has understood."""

    is_expected: bool = False
    words: int | None = None


def _decisions(
    evidence: Evidence, options: AmdOptions, transcripts: Transcribed
) -> Iterator[Outlook]:
    timers = options.timers
    for beep in evidence.beeps[:1]:
        if beep.since_ms <= timers.tone_ms:
            yield Outlook(Finding.MACHINE, beep.since_ms, beep.since_ms, "timing")
    greeting = _greeting(evidence.speech, options, transcripts)
    if greeting is not None:
        yield greeting
    has_spoken = any(stretch.since_ms < timers.no_speech_ms for stretch in evidence.speech)
    if not has_spoken and transcripts.words is None:
        at_ms = timers.no_speech_ms
        yield Outlook(Finding.NO_SPEECH, at_ms, at_ms + SETTLED_MS)
    at_ms = timers.decision_ms
    yield Outlook(Finding.UNDECIDED, at_ms, at_ms + SETTLED_MS)


def _greeting(
    speech: Sequence[Stretch], options: AmdOptions, transcripts: Transcribed
) -> Outlook | None:
    threshold_ms = options.threshold_words * MS_PER_WORD
    spoken_ms = 0
    for number, stretch in enumerate(speech, 1):
        long_ms = stretch.since_ms + round(threshold_ms * TALKS_ON) - spoken_ms
        if stretch.until_ms is None:
            return Outlook(Finding.MACHINE, long_ms, long_ms + GOES_ON_MS, "long greeting")
        if stretch.until_ms >= long_ms:
            return Outlook(Finding.MACHINE, long_ms, long_ms, "long greeting")
        spoken_ms += stretch.until_ms - stretch.since_ms
        waits_ms = stretch.until_ms + _pause_ms(spoken_ms, threshold_ms)
        if transcripts.is_expected:
            waits_ms += RECOGNISER_MS
        if number == len(speech) or speech[number].since_ms >= waits_ms:
            words = spoken_ms // MS_PER_WORD if transcripts.words is None else transcripts.words
            reason = "short greeting" if words < options.threshold_words else "timing"
            return Outlook(Finding.HUMAN, waits_ms, waits_ms + SETTLED_MS, reason)
    return None


def _pause_ms(spoken_ms: int, threshold_ms: int) -> int:
    if spoken_ms >= threshold_ms:
        return LONG_PAUSE_MS
    return WORD_PAUSE_MS if spoken_ms <= WORD_MS else SENTENCE_PAUSE_MS


def greeting_end(
    evidence: Evidence, decided_ms: int, transcribed_ms: Sequence[int], greeting_ms: int
) -> Outlook | None:
    """When the machine will have been quiet for long enough; None while it makes a sound."""
    words = [Stretch(at_ms, at_ms) for at_ms in transcribed_ms]
    sounds = sorted([*evidence.speech, *evidence.beeps, *words], key=lambda one: one.since_ms)
    quiet_ms, patience_ms = decided_ms, greeting_ms
    for sound in sounds:
        if sound.since_ms >= quiet_ms + patience_ms:
            break
        if isinstance(sound, Beep):
            patience_ms = min(AFTER_BEEP_MS, greeting_ms)
        if sound.until_ms is None:
            return None
        quiet_ms = max(quiet_ms, sound.until_ms)
    at_ms = quiet_ms + patience_ms
    return Outlook(Finding.GREETING_OVER, at_ms, at_ms + SETTLED_MS)
