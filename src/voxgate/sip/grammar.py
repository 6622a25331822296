"""Words of the SIP grammar (RFC 3261 section 25) and the errors for breaking it.

Receiving is liberal where peers are known to be sloppy and no meaning is lost; sending is strict.
Every pattern here is linear in its input: the text comes from strangers.
"""

import ipaddress
import re
from functools import lru_cache

from voxgate.base.errors import VoxgateError

TOKEN_CHARACTERS = r"A-Za-z0-9\-.!%*_+`'~"
QUOTED_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'

TOKEN = re.compile(rf"[{TOKEN_CHARACTERS}]+")
# RFC 3261 "word", the alphabet of a Call-ID around its "@".
CALL_ID = re.compile(rf"[{TOKEN_CHARACTERS}()<>:\\\"/\[\]?{{}}@=]+")
HOST = re.compile(r"[A-Za-z0-9_.\-]{1,255}|[0-9A-Fa-f:.]{2,45}")

_QUOTED = re.compile(QUOTED_STRING, re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')
# A tag or branch may hold any token; a host or an address may be a value too.
_BARE_VALUE = re.compile(rf"[{TOKEN_CHARACTERS}:\[\]/@?]+")
_PARAMETER = re.compile(
    rf"[ \t]*;[ \t]*([{TOKEN_CHARACTERS}]+)"
    rf"(?:[ \t]*=[ \t]*({QUOTED_STRING}|[^\s;,\"<>]*))?",
    re.DOTALL,
)
_ELEMENT = re.compile(rf"(?:[^,\"<]+|{QUOTED_STRING}|<[^>]*>)+", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Parameters = tuple[tuple[str, str | None], ...]

# Every message of a call repeats the same few addresses, hops and sequence numbers, so their
# parsers remember. Texts come from strangers: only short ones are kept, and only so many.
REMEMBERED_CHARACTERS_MAX = 200
REMEMBERED_MAX = 2048

_COMMON_NAMES = frozenset({"branch", "lr", "received", "rport", "tag", "transport", "user"})


class SipError(VoxgateError):
    """Root of what `voxgate.sip` raises on purpose."""


class MalformedMessage(SipError):
    """The peer broke the grammar; `status` is what a request like that is answered with."""

    def __init__(self, header: str, text: str, *, status: int = 400) -> None:
        super().__init__(f"{header} is malformed: {text[:80]!r}")
        self.header = header
        self.text = text[:80]
        self.status = status


class InvalidHeader(SipError):
    """We were about to write something that is no header: a bug or an injection attempt."""

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"{header[:80]!r} cannot be sent: {why}")
        self.header = header


def is_token(text: str) -> bool:
    return TOKEN.fullmatch(text) is not None


def checked_text(header: str, text: str) -> str:
    """Return `text` if it fits in one header line, or raise `InvalidHeader`."""
    if (control := _CONTROL.search(text)) is not None:
        raise InvalidHeader(header, f"control character {control.group()!r}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as broken:
            raise InvalidHeader(header, "text that UTF-8 cannot carry") from broken
    return text


def quote(text: str) -> str:
    """Write `text` as a quoted-string."""
    if '"' in text or "\\" in text or not text.isprintable():
        text = _TO_ESCAPE.sub(lambda found: "\\" + found.group(), text)
    return f'"{text}"'


def unquote(text: str) -> str:
    """Read a quoted-string; anything else is returned as it is."""
    if len(text) < 2 or text[0] != '"':
        return text
    inside = text[1:-1]
    return _ESCAPED.sub(r"\1", inside) if "\\" in inside else inside


def quoted_end(text: str) -> int:
    """Return where the quoted-string that `text` starts with ends, or -1 if it never does."""
    found = _QUOTED.match(text)
    return found.end() if found else -1


def split_commas(text: str) -> list[str]:
    """Split a header value at commas that stand neither in quotes nor in angle brackets.

    A quote or bracket that is never closed ends the list: what follows it stays in one piece,
    for the parser of the element to refuse.
    """
    if "," not in text:
        return [text.strip()] if text else []
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(",")]
    parts: list[str] = []
    position = 0
    while position < len(text):
        found = _ELEMENT.match(text, position)
        end = found.end() if found else position
        if end < len(text) and text[end] != ",":
            end = len(text)
        parts.append(text[position:end].strip())
        position = end + 1
    return parts


def parse_parameters(text: str, header: str) -> Parameters:
    """Read `;name=value;name…`; values lose their quotes."""
    parameters: list[tuple[str, str | None]] = []
    position = 0
    length = len(text)
    while position < length:
        found = _PARAMETER.match(text, position)
        if found is None:
            # One ";" at the end is common and harmless.
            if text[position:].strip(" \t") in {"", ";"}:
                break
            raise MalformedMessage(header, text)
        name, value = found.groups()
        parameters.append((name, value if value is None else unquote(value)))
        position = found.end()
    return tuple(parameters)


def print_parameters(parameters: Parameters) -> str:
    return "".join(
        f";{name}" if value is None else f";{name}={print_value(value)}"
        for name, value in parameters
    )


def print_value(value: str) -> str:
    """Write a parameter value, in quotes where its characters ask for them."""
    return value if _BARE_VALUE.fullmatch(value) else quote(value)


def find_parameter(parameters: Parameters, name: str) -> str | None:
    """Return the value of the first parameter `name`, "" when it has none, None when absent."""
    for known, value in parameters:
        if known == name or known.lower() == name:
            return value or ""
    return None


def with_parameter(parameters: Parameters, name: str, value: str | None) -> Parameters:
    """Return the parameters with `name` set, in its old place if it was there."""
    if find_parameter(parameters, name) is None:
        return (*parameters, (name, value))
    return tuple((n, value) if n.lower() == name else (n, v) for n, v in parameters)


def check_parameters(parameters: Parameters, header: str) -> None:
    """Raise `InvalidHeader` for a parameter name that is no token."""
    for name, _ in parameters:
        if name not in _COMMON_NAMES and not is_token(name):
            raise InvalidHeader(header, f"parameter name {name[:40]!r}")


def print_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def check_host(host: str, port: int | None, header: str) -> None:
    """Raise `InvalidHeader` unless this is a host (IPv6 without brackets) and a port."""
    if HOST.fullmatch(host) is None:
        raise InvalidHeader(header, f"host {host[:40]!r}")
    if port is not None and not 0 < port < 65536:
        raise InvalidHeader(header, f"port {port}")


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def parse_number(text: str, header: str, *, most: int = 2**32 - 1) -> int:
    """Read an unsigned decimal; more than `most` is malformed, not clipped."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= most):
        raise MalformedMessage(header, text)
    return int(text)
