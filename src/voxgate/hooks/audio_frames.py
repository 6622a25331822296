"""The text frames of an audio WebSocket (contract 7): what is sent, and what applications send."""

import base64
import binascii
from dataclasses import dataclass

from voxgate.hooks.frames import BadFrame
from voxgate.hooks.reading import decode_json
from voxgate.hooks.signing import compact_json
from voxgate.media.taps import RATES_HZ
from voxgate.model.calls import Json

PROTOCOLS = ("audio.jambonz.org", "audio.drachtio.org", "audio.voxgate")
"""Offered in Sec-WebSocket-Protocol: the two names that servers know, and our own."""

INTRODUCTION_BYTES_MAX = 8192
# Sent by some applications for eyes other than ours.
_INFORMATION = frozenset({"transcription", "json", "error", "transfer"})


@dataclass(frozen=True, slots=True)
class PlayAudio:
    """A whole sound: raw at `rate_hz`, or a sound file when that is None."""

    content: bytes
    rate_hz: int | None
    id: str | None = None
    queued: bool = False


@dataclass(frozen=True, slots=True)
class KillAudio:
    pass


@dataclass(frozen=True, slots=True)
class SetMark:
    name: str


@dataclass(frozen=True, slots=True)
class ClearMarks:
    pass


@dataclass(frozen=True, slots=True)
class Disconnect:
    pass


@dataclass(frozen=True, slots=True)
class Information:
    """Nothing that the call acts on."""

    type: str


Message = PlayAudio | KillAudio | SetMark | ClearMarks | Disconnect | Information


def introduction(rate_hz: int, mix: str, call: Json, metadata: Json) -> tuple[str, bool]:
    """The first frame, and whether `metadata` found room in it.

    `call` has the snake_case keys of hooks; on the wire they are camelCase here.
    """
    about: Json = {"sampleRate": rate_hz, "mixType": mix}
    about |= {_camel(key): value for key, value in call.items()}
    whole = compact_json(about | metadata)
    if len(whole) <= INTRODUCTION_BYTES_MAX:
        return whole.decode(), True
    return compact_json(about).decode(), False


def key_pressed(key: str, duration_ms: int) -> str:
    """The duration is told in timestamp units of 8 kHz, as text."""
    return compact_json({"event": "dtmf", "dtmf": key, "duration": str(duration_ms * 8)}).decode()


def play_done(id_: str | None, heard_ms: int) -> str:
    """All numbers are texts; the last is in samples of 8 kHz."""
    data = {
        "playbackSeconds": str(heard_ms // 1000),
        "playbackMilliseconds": str(heard_ms),
        "playbackLastOffsetPos": str(heard_ms * 8),
    }
    named = {"id": id_} if id_ is not None else {}
    return compact_json({"type": "playDone", "data": named | data}).decode()


def mark_told(name: str, event: str) -> str:
    """`event`: "playout" when it was reached, "cleared" when it never will be."""
    return compact_json({"type": "mark", "data": {"name": name, "event": event}}).decode()


def read_message(text: str) -> Message:
    """Raises BadFrame."""
    try:
        frame = decode_json(text)
    except ValueError as problem:
        raise BadFrame(f"not JSON: {problem}") from None
    if not isinstance(frame, dict):
        raise BadFrame("a message is a JSON object")
    match frame.get("type"):
        case "playAudio":
            return _play_audio(_data(frame))
        case "mark":
            return SetMark(_name(_data(frame)))
        case "killAudio":
            return KillAudio()
        case "clearMarks":
            return ClearMarks()
        case "disconnect":
            return Disconnect()
        case str(kind) if kind in _INFORMATION:
            return Information(kind)
        case None:
            raise BadFrame("type is missing")
        case other:
            raise BadFrame(f"unknown type {str(other)[:64]!r}")


def _data(frame: Json) -> Json:
    data = frame.get("data")
    if not isinstance(data, dict):
        raise BadFrame(f"{frame['type']}: data is missing")
    return data


def _name(data: Json) -> str:
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise BadFrame("mark: name is missing")
    return name


def _play_audio(data: Json) -> PlayAudio:
    content = data.get("audioContent")
    if not isinstance(content, str):
        raise BadFrame("playAudio: audioContent must be base64 text")
    try:
        sound = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise BadFrame("playAudio: audioContent is not base64") from None
    match data.get("audioContentType"):
        case "raw":
            rate_hz: int | None = _rate(data)
            if len(sound) % 2:
                raise BadFrame("playAudio: raw audio must be 16-bit samples, two bytes each")
        case "wav" | "wave":
            rate_hz = None
        case _:
            raise BadFrame("playAudio: audioContentType must be raw, wav or wave")
    id_ = data.get("id")
    return PlayAudio(
        sound,
        rate_hz,
        id=str(id_) if isinstance(id_, str | int) else None,
        queued=data.get("queuePlay") is True,
    )


def _rate(data: Json) -> int:
    rate_hz = data.get("sampleRate")
    if isinstance(rate_hz, str) and rate_hz.isdecimal():  # as SDKs of the contract send it
        rate_hz = int(rate_hz)
    if not isinstance(rate_hz, int | float) or rate_hz not in RATES_HZ:
        raise BadFrame(f"playAudio: sampleRate must be one of {RATES_HZ}")
    return int(rate_hz)


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)
