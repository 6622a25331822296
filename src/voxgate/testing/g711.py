"""G.711 (ITU-T G.711) for the far ends of tests, written apart from the media core's."""

from array import array
from bisect import bisect_left
from functools import cache

from voxgate.media.plan import Codec


def decode(payload: bytes, codec: Codec) -> bytes:
    """G.711 to PCM."""
    levels = _levels(codec)
    return array("h", (levels[byte] for byte in payload)).tobytes()


def encode(samples: bytes, codec: Codec) -> bytes:
    """PCM to G.711: the nearest level of each sample."""
    levels, codes = _ladder(codec)
    return bytes(codes[_nearest(levels, sample)] for sample in array("h", samples))


@cache
def _ladder(codec: Codec) -> tuple[list[int], list[int]]:
    pairs = sorted((level, code) for code, level in enumerate(_levels(codec)))
    return [level for level, _ in pairs], [code for _, code in pairs]


def _nearest(levels: list[int], sample: int) -> int:
    above = min(bisect_left(levels, sample), len(levels) - 1)
    below = max(above - 1, 0)
    return above if levels[above] - sample <= sample - levels[below] else below


@cache
def _levels(codec: Codec) -> list[int]:
    law = _mu_level if codec is Codec.PCMU else _a_level
    return [law(code) for code in range(256)]


def _mu_level(code: int) -> int:
    segment, step = (~code >> 4) & 7, ~code & 15
    level = ((step * 2 + 33 << segment) - 33) * 4
    return level if code & 128 else -level


def _a_level(code: int) -> int:
    segment, step = ((code ^ 0x55) >> 4) & 7, (code ^ 0x55) & 15
    level = step * 2 + 1 if segment == 0 else step * 2 + 33 << segment - 1
    return level * 8 if (code ^ 0x55) & 128 else -level * 8
