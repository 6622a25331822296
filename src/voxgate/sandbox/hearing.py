"""What a stretch of received sound holds: how much of it is audible, when it began, as a WAV file.

Pure arithmetic on 16-bit PCM at 8000 Hz.
"""

import io
import operator
import wave
from array import array
from dataclasses import dataclass

RATE_HZ = 8000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
AUDIBLE_RMS = 100  # -50 dBFS: above line noise and comfort noise, below a whisper


@dataclass(frozen=True, slots=True)
class Heard:
    """`audible_ms` counts frames above -50 dBFS; `first_ms` is where the first of them began."""

    received_ms: int
    audible_ms: int
    first_ms: int | None
    loudest_rms: int


def measure(samples: bytes) -> Heard:
    """Takes PCM s16le; a last odd byte or part of a frame is left out."""
    pcm = array("h")
    pcm.frombytes(samples[: len(samples) // 2 * 2])
    audible = loudest = 0
    first: int | None = None
    frames = len(pcm) // FRAME_SAMPLES
    for index in range(frames):
        frame = pcm[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]
        energy = sum(map(operator.mul, frame, frame)) // FRAME_SAMPLES
        loudest = max(loudest, energy)
        if energy >= AUDIBLE_RMS * AUDIBLE_RMS:
            audible += 1
            first = index if first is None else first
    return Heard(
        received_ms=len(pcm) * 1000 // RATE_HZ,
        audible_ms=audible * FRAME_MS,
        first_ms=None if first is None else first * FRAME_MS,
        loudest_rms=int(loudest**0.5),
    )


def as_wav(samples: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(samples)
    return file.getvalue()
