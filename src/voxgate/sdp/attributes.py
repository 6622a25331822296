"""What the a= lines of an audio section mean (RFC 8866 section 6, RFC 3264, RFC 3605, RFC 4733).

A line that cannot be understood counts as absent: a peer's odd extra must not cost the call.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from voxgate.sdp.description import Description, Media

TELEPHONE_EVENT = "telephone-event"
_RTPMAP_CHARACTERS_MAX = 64
DEFAULT_PTIME_MS = 20


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoding and the payload type we offer it under."""

    name: str
    clock_hz: int
    payload_type: int


PCMU = Codec("PCMU", 8000, 0)
PCMA = Codec("PCMA", 8000, 8)

# RFC 3551 table 4: payload types that need no rtpmap. Those of the codecs that calls meet.
_STATIC = {"0": ("PCMU", 8000), "3": ("GSM", 8000), "8": ("PCMA", 8000), "9": ("G722", 8000)} | {
    "4": ("G723", 8000),
    "18": ("G729", 8000),
}


class Direction(StrEnum):
    """Which way media flows, as the one who writes the attribute sees it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, send: bool, receive: bool) -> "Direction":
        if send:
            return cls.SENDRECV if receive else cls.SENDONLY
        return cls.RECVONLY if receive else cls.INACTIVE

    @property
    def sends(self) -> bool:
        return self is Direction.SENDRECV or self is Direction.SENDONLY

    @property
    def receives(self) -> bool:
        return self is Direction.SENDRECV or self is Direction.RECVONLY


_DIRECTIONS = {known.value: known for known in Direction}


def direction_of(description: Description, media: Media) -> Direction:
    """Return the direction of a section; the session's where it has none (RFC 8866 6.7)."""
    for attributes in (media.attributes, description.attributes):
        for name, value in attributes:
            if value is None and name in _DIRECTIONS:
                return _DIRECTIONS[name]
    return Direction.SENDRECV


def payloads(media: Media) -> dict[int, tuple[str, int]]:
    """Return payload type -> (encoding name in capitals, clock rate) in the order of the m= line.

    Formats of unknown meaning, and stereo ones, are left out.
    """
    maps = {
        value.partition(" ")[0]: value
        for name, value in media.attributes
        if name == "rtpmap" and value and len(value) <= _RTPMAP_CHARACTERS_MAX
    }
    found: dict[int, tuple[str, int]] = {}
    for number in media.formats:
        text = maps.get(number)
        encoding = _STATIC.get(number) if text is None else _encoding(text)
        if encoding is not None and _is_small_number(number, 3) and int(number) < 128:
            found[int(number)] = encoding
    return found


# A handful of texts that every description repeats.
@lru_cache(maxsize=256)
def _encoding(rtpmap: str) -> tuple[str, int] | None:
    codec, _, rest = rtpmap.partition(" ")[2].strip().partition("/")
    clock, _, channels = rest.partition("/")
    if codec and _is_small_number(clock, 6) and channels in {"", "1"}:
        return codec.upper(), int(clock)
    return None


def ptime_ms(media: Media) -> int | None:
    """Return how many milliseconds a packet for the writer should hold, if it says."""
    wanted = _milliseconds(media.attribute("ptime"))
    most = _milliseconds(media.attribute("maxptime"))
    if most is None or most >= (wanted or DEFAULT_PTIME_MS):
        return wanted
    return most


def rtcp_port(media: Media) -> int | None:
    """Return the port of a=rtcp; None means the next one after the media port (RFC 3605)."""
    number = (media.attribute("rtcp") or "").partition(" ")[0]
    if _is_small_number(number, 5) and 0 < int(number) < 65_536:
        return int(number)
    return None


def _milliseconds(text: str | None) -> int | None:
    # Some peers write "20.0".
    if text is None:
        return None
    number = text.strip().partition(".")[0]
    return int(number) if _is_small_number(number, 4) and int(number) > 0 else None


def _is_small_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits
