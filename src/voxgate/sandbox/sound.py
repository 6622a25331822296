"""The tones a telephone network makes, and the noise on its lines, as audio at 8000 Hz."""

import math
import operator
import random
from array import array
from collections.abc import Sequence
from functools import lru_cache

from voxgate.model.audio import Audio

RATE_HZ = 8000
FULL_SCALE = 32_767
TONE_DB = -12.2
FADE_MS = 5  # no click at either end
SIT_HZ = (950, 1400, 1800)
SIT_NOTE_S = 0.33
NOISE_S = 4.0  # then it repeats, which nobody hears
NOISE_SEED = 8000

Cadence = tuple[tuple[int, ...], tuple[float, ...]]
"""Frequencies at once, then seconds on, off, on, off, ..."""

RINGBACK: dict[str, Cadence] = {
    "us": ((440, 480), (2.0, 4.0)),
    "gb": ((400, 450), (0.4, 0.2, 0.4, 2.0)),
    "de": ((425,), (1.0, 4.0)),
    "fr": ((440,), (1.5, 3.5)),
}
BUSY: dict[str, Cadence] = {
    "us": ((480, 620), (0.5, 0.5)),
    "gb": ((400,), (0.375, 0.375)),
    "de": ((425,), (0.48, 0.48)),
    "fr": ((440,), (0.5, 0.5)),
}


def _sines(frequencies_hz: tuple[int, ...], for_s: float, level_db: float) -> "array[int]":
    count = int(for_s * RATE_HZ)
    fade = max(1, min(FADE_MS * RATE_HZ // 1000, count // 2))
    level = FULL_SCALE * 10 ** (level_db / 20) / len(frequencies_hz)
    steps = [2 * math.pi * hz / RATE_HZ for hz in frequencies_hz]
    samples = array("h", bytes(2 * count))
    for index in range(count):
        edge = min(1.0, index / fade, (count - 1 - index) / fade)
        samples[index] = int(level * edge * sum(math.sin(step * index) for step in steps))
    return samples


@lru_cache(maxsize=64)
def beep(frequencies_hz: tuple[int, ...], for_s: float, level_db: float = TONE_DB) -> Audio:
    return Audio(_sines(frequencies_hz, for_s, level_db).tobytes(), RATE_HZ)


@lru_cache(maxsize=1)
def special_information_tones() -> Audio:
    """Three rising notes of 330 ms and a second of silence (ITU-T E.180)."""
    notes = b"".join(_sines((hz,), SIT_NOTE_S, TONE_DB).tobytes() for hz in SIT_HZ)
    return Audio(notes + bytes(2 * RATE_HZ), RATE_HZ)


def ringback(for_s: float, country: str) -> Audio:
    return _repeated(*RINGBACK[country], for_s)


def busy(for_s: float, country: str) -> Audio:
    return _repeated(*BUSY[country], for_s)


@lru_cache(maxsize=32)
def _repeated(frequencies_hz: tuple[int, ...], seconds: tuple[float, ...], for_s: float) -> Audio:
    cycle = b"".join(
        bytes(2 * int(RATE_HZ * length_s))
        if number % 2
        else _sines(frequencies_hz, length_s, TONE_DB).tobytes()
        for number, length_s in enumerate(seconds)
    )
    wanted = 2 * int(for_s * RATE_HZ)
    return Audio((cycle * (wanted // len(cycle) + 1))[:wanted], RATE_HZ)


@lru_cache(maxsize=1)
def _unit_noise() -> Sequence[float]:
    """Normal noise of power 1, the same in every process."""
    draw = random.Random(NOISE_SEED)  # noqa: S311 - noise, not a secret
    return [draw.gauss(0, 1) for _ in range(int(NOISE_S * RATE_HZ))]


@lru_cache(maxsize=16)
def line_noise(level_db: float) -> Audio:
    """Four seconds of it, to be repeated."""
    level = FULL_SCALE * 10 ** (level_db / 20)
    samples = array("h", (_clipped(level * sample) for sample in _unit_noise()))
    return Audio(samples.tobytes(), RATE_HZ)


def _clipped(sample: float) -> int:
    return int(max(-FULL_SCALE, min(FULL_SCALE, sample)))


def amplified(audio: Audio, level_db: float) -> Audio:
    """Louder or fainter; what does not fit is clipped."""
    factor = 10 ** (level_db / 20)
    samples = array("h", audio.samples)
    return Audio(array("h", (_clipped(s * factor) for s in samples)).tobytes(), audio.rate_hz)


def over_noise(audio: Audio, noise: Audio) -> Audio:
    """`audio` with `noise` behind it, as often as it takes."""
    times = len(audio.samples) // len(noise.samples) + 1
    behind = array("h", noise.samples * times)
    both = list(map(operator.add, array("h", audio.samples), behind))
    if both and (max(both) > FULL_SCALE or min(both) < -FULL_SCALE):
        both = [_clipped(sample) for sample in both]
    return Audio(array("h", both).tobytes(), audio.rate_hz)
