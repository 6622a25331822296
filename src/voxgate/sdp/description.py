"""A session description as lines with names (RFC 8866); `attributes` says what some of them mean.

Only what a call needs is kept: origin, name, connection, times, attributes and media. Other lines
are skipped when read, so a description that was read and printed says less, never something else.
"""

import re
from dataclasses import dataclass

from voxgate.base.errors import VoxgateError

MEDIA_MAX = 32
LINES_MAX = 2_000
_LINE_BREAKERS = re.compile(r"[\r\n\x00]")

Attributes = tuple[tuple[str, str | None], ...]


class SdpError(VoxgateError):
    """Root of what `voxgate.sdp` raises on purpose."""


class MalformedDescription(SdpError):
    """The peer sent something that is no session description."""

    def __init__(self, line_number: int, text: str) -> None:
        super().__init__(f"SDP line {line_number} is malformed: {text[:80]!r}")
        self.line_number = line_number


class UnprintableDescription(SdpError):
    """A value of ours would break out of its line."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the description; the version tells a repeated one from a changed one."""

    username: str
    session_id: str
    version: str
    address: str

    @classmethod
    def parse(cls, text: str) -> "Origin":
        username, session_id, version, _network, _family, address = text.split()
        return cls(username, session_id, version, address)

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {_connection(self.address)}"


@dataclass(frozen=True, slots=True)
class Media:
    """One m= section. `connection` is None where the session's one applies."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: str | None = None
    attributes: Attributes = ()
    port_count: int = 1

    def attribute(self, name: str) -> str | None:
        """Return the value of the first attribute `name`, "" for a flag, None when absent."""
        return find_attribute(self.attributes, name)

    def lines(self) -> list[str]:
        ports = str(self.port) if self.port_count == 1 else f"{self.port}/{self.port_count}"
        lines = [f"m={self.kind} {ports} {self.protocol} {' '.join(self.formats)}"]
        if self.connection is not None:
            lines.append(f"c={_connection(self.connection)}")
        return lines + _attribute_lines(self.attributes)


@dataclass(frozen=True, slots=True)
class Description:
    origin: Origin
    connection: str | None = None
    media: tuple[Media, ...] = ()
    attributes: Attributes = ()
    name: str = "-"
    times: tuple[str, ...] = ("0 0",)

    @classmethod
    def parse(cls, data: bytes) -> "Description":
        """Raise `MalformedDescription` for what is none; a missing s= or t= is forgiven."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        lines = text.replace("\r\n", "\n").split("\n")
        if len(lines) > LINES_MAX:
            raise MalformedDescription(LINES_MAX, f"({len(lines)} lines)")
        reader = _Reader()
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue  # empty lines at the end are common; elsewhere they do no harm
            try:
                reader.take(line)
            except ValueError:
                raise MalformedDescription(number, line) from None
        return reader.description(len(lines))

    def attribute(self, name: str) -> str | None:
        """Return the value of the first session attribute `name`; "" for a flag, None if absent."""
        return find_attribute(self.attributes, name)

    def __bytes__(self) -> bytes:
        lines = ["v=0", f"o={self.origin}", f"s={self.name or '-'}"]
        if self.connection is not None:
            lines.append(f"c={_connection(self.connection)}")
        lines += [f"t={time}" for time in self.times]
        lines += _attribute_lines(self.attributes)
        for media in self.media:
            lines += media.lines()
        for line in lines:
            if _LINE_BREAKERS.search(line):
                raise UnprintableDescription(f"{line[:80]!r} is not one line")
        return ("\r\n".join(lines) + "\r\n").encode()


class _Reader:
    """Collects lines; each method of `_READERS` raises ValueError for a line it cannot take."""

    def __init__(self) -> None:
        self.started = False
        self.origin: Origin | None = None
        self.name = "-"
        self.times: list[str] = []
        self.connection: str | None = None
        self.attributes: list[tuple[str, str | None]] = []
        self.media: list[tuple[Media, list[tuple[str, str | None]]]] = []

    def take(self, line: str) -> None:
        if line[1:2] != "=" or (not self.started and line.strip() != "v=0"):
            raise ValueError(line)
        self.started = True
        kind, value = line[0], line[2:].strip()
        if kind == "o":
            self.origin = Origin.parse(value)
        elif kind == "s":
            self.name = value or "-"
        elif kind == "t":
            self.times.append(value)
        elif kind == "c":
            self._take_connection(value)
        elif kind == "a":
            self._take_attribute(value)
        elif kind == "m":
            self._take_media(value)

    def _take_connection(self, value: str) -> None:
        _network, _family, address = value.split()
        address = address.partition("/")[0]
        if not address:
            raise ValueError(value)
        if not self.media:
            self.connection = address
        else:
            media, attributes = self.media[-1]
            if media.connection is None:  # several only occur in layered multicast
                self.media[-1] = _with_connection(media, address), attributes

    def _take_attribute(self, value: str) -> None:
        name, colon, content = value.partition(":")
        attributes = self.media[-1][1] if self.media else self.attributes
        attributes.append((name, content if colon else None))

    def _take_media(self, value: str) -> None:
        kind, ports, protocol, *formats = value.split()
        port, slash, count = ports.partition("/")
        if len(self.media) >= MEDIA_MAX or not formats:
            raise ValueError(value)
        media = Media(
            kind,
            _number(port, 65_535),
            protocol,
            tuple(formats),
            port_count=_number(count, 65_535) if slash else 1,
        )
        self.media.append((media, []))

    def description(self, line_count: int) -> Description:
        if self.origin is None:
            raise MalformedDescription(line_count, "(no o= line)")
        return Description(
            self.origin,
            self.connection,
            tuple(_with_attributes(media, tuple(found)) for media, found in self.media),
            tuple(self.attributes),
            self.name,
            tuple(self.times) or ("0 0",),
        )


def _with_connection(media: Media, address: str) -> Media:
    return Media(
        media.kind,
        media.port,
        media.protocol,
        media.formats,
        address,
        port_count=media.port_count,
    )


def _with_attributes(media: Media, attributes: Attributes) -> Media:
    return Media(
        media.kind,
        media.port,
        media.protocol,
        media.formats,
        media.connection,
        attributes,
        media.port_count,
    )


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= most):
        raise ValueError(text)
    return int(text)


def _connection(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"


def _attribute_lines(attributes: Attributes) -> list[str]:
    return [f"a={name}" if value is None else f"a={name}:{value}" for name, value in attributes]


def find_attribute(attributes: Attributes, name: str) -> str | None:
    for known, value in attributes:
        if known == name:
            return value or ""
    return None
