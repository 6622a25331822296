"""Cuts a byte stream into SIP messages (RFC 3261 section 18.3) and keep-alives (RFC 5626 3.5.1)."""

import re
from dataclasses import dataclass
from enum import Enum

from voxgate.sip.message import MESSAGE_BYTES_MAX

_LENGTH = re.compile(rb"\r\n(?:Content-Length|l)[ \t]*:[ \t\r\n]*([0-9]{1,9})[ \t]*(?=\r\n)", re.I)
_END = b"\r\n\r\n"


class KeepAlive(Enum):
    PING = b"\r\n\r\n"  # to be answered with a PONG
    PONG = b"\r\n"


@dataclass(frozen=True, slots=True)
class BrokenStream:
    """Where the next message starts can no longer be told: answer `head` if it helps, then close.

    `head` is a whole message without a body, empty when there is none to answer.
    """

    why: str
    head: bytes


Frame = bytes | KeepAlive | BrokenStream


class StreamFramer:
    """One direction of one connection. Holds at most one message that is not complete yet."""

    def __init__(self, *, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._message_bytes_max = message_bytes_max
        self._buffer = bytearray()
        self._searched = 0
        self._wanted = 0
        self._broken = False

    def receive(self, data: bytes) -> list[Frame]:
        """Take what the socket gave; return what is complete, in order.

        Never raises. After a `BrokenStream` everything that follows is dropped.
        """
        if self._broken:
            return []
        self._buffer += data
        frames: list[Frame] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
            if isinstance(frame, BrokenStream):
                self._broken = True
                self._buffer.clear()
                break
        return frames

    def _next(self) -> Frame | None:
        buffer = self._buffer
        if not self._wanted:
            if buffer.startswith((b"\r", b"\n")):
                return self._keep_alive()
            broken = self._find_head()
            if broken is not None:
                return broken
        if not self._wanted or len(buffer) < self._wanted:
            return None
        message = bytes(buffer[: self._wanted])
        self._drop(self._wanted)
        return message

    def _keep_alive(self) -> Frame | None:
        buffer = self._buffer
        if buffer.startswith(KeepAlive.PING.value):
            self._drop(4)
            return KeepAlive.PING
        if KeepAlive.PING.value.startswith(buffer) and buffer != KeepAlive.PONG.value:
            return None
        if buffer.startswith(KeepAlive.PONG.value):
            self._drop(2)
            return KeepAlive.PONG
        return BrokenStream("line end without a line", b"")

    def _find_head(self) -> BrokenStream | None:
        """Set `_wanted` once the header section is complete."""
        buffer = self._buffer
        end = buffer.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(buffer) - len(_END) + 1)
            if len(buffer) > self._message_bytes_max:
                return BrokenStream("headers never end", b"")
            return None
        head = bytes(buffer[: end + len(_END)])
        lengths = {int(found) for found in _LENGTH.findall(head, 0, end + 2)}
        if len(lengths) != 1:
            why = "two Content-Lengths" if lengths else "no Content-Length"
            return BrokenStream(why, head)
        wanted = len(head) + lengths.pop()
        if wanted > self._message_bytes_max:
            return BrokenStream("message too large", head)
        self._wanted = wanted
        return None

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0
        self._wanted = 0
