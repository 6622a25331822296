"""Sounds that need no file."""

import math
from array import array

from voxgate.model.audio import Audio

RATE_HZ = 8000


def tone(frequency_hz: float, ms: int, *, level: float = 0.2) -> Audio:
    """A sine that swells and fades within 10 ms, so that it does not click."""
    count = RATE_HZ * ms // 1000
    ramp = RATE_HZ // 100
    samples = array("h")
    for n in range(count):
        loudness = min(1.0, n / ramp, (count - n) / ramp)
        samples.append(
            int(32767 * level * loudness * math.sin(2 * math.pi * frequency_hz * n / RATE_HZ))
        )
    return Audio(samples.tobytes(), RATE_HZ)


BEEP = tone(880, 250)
