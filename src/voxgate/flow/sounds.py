"""Sounds that need no file."""

import math
from array import array

from voxgate.model.audio import Audio

RATE_HZ = 8000


def tone(*frequencies_hz: float, ms: int, level: float = 0.2) -> Audio:
    """Sines that swell and fade within 10 ms, so that they do not click; `level` of each."""
    turns = [2 * math.pi * frequency_hz / RATE_HZ for frequency_hz in frequencies_hz]
    count = RATE_HZ * ms // 1000
    ramp = RATE_HZ // 100
    samples = array("h")
    for n in range(count):
        loudness = min(1.0, n / ramp, (count - n) / ramp)
        samples.append(int(32767 * level * loudness * sum(math.sin(turn * n) for turn in turns)))
    return Audio(samples.tobytes(), RATE_HZ)


BEEP = tone(880, ms=250)
