"""What a synthesizer is: speech described as values in, sound out, or a named failure."""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

from voxgate.base.errors import VoxgateError
from voxgate.model.audio import Audio
from voxgate.model.speech import Voice


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words spoken in one breath and one manner."""

    text: str
    rate: float = 1.0  # of the voice's own speed
    pitch: float = 1.0  # of the voice's own pitch
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    ms: int


Segment = Phrase | Silence


@dataclass(frozen=True, slots=True)
class Utterance:
    """Everything the sound depends on, and so also what a cache looks it up by."""

    segments: tuple[Segment, ...]
    voice: Voice
    gender: str | None = None  # MALE, FEMALE or NEUTRAL; used when the voice has no name
    rate_hz: int = 8000
    engine: str = "neural"
    options: str | None = None  # the vendor's own object, as JSON with sorted keys
    instructions: str | None = None

    def by(self, voice: Voice) -> "Utterance":
        """The same words in another voice; another vendor knows nothing of engine and options."""
        if voice.vendor == self.voice.vendor:
            return replace(self, voice=voice)
        return replace(self, voice=voice, engine="neural", options=None)


@dataclass(frozen=True, slots=True)
class SpeechAlert:
    """Something an account should hear about although there was speech."""

    alert_type: str  # no-tts or tts-failure of the wire contract
    message: str
    detail: str | None = None
    is_failover: bool = True  # another voice spoke instead


FailureKind = Literal["unknown-vendor", "unknown-voice", "busy", "failed"]


class SpeechFailed(VoxgateError):
    """A vendor did not speak."""

    def __init__(self, kind: FailureKind, vendor: str, detail: str) -> None:
        super().__init__(f"text to speech request to {vendor} failed: {detail}")
        self.kind = kind
        self.vendor = vendor
        self.detail = detail

    def again(self) -> "SpeechFailed":
        """The same failure for somebody else: an exception object is raised once only."""
        return SpeechFailed(self.kind, self.vendor, self.detail)


class Synthesizer(Protocol):
    """A vendor's voices. One object serves all calls."""

    async def render(self, utterance: Utterance) -> Audio:
        """Mono sound at `utterance.rate_hz`; raises SpeechFailed and nothing else."""
        ...

    async def start(self) -> None:
        """Get ready, so that the first `render` is as fast as the later ones."""
        ...

    async def close(self) -> None: ...
