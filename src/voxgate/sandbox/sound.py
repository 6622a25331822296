"""The tones a telephone network makes, as audio at 8000 Hz."""

import math
from array import array
from functools import lru_cache

from voxgate.model.audio import Audio

RATE_HZ = 8000
AMPLITUDE = 8000  # about -12 dBm0, the loudness of real beeps
FADE_MS = 5  # no click at either end
SIT_HZ = (950, 1400, 1800)
SIT_NOTE_S = 0.33
RINGBACK_HZ = (440, 480)
RINGBACK_ON_S, RINGBACK_OFF_S = 2.0, 4.0


def _sines(frequencies_hz: tuple[int, ...], for_s: float) -> "array[int]":
    count = int(for_s * RATE_HZ)
    fade = max(1, min(FADE_MS * RATE_HZ // 1000, count // 2))
    level = AMPLITUDE / len(frequencies_hz)
    steps = [2 * math.pi * hz / RATE_HZ for hz in frequencies_hz]
    samples = array("h", bytes(2 * count))
    for index in range(count):
        edge = min(1.0, index / fade, (count - 1 - index) / fade)
        samples[index] = int(level * edge * sum(math.sin(step * index) for step in steps))
    return samples


@lru_cache(maxsize=16)
def beep(hz: int, for_s: float) -> Audio:
    return Audio(_sines((hz,), for_s).tobytes(), RATE_HZ)


@lru_cache(maxsize=1)
def special_information_tones() -> Audio:
    """Three rising notes of 330 ms and a second of silence (ITU-T E.180)."""
    notes = b"".join(_sines((hz,), SIT_NOTE_S).tobytes() for hz in SIT_HZ)
    return Audio(notes + bytes(2 * RATE_HZ), RATE_HZ)


@lru_cache(maxsize=8)
def ringback(for_s: float) -> Audio:
    cycle = _sines(RINGBACK_HZ, RINGBACK_ON_S).tobytes() + bytes(2 * int(RATE_HZ * RINGBACK_OFF_S))
    wanted = 2 * int(for_s * RATE_HZ)
    return Audio((cycle * (wanted // len(cycle) + 1))[:wanted], RATE_HZ)
