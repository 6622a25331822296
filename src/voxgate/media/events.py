"""What a stream tells its listener. Times count from the first `connect`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NewType

PlaybackId = NewType("PlaybackId", int)


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


MediaEvent = (
    DigitReceived
    | DigitsSent
    | PlaybackFinished
    | SpeechStarted
    | SpeechStopped
    | Silence
    | MediaTimeout
    | FirstPacket
    | RemoteLatched
)

# The core's name of each event, except the one that only its stream can complete.
EVENTS: Mapping[str, Callable[..., MediaEvent]] = {
    "digit": DigitReceived,
    "playback": PlaybackFinished,
    "speech_started": SpeechStarted,
    "speech_stopped": SpeechStopped,
    "silence": Silence,
    "timeout": MediaTimeout,
    "first_packet": FirstPacket,
    "latched": RemoteLatched,
}
