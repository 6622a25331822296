"""Whether a phrase was said in a recording of the built-in voice.

The phrase is spoken by the same voice, and the recording is searched for that sound: cepstra of
10 ms frames, compared by dynamic time warping along the recording (subsequence DTW). The score is
the mean distance of the best path; said and unsaid phrases lie apart by a wide margin, near ones
("call me back" for "call us back") included. Other voices are not understood.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from voxgate.model.speech import Voice
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech

Array = NDArray[np.float64]

RATE_HZ = 8000
SAID = 0.46  # scores below: of phrases that were said 0.2 to 0.41, of others from 0.52
_FRAME, _STEP, _FFT = 200, 80, 256  # samples: 25 ms every 10 ms
_BANDS, _CEPSTRA = 26, 13
_FAINT = 1e-4  # of the loudest frame's energy: below is no voice


def was_said(phrase: str, recording: bytes, *, language: str = "en-US") -> bool:
    """`recording` is PCM, mono, 16-bit, 8 kHz. The phrase is searched for as a whole."""
    return score(phrase, recording, language=language) < SAID


def score(phrase: str, recording: bytes, *, language: str = "en-US") -> float:
    """The distance of the recording's most similar part; infinite when nobody speaks in it."""
    heard, voiced = _cepstra(recording)
    if not voiced.any():
        return float("inf")
    spoken, spoken_voiced = _cepstra(_spoken(phrase, language))
    edges = np.flatnonzero(spoken_voiced)
    spoken = spoken[edges[0] : edges[-1] + 1]
    mean, spread = heard[voiced].mean(axis=0), heard[voiced].std(axis=0) + 1e-9
    return _best_path(_moving((spoken - mean) / spread), _moving((heard - mean) / spread))


@lru_cache(maxsize=256)
def _spoken(phrase: str, language: str) -> bytes:
    """In a thread of its own, because the caller may be inside an event loop."""

    async def render() -> bytes:
        speech = Speech(Registry.offline())
        await speech.start()
        try:
            return (await speech.render(phrase, Voice(language=language))).samples
        finally:
            await speech.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, render()).result()


def _cepstra(pcm: bytes) -> tuple[Array, NDArray[np.bool_]]:
    """Mel cepstra without the loudness, frame by frame, and which frames have a voice in them."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)
    if len(samples) < _FRAME + _STEP:
        return np.zeros((0, _CEPSTRA)), np.zeros(0, bool)
    lifted = np.append(samples[0], samples[1:] - 0.95 * samples[:-1])
    starts = range(0, len(lifted) - _FRAME, _STEP)
    frames = np.stack([lifted[at : at + _FRAME] for at in starts]) * np.hamming(_FRAME)
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2
    energy = power.sum(axis=1)
    cepstra: Array = np.log(power @ _bands().T + 1e3) @ _cosines()
    return cepstra, energy > energy.max() * _FAINT + 1e6


@lru_cache(maxsize=1)
def _bands() -> Array:
    """Triangles evenly spaced on the mel scale, over what a telephone carries."""

    def mel(hertz: float) -> float:
        return float(1127 * np.log1p(hertz / 700))

    edges = 700 * np.expm1(np.linspace(mel(150), mel(3600), _BANDS + 2) / 1127)
    bins = np.fft.rfftfreq(_FFT, 1 / RATE_HZ)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bands: Array = np.maximum(0, np.minimum(rise, fall))
    return bands


@lru_cache(maxsize=1)
def _cosines() -> Array:
    angles = (np.arange(_BANDS) + 0.5)[:, None] * np.arange(1, _CEPSTRA + 1)
    cosines: Array = np.cos(np.pi / _BANDS * angles)
    return cosines


def _moving(cepstra: Array) -> Array:
    """With the slope of each beside it."""
    slope = np.zeros_like(cepstra)
    slope[2:-2] = (cepstra[4:] - cepstra[:-4]) / 2 + (cepstra[3:-1] - cepstra[1:-3]) / 2
    return np.hstack([cepstra, slope])


def _best_path(spoken: Array, heard: Array) -> float:
    """Mean distance along the best path; it begins and ends anywhere in `heard`.

    Speech may be up to twice as fast or as slow as spoken.
    """
    squared = (spoken**2).sum(1)[:, None] + (heard**2).sum(1) - 2 * spoken @ heard.T
    distance = np.sqrt(np.maximum(squared, 0) / spoken.shape[1])
    never = np.full(distance.shape[1], np.inf)
    before, cost = never, distance[0]
    for row in range(1, len(distance)):
        even, fast, slow = never.copy(), never.copy(), never.copy()
        even[1:] = cost[:-1] + distance[row, 1:]
        fast[2:] = cost[:-2] + distance[row, 2:]
        slow[1:] = before[:-1] + distance[row - 1, 1:] + distance[row, 1:]
        before, cost = cost, np.minimum(np.minimum(even, fast), slow)
    return float(cost.min() / len(distance))
