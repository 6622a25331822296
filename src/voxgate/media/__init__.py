"""The Python face of the Rust media core: streams that play, listen and tell what they hear."""

from voxgate.media.engine import EngineStats, MediaEngine, MediaSettings
from voxgate.media.errors import MediaError, NoPortsLeft, Overloaded, StreamClosed
from voxgate.media.events import (
    DigitReceived,
    DigitsSent,
    DigitStarted,
    FirstPacket,
    MediaEvent,
    MediaTimeout,
    PlaybackFinished,
    PlaybackId,
    RecordingFailed,
    RemoteLatched,
    Silence,
    SpeechStarted,
    SpeechStopped,
    ToneHeard,
    ToneKind,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
)
from voxgate.media.hearing import hear
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.room import Room, Seat
from voxgate.media.stream import Stream, StreamStats
from voxgate.media.taps import Injection, Mix, Recording, Tap
from voxgate.media.track import Track

__all__ = [
    "Codec",
    "DigitReceived",
    "DigitStarted",
    "DigitsSent",
    "EngineStats",
    "FirstPacket",
    "Injection",
    "MediaEngine",
    "MediaError",
    "MediaEvent",
    "MediaPlan",
    "MediaSettings",
    "MediaTimeout",
    "Mix",
    "NoPortsLeft",
    "Overloaded",
    "PlaybackFinished",
    "PlaybackId",
    "Recording",
    "RecordingFailed",
    "RemoteLatched",
    "Room",
    "Seat",
    "Silence",
    "SpeechStarted",
    "SpeechStopped",
    "Stream",
    "StreamClosed",
    "StreamStats",
    "Tap",
    "ToneHeard",
    "ToneKind",
    "ToneStarted",
    "ToneStopped",
    "Track",
    "VoiceStarted",
    "VoiceStopped",
    "hear",
]
