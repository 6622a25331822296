"""Sound beside the call: background tracks, whispers and gain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from voxgate.model.speech import SynthesizerChoice


@dataclass(frozen=True, slots=True)
class Sound:
    """A file (`url`), or text to be spoken."""

    url: str | None = None
    text: str | None = None
    synthesizer: SynthesizerChoice | None = None


class Tracks(Protocol):
    """Everything returns at once; a sound that cannot be fetched or spoken is an alert."""

    def add(self, track: str) -> None:
        """Raises NotNow when there are as many as can be."""
        ...

    def remove(self, track: str) -> None:
        """Raises NotNow when there is no such track; so do the others."""
        ...

    def silence(self, track: str) -> None: ...

    def play(
        self, track: str, sounds: Sequence[Sound], *, loop: bool, gain_db: float | None
    ) -> None:
        """Play in place of what the track plays."""
        ...

    def check_whisper(self) -> None:
        """Raises NotNow unless the call talks to somebody or streams."""
        ...

    def whisper(self, sounds: Sequence[Sound]) -> None:
        """Let this leg alone hear something, over whatever goes on."""
        ...

    def boost(self, gain_db: float) -> None:
        """Make what this far end hears louder or softer, but not its tracks and whispers."""
        ...
