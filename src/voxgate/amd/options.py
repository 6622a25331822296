"""What an application may set of the detection, with the defaults of the wire contract."""

from dataclasses import dataclass, field

# Speech of one word: 150 words a minute, as people read.
MS_PER_WORD = 400


@dataclass(frozen=True, slots=True)
class Timers:
    """All from the answer, except `greeting_ms`: quiet that ends a machine's greeting.

    `tone_ms` does not count while a machine speaks: its beep comes after its last word.
    """

    no_speech_ms: int = 5000
    decision_ms: int = 15_000
    tone_ms: int = 20_000
    greeting_ms: int = 2000


@dataclass(frozen=True, slots=True)
class AmdOptions:
    """`threshold_words`: a greeting this long is a machine's.

    `digits`: so many in a row are, too; 0 is off.
    """

    threshold_words: int = 9
    digits: int = 0
    timers: Timers = field(default_factory=Timers)
    language: str | None = None
