"""The JSON frames between gateway and application (contract 4.2 and 4.3): written and read."""

from dataclasses import dataclass, field
from typing import Any

from voxgate.base.errors import VoxgateError
from voxgate.hooks.reading import decode_json
from voxgate.hooks.signing import compact_json
from voxgate.model.calls import Json

PROTOCOLS = ("ws.jambonz.org", "voxgate")
"""Offered in Sec-WebSocket-Protocol: the contract's name, and our own."""

WITHOUT_DATA = frozenset({"llm:tool-output", "tts:flush", "tts:clear"})
_CONTENT_SHOWN = 1000


class BadFrame(VoxgateError):
    """The application sent something that is no frame; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to a frame of ours; `data` is what an HTTP answer's body would be."""

    msgid: str
    data: object = None


@dataclass(frozen=True, slots=True)
class Command:
    """What the application wants without being asked; never acknowledged."""

    name: str
    data: object = None
    queued: bool = False
    call_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame of ours before it has a connection to go out on."""

    type: str
    msgid: str
    call_sid: str
    data: Json = field(default_factory=dict)
    hook: str | None = None

    def text(self) -> str:
        frame: dict[str, Any] = {
            "type": self.type,
            "msgid": self.msgid,
            "call_sid": self.call_sid,
        }
        if self.hook is not None:
            frame["hook"] = self.hook
        frame["data"] = self.data
        return compact_json(frame).decode()


def read_frame(text: str) -> Ack | Command:
    """Raises BadFrame."""
    try:
        frame = decode_json(text)
    except ValueError as problem:
        raise BadFrame(f"not JSON: {problem}") from None
    if not isinstance(frame, dict):
        raise BadFrame("a frame is a JSON object")
    match frame.get("type"):
        case "ack":
            return Ack(_text(frame, "msgid"), frame.get("data"))
        case "command":
            return _command(frame)
        case None:
            raise BadFrame("type is missing")
        case other:
            raise BadFrame(f"unknown type {str(other)[:64]!r}")


def shown_content(text: str) -> str:
    """As much of a bad frame as is sent back in the error about it."""
    return text[:_CONTENT_SHOWN]


def _command(frame: Json) -> Command:
    name = _text(frame, "command")
    if frame.get("data") is None and name not in WITHOUT_DATA:
        raise BadFrame(f"{name[:64]}: data is missing")
    queued = frame.get("queueCommand")
    if queued not in {None, True, False}:
        raise BadFrame("queueCommand must be true or false")
    return Command(
        name,
        frame.get("data"),
        queued=bool(queued),
        call_sid=_optional(frame, "callSid"),
    )


def _text(frame: Json, name: str) -> str:
    value = frame.get(name)
    if value is None:
        raise BadFrame(f"{name} is missing")
    if not isinstance(value, str):
        raise BadFrame(f"{name} must be a string")
    return value


def _optional(frame: Json, name: str) -> str | None:
    return None if frame.get(name) is None else _text(frame, name)
