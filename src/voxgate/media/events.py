"""What a stream tells its listener. Times count from the first `connect`."""

import enum
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NewType

PlaybackId = NewType("PlaybackId", int)


@dataclass(frozen=True, slots=True)
class DigitStarted:
    """A key is pressed; DigitReceived follows when it is let go."""

    digit: str


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """A key was pressed and let go: 0-9, *, #, A-D, or F for the hook flash."""

    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """All digits of one `send_digits`, and the gap after them, have been sent."""

    digits: str


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """Every playback ends with exactly one of these, unless its stream is closed first."""

    playback: PlaybackId
    played_ms: int
    cut: bool


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The far end began to speak at `at_ms`, some 60 ms before this is told."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The far end stopped at `at_ms`; told once a pause of 400 ms has proven it."""

    at_ms: int
    speech_ms: int


class ToneKind(enum.StrEnum):
    """What a tone is. `information`: the three rising notes before a network's announcement."""

    BEEP = "beep"
    RINGBACK = "ringback"
    BUSY = "busy"
    DIAL = "dial"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """A tone began at `at_ms` whose kind only its length and repetition will show.

    Its ToneStarted follows, with the same `at_ms`.
    """

    at_ms: int


@dataclass(frozen=True, slots=True)
class ToneStarted:
    """A tone began at `at_ms`; told once it is certain what it is, which may be after its end.

    `frequency_hz` is the lower one of two; `variance` its mean square deviation in square hertz.
    See `Stream.watch_tones`.
    """

    kind: ToneKind
    frequency_hz: float
    at_ms: int
    variance: float


@dataclass(frozen=True, slots=True)
class ToneStopped:
    """The tone ended at `at_ms`, after `ms`."""

    kind: ToneKind
    at_ms: int
    ms: int


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    """Speech that is neither tone nor noise began; later and surer than SpeechStarted.

    See `Stream.watch_tones`.
    """

    at_ms: int


@dataclass(frozen=True, slots=True)
class VoiceStopped:
    """It ended at `at_ms`, after `ms`; told once a pause of 300 ms has proven it."""

    at_ms: int
    ms: int


@dataclass(frozen=True, slots=True)
class Silence:
    """The far end has not spoken for `ms`; told once for each silence, see `watch_silence`."""

    ms: int


@dataclass(frozen=True, slots=True)
class MediaTimeout:
    """Neither RTP nor RTCP came for this long; told again only after something came."""

    seconds: float


@dataclass(frozen=True, slots=True)
class FirstPacket:
    """The first RTP packet of the far end."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class RemoteLatched:
    """The far end sends from another address than it said, and is answered there from now on."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """A recording ended early because its file could not be written; the call goes on."""

    recording: int
    reason: str


MediaEvent = (
    DigitStarted
    | DigitReceived
    | DigitsSent
    | PlaybackFinished
    | SpeechStarted
    | SpeechStopped
    | ToneHeard
    | ToneStarted
    | ToneStopped
    | VoiceStarted
    | VoiceStopped
    | Silence
    | MediaTimeout
    | FirstPacket
    | RemoteLatched
    | RecordingFailed
)

# The core's name of each event, except the one that only its stream can complete.
EVENTS: Mapping[str, Callable[..., MediaEvent]] = {
    "digit_started": DigitStarted,
    "digit": DigitReceived,
    "playback": PlaybackFinished,
    "speech_started": SpeechStarted,
    "speech_stopped": SpeechStopped,
    "tone_heard": ToneHeard,
    "tone_started": lambda kind, *facts: ToneStarted(ToneKind(kind), *facts),
    "tone_stopped": lambda kind, *facts: ToneStopped(ToneKind(kind), *facts),
    "voice_started": VoiceStarted,
    "voice_stopped": VoiceStopped,
    "silence": Silence,
    "timeout": MediaTimeout,
    "first_packet": FirstPacket,
    "latched": RemoteLatched,
    "recording_failed": lambda number, error: RecordingFailed(number, os.strerror(error)),
}
