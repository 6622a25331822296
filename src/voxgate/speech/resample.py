"""Sound at another sampling rate, in the processes that speak and recognise.

Imports next to nothing of ours, so that a child is ready soon.
"""

from fractions import Fraction

import av
from av.filter import Graph

CHUNK_SAMPLES = 32768


def resampled(sound: bytes, from_hz: int, to_hz: int) -> bytes:
    """Band-limited: 64 taps a phase put what would alias 80 dB down."""
    if from_hz == to_hz or not sound:
        return sound
    graph = Graph()
    source = graph.add(
        "abuffer",
        f"sample_rate={from_hz}:sample_fmt=s16:channel_layout=mono:time_base=1/{from_hz}",
    )
    graph.link_nodes(
        source,
        graph.add("highpass", "f=120"),
        graph.add("aresample", f"{to_hz}:filter_size=64:cutoff=0.96"),
        graph.add("aformat", f"sample_fmts=s16:sample_rates={to_hz}:channel_layouts=mono"),
        graph.add("abuffersink"),
    )
    graph.configure()
    out = bytearray()
    for start in range(0, len(sound), CHUNK_SAMPLES * 2):
        graph.push(_frame(sound[start : start + CHUNK_SAMPLES * 2], from_hz, start // 2))
        _drain(graph, out)
    graph.push(None)
    _drain(graph, out)
    return bytes(out)


def _frame(sound: bytes, rate_hz: int, position: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(sound) // 2)
    frame.sample_rate = rate_hz
    frame.time_base = Fraction(1, rate_hz)
    frame.pts = position
    plane = frame.planes[0]
    plane.update(sound + bytes(plane.buffer_size - len(sound)))
    return frame


def _drain(graph: Graph, out: bytearray) -> None:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            out += bytes(frame.planes[0])[: frame.samples * 2]
