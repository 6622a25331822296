"""Text that comes in pieces, and goes out in whole sentences as soon as there are any.

A voice that is given half a sentence speaks it with the wrong melody; one that waits for the whole
answer is late. What has no end for a second is spoken as it is.
"""

import re

HIGH_WATER = 1000  # characters not spoken yet at which no more is taken...
LOW_WATER = 200  # ...until so few are left
CHUNK_MAX = 1800
IDLE_S = 1.0

_SENTENCE = re.compile(r"[.!?\u2026]+[\"')\]\u201d\u2019]*(?=\s)|[\u3002\uff01\uff1f]|\n")


class TokenBuffer:
    """Tokens and the time in, what to speak next out."""

    def __init__(self) -> None:
        self._text = ""
        self._flushed = 0  # so much of the text is to be spoken as it is
        self._last_at = 0.0
        self.is_paused = False

    @property
    def chars(self) -> int:
        return len(self._text)

    def put(self, tokens: str, now: float) -> bool:
        """False: there is no room, and none until `is_paused` is False again."""
        full = bool(self._text) and len(self._text) + len(tokens) > HIGH_WATER
        if self.is_paused or full:
            self.is_paused = True
            return False
        self._text += tokens
        self._last_at = now
        return True

    def flush(self) -> None:
        """Do not wait for more of what is there."""
        self._flushed = len(self._text)

    def clear(self) -> None:
        self._text, self._flushed, self.is_paused = "", 0, False

    def wait_s(self, now: float) -> float | None:
        """After so long there is something to speak; None: nothing waits."""
        return max(0.0, self._last_at + IDLE_S - now) if self._text else None

    def take(self, now: float) -> str | None:
        """What can be spoken now, at most CHUNK_MAX characters of it."""
        end = self._ready(now)
        if not end:
            return None
        text, self._text = self._text[:end], self._text[end:]
        self._flushed = max(0, self._flushed - end)
        if self.is_paused and len(self._text) <= LOW_WATER:
            self.is_paused = False
        return text

    def _ready(self, now: float) -> int:
        if self._flushed:
            return self._cut(self._flushed)
        ends = [found.end() for found in _SENTENCE.finditer(self._text)]
        if ends:
            return self._cut(ends[-1])
        idle = bool(self._text) and now >= self._last_at + IDLE_S
        return self._cut(len(self._text)) if idle or len(self._text) > CHUNK_MAX else 0

    def _cut(self, end: int) -> int:
        """The end itself, or the last sentence, else word, that a chunk has room for."""
        if end <= CHUNK_MAX:
            return end
        head = self._text[:CHUNK_MAX]
        ends = [found.end() for found in _SENTENCE.finditer(head)]
        return ends[-1] if ends else head.rfind(" ") + 1 or CHUNK_MAX
