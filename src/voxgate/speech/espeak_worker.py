"""The process in which espeak-ng speaks: the library is neither thread-safe nor our licence (GPL).

A request is JSON, its answer PCM (16-bit little endian, mono) at `rate_hz`:

    {"voice": "gmw/en-US+f2", "rate_hz": 8000,
     "segments": [{"text": "hello", "rate": 1.0, "pitch": 1.0, "gain_db": 0.0}, {"ms": 500}]}
"""

import ctypes
import json
from typing import Any

import av

from voxgate.base.frames import serve
from voxgate.speech.resample import resampled

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
POSITION_CHARACTER = 1
RATE, VOLUME, PITCH = 1, 2, 3

WORDS_PER_MINUTE = 160
WORDS_PER_MINUTE_RANGE = (80, 450)
# About -23 dB below full scale while speaking: near the level telephone networks expect, with
# room for `loud` before anything clips.
AMPLITUDE = 70
PITCH_MIDDLE = 50
PITCH_PER_OCTAVE = 40

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class SpeakError(Exception):
    """A request that cannot be spoken."""


class Espeak:
    """The library, with the sound of one request gathered in memory."""

    def __init__(self, library: str, data_folder: str) -> None:
        self._library = ctypes.CDLL(library)
        self.rate_hz = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, data_folder.encode(), INITIALIZE_DONT_EXIT
        )
        if self.rate_hz <= 0:
            raise SpeakError("espeak-ng did not find its data")
        self._sound = bytearray()
        self._callback = _Callback(self._take)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, _events: Any) -> int:  # noqa: ANN401
        if samples and count > 0:
            self._sound += ctypes.string_at(samples, count * 2)
        return 0

    def speak(self, voice: str, segments: list[dict[str, Any]]) -> bytes:
        """PCM at the library's own rate."""
        self._sound.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SpeakError(f"espeak-ng has no voice {voice}")
        for segment in segments:
            if "ms" in segment:
                self._sound += bytes(2 * (segment["ms"] * self.rate_hz // 1000))
            else:
                self._speak_phrase(segment)
        return bytes(self._sound)

    def _speak_phrase(self, phrase: dict[str, Any]) -> None:
        slowest, fastest = WORDS_PER_MINUTE_RANGE
        words = round(WORDS_PER_MINUTE * phrase["rate"])
        self._set(RATE, min(max(words, slowest), fastest))
        self._set(VOLUME, min(round(AMPLITUDE * 10 ** (phrase["gain_db"] / 20)), 200))
        octaves = (phrase["pitch"] - 1) if phrase["pitch"] > 1 else (1 - 1 / phrase["pitch"])
        self._set(PITCH, min(max(round(PITCH_MIDDLE + PITCH_PER_OCTAVE * octaves), 0), 99))
        text = phrase["text"].encode() + b"\0"
        failed = self._library.espeak_Synth(
            text, len(text), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
        )
        if failed:
            raise SpeakError(f"espeak-ng refused the text (status {failed})")

    def _set(self, parameter: int, value: int) -> None:
        self._library.espeak_SetParameter(parameter, value, 0)


def main(library: str, data_folder: str) -> None:
    """The process's life: answer requests until the parent is gone."""
    espeak = Espeak(library, data_folder)

    def answer(content: bytes) -> bytes:
        request = json.loads(content)
        sound = espeak.speak(request["voice"], request["segments"])
        return resampled(sound, espeak.rate_hz, request["rate_hz"])

    serve(answer, (SpeakError, av.FFmpegError))
