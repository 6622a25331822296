"""Sound as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono PCM, signed 16-bit little endian, at `rate_hz`. Telephone speech is 8000 Hz."""

    samples: bytes
    rate_hz: int = 8000

    @property
    def duration_ms(self) -> int:
        return len(self.samples) // 2 * 1000 // self.rate_hz
