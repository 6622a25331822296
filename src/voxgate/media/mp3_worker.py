"""The process in which recordings become MP3.

A request is a JSON list: the WAV file to read and the MP3 file to write. Its answer is empty.
"""

import json

import av

from voxgate.base.frames import serve

BITS_PER_S = 32_000  # of a telephone's two directions


def encode(source: str, target: str) -> None:
    with av.open(source, mode="r") as wav, av.open(target, mode="w", format="mp3") as mp3:
        sound = wav.streams.audio[0]
        # A WAV file counts its channels; the encoder wants to know where they are heard.
        layout = "stereo" if sound.layout.nb_channels == 2 else "mono"
        stream = mp3.add_stream("mp3", rate=sound.rate, layout=layout)
        stream.bit_rate = BITS_PER_S
        for frame in wav.decode(sound):
            for packet in stream.encode(frame):
                mp3.mux(packet)
        for packet in stream.encode(None):
            mp3.mux(packet)


def main() -> None:
    """The process's life: answer requests until the parent is gone."""

    def answer(request: bytes) -> bytes:
        source, target = json.loads(request)
        encode(source, target)
        return b""

    serve(answer, (av.FFmpegError, OSError, IndexError))
