"""What a recogniser is: sound in, words out while they are spoken, or a named failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from voxgate.base.errors import VoxgateError


@dataclass(frozen=True, slots=True)
class Listening:
    """Everything a recogniser is told before it listens.

    `call_sid` is for the vendor's own records. `options` is the application's recognizer object as
    it came over the wire: a vendor finds its own block (`deepgramOptions`, ...) and whatever else
    it understands there.
    """

    language: str = "en-US"
    hints: tuple[str, ...] = ()
    interim: bool = False
    rate_hz: int = 8000
    call_sid: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alternative:
    transcript: str
    confidence: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser understood; an interim one is followed by others of the same words.

    `event` is the vendor's own account of it.
    """

    vendor: str
    language: str
    is_final: bool
    alternatives: tuple[Alternative, ...]
    event: Mapping[str, Any] = field(default_factory=dict)

    @property
    def transcript(self) -> str:
        return self.alternatives[0].transcript.strip() if self.alternatives else ""

    @property
    def confidence(self) -> float:
        return self.alternatives[0].confidence if self.alternatives else 0.0


RecognitionFault = Literal["unknown-vendor", "unknown-language", "refused", "busy", "failed"]


class RecognitionFailed(VoxgateError):
    """A vendor does not recognise, or no longer."""

    def __init__(self, kind: RecognitionFault, vendor: str, detail: str) -> None:
        super().__init__(f"speech to text request to {vendor} failed: {detail}")
        self.kind = kind
        self.vendor = vendor
        self.detail = detail


class Recognition(Protocol):
    """One open session with a vendor. It serves one line, and stays open from turn to turn."""

    cautions: tuple[str, ...]  # what of the wishes will not have the effect expected

    def feed(self, pcm: bytes) -> None:
        """The line's sound: 16-bit little endian, mono, at the rate agreed. Never waits.

        A session that cannot follow loses sound rather than keep it without bound.
        """
        ...

    def turn(self, *, speaking: bool) -> None:
        """What the line's own voice activity detector says; a vendor may know better."""
        ...

    def reset(self) -> None:
        """Nothing that was said before this becomes a result."""
        ...

    def finish(self) -> None:
        """No more sound comes: give the results that are owed, then `next` returns None."""
        ...

    async def next(self) -> Heard | None:
        """The next result; None once everything is told after `finish`.

        Raises RecognitionFailed when the session is of no more use. Cancelling it loses nothing.
        """
        ...

    async def close(self) -> None:
        """End at once; safe to call again."""
        ...


class Recognizer(Protocol):
    """A vendor's ears. One object serves all calls."""

    async def open(self, listening: Listening) -> Recognition:
        """Raises RecognitionFailed and nothing else."""
        ...

    async def start(self) -> None:
        """Get ready, so that the first session is as quick as the later ones."""
        ...

    async def close(self) -> None: ...
