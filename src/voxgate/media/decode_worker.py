"""The process in which FFmpeg opens sound files that strangers made.

A request is the rate in Hz (4 bytes, big endian) and the file; its answer PCM, mono, 16-bit.
"""

import io

import av

from voxgate.base.frames import serve

DECODED_S_MAX = 3600
# Containers that hold sound and nothing that leads elsewhere: playlists and the like would have
# FFmpeg open addresses and local files on behalf of whoever wrote them.
CONTAINERS = "wav,w64,aiff,au,caf,mp3,ogg,flac,aac,mov,matroska,amr,ac3,asf"


class Unreadable(Exception):
    """Not a sound file, or not one to be played."""


def decoded(content: bytes, rate_hz: int) -> bytes:
    """The first sound track at `rate_hz`, mono."""
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    out = bytearray()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
    with av.open(io.BytesIO(content), mode="r", options=options) as container:
        if not container.streams.audio:
            raise Unreadable("there is no sound in it")
        for frame in container.decode(container.streams.audio[0]):
            _append(out, resampler.resample(frame))
            if len(out) > DECODED_S_MAX * rate_hz * 2:
                raise Unreadable(f"it is longer than {DECODED_S_MAX} seconds")
    _append(out, resampler.resample(None))
    if not out:
        raise Unreadable("there is no sound in it")
    return bytes(out)


def _append(out: bytearray, frames: list[av.AudioFrame]) -> None:
    for frame in frames:
        out += bytes(frame.planes[0])[: frame.samples * 2]


def main() -> None:
    """The process's life: answer requests until the parent is gone."""

    def answer(request: bytes) -> bytes:
        return decoded(request[4:], int.from_bytes(request[:4], "big"))

    serve(answer, (Unreadable, av.FFmpegError, ValueError))
