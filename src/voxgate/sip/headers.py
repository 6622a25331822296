"""Header fields, the table of their names, and one class per value the stack understands.

RFC 3261 section 20; Reason RFC 3326; Session-Expires RFC 4028; RAck RFC 3262.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from voxgate.sip.grammar import (
    REMEMBERED_CHARACTERS_MAX,
    REMEMBERED_MAX,
    InvalidHeader,
    MalformedMessage,
    Parameters,
    SipError,
    check_host,
    check_parameters,
    checked_text,
    find_parameter,
    is_token,
    parse_number,
    parse_parameters,
    print_host,
    print_parameters,
    quote,
    quoted_end,
    split_commas,
    unquote,
    with_parameter,
)
from voxgate.sip.uri import Uri

COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""One-letter names and what they stand for (the registry of RFC 3261 section 27.2)."""

STANDARD_NAMES = frozenset(COMPACT.values()) | {
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Alert-Info",
    "Allow",
    "Authentication-Info",
    "Authorization",
    "CSeq",
    "Call-Info",
    "Content-Disposition",
    "Content-Language",
    "Date",
    "Diversion",
    "Error-Info",
    "Expires",
    "Geolocation",
    "History-Info",
    "In-Reply-To",
    "MIME-Version",
    "Max-Forwards",
    "Min-Expires",
    "Min-SE",
    "Organization",
    "P-Asserted-Identity",
    "P-Charging-Vector",
    "P-Early-Media",
    "P-Preferred-Identity",
    "Path",
    "Priority",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Require",
    "RAck",
    "RSeq",
    "Reason",
    "Record-Route",
    "Remote-Party-ID",
    "Replaces",
    "Reply-To",
    "Require",
    "Retry-After",
    "Route",
    "Server",
    "Service-Route",
    "Subscription-State",
    "Timestamp",
    "Unsupported",
    "User-Agent",
    "User-to-User",
    "Via",
    "WWW-Authenticate",
    "Warning",
}

# Name as written -> (name as handed on, key). Names met most are found without any lower().
HEADER_NAMES: dict[str, tuple[str, str]] = {
    spelling: (name, name.lower())
    for name in STANDARD_NAMES
    for spelling in (name, name.lower(), name.upper(), name.title())
} | {
    spelling: (name, name.lower())
    for compact, name in COMPACT.items()
    for spelling in (compact, compact.upper())
}
_KEYS = {spelling: key for spelling, (_, key) in HEADER_NAMES.items()}


def header_key(name: str) -> str:
    """Return what a header is found by: the long name in lower case."""
    return _KEYS.get(name) or name.lower()


def header_names(written: str) -> tuple[str, str] | None:
    """Return the name to hand on and the key of a header name; None if it is none."""
    name = written.rstrip(" \t")
    if not is_token(name):
        return None
    return HEADER_NAMES.get(name) or HEADER_NAMES.get(name.lower()) or (name, name.lower())


class SealedHeaders(SipError):
    """Headers were changed after a message took them; copy them first."""


class Headers:
    """Header fields in order, found by name whatever its case or compact form.

    Open for `add`, `replace` and `remove` until a message takes it; `copy` gives an open one.
    `fields` (name and value in order) and `index` (values by `header_key`) are there to be read.
    """

    __slots__ = ("_sealed", "fields", "index")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self.fields: list[tuple[str, str]] = []
        self.index: dict[str, list[str]] = {}
        self._sealed = False
        for name, value in fields:
            self.add(name, value)

    @classmethod
    def received(cls, fields: list[tuple[str, str]], index: dict[str, list[str]]) -> "Headers":
        """Wrap what the parser found; nothing is checked again."""
        headers = cls()
        headers.fields = fields
        headers.index = index
        return headers.seal()

    def add(self, name: str, value: str) -> None:
        """Append a field; raise `InvalidHeader` for what would not be one line of it."""
        key = _KEYS.get(name)
        if key is None:
            if not is_token(name):
                raise InvalidHeader(name, "its name is not a token")
            key = name.lower()
        if not (value.isascii() and value.isprintable()):
            value = checked_text(name, value)
        self._append(name, key, value.strip(" \t"))

    def add_received(self, name: str, value: str) -> None:
        """Append a field that a peer sent: it came in one line, so it fits in one."""
        self._append(name, header_key(name), value)

    def _append(self, name: str, key: str, value: str) -> None:
        if self._sealed:
            raise SealedHeaders(f"{name} set on headers that a message owns")
        self.fields.append((name, value))
        values = self.index.get(key)
        if values is None:
            self.index[key] = [value]
        else:
            values.append(value)

    def copy_from(self, other: "Headers", *names: str) -> None:
        """Append all fields of these names as they were received."""
        for name in names:
            for value in other.all(name):
                self.add_received(name, value)

    def replace(self, name: str, value: str) -> None:
        """Put one field in the place of all of that name, or append it."""
        key = header_key(name)
        if key not in self.index:
            self.add(name, value)
            return
        fresh = Headers([(name, value)]).fields[0]
        self._require_open(name)
        first = next(at for at, (known, _) in enumerate(self.fields) if header_key(known) == key)
        kept = [pair for pair in self.fields[first + 1 :] if header_key(pair[0]) != key]
        self.fields[first:] = [fresh, *kept]
        self.index[key] = [fresh[1]]

    def remove(self, name: str) -> None:
        """Drop all fields of that name, if any."""
        self._require_open(name)
        key = header_key(name)
        if self.index.pop(key, None) is not None:
            self.fields = [pair for pair in self.fields if header_key(pair[0]) != key]

    def _require_open(self, name: str) -> None:
        if self._sealed:
            raise SealedHeaders(f"{name} changed on headers that a message owns")

    def get(self, name: str) -> str | None:
        """Return the first value of that name as it was written."""
        values = self.index.get(_KEYS.get(name) or name.lower())
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Return the value of each field of that name, commas untouched."""
        return list(self.index.get(header_key(name), ()))

    def elements(self, name: str) -> list[str]:
        """Return every comma-separated element of all fields of that name."""
        values = self.index.get(header_key(name), ())
        return [element for value in values for element in split_commas(value) if element]

    def tokens(self, name: str) -> frozenset[str]:
        """Return a list of option tags or methods (Supported, Require, Allow, …) in lower case."""
        return frozenset(element.lower() for element in self.elements(name))

    def copy(self) -> "Headers":
        fresh = Headers()
        fresh.fields = list(self.fields)
        fresh.index = {key: list(values) for key, values in self.index.items()}
        return fresh

    def seal(self) -> "Headers":
        self._sealed = True
        return self

    def __contains__(self, name: str) -> bool:
        return header_key(name) in self.index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]  # mutable until sealed

    def __repr__(self) -> str:
        return f"Headers({self.fields!r})"


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with an optional display name: From, To, Contact, Route, Refer-To."""

    display: str | None
    uri: Uri
    parameters: Parameters = ()

    def __post_init__(self) -> None:
        if self.parameters:
            check_parameters(self.parameters, "address")

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Raise `MalformedMessage` unless the text is one address.

        A display name that should have been quoted is taken as it stands.
        """
        return _name_addr(text) if len(text) <= REMEMBERED_CHARACTERS_MAX else _read_address(text)

    @classmethod
    def parse_many(cls, text: str) -> tuple["NameAddr", ...]:
        return tuple(cls.parse(part) for part in split_commas(text))

    @property
    def tag(self) -> str | None:
        """The dialog tag; None when absent (RFC 2543 peers)."""
        return find_parameter(self.parameters, "tag") or None

    def parameter(self, name: str) -> str | None:
        """Return its value, "" for a parameter without one, None when absent."""
        return find_parameter(self.parameters, name)

    def with_parameter(self, name: str, value: str | None) -> "NameAddr":
        return replace(self, parameters=with_parameter(self.parameters, name, value))

    def with_tag(self, tag: str) -> "NameAddr":
        return self.with_parameter("tag", tag)

    def __str__(self) -> str:
        address = f"<{self.uri}>" if self.display is None else f"{quote(self.display)} <{self.uri}>"
        return address + print_parameters(self.parameters) if self.parameters else address


# What nearly every From, To, Contact and Route looks like; anything else goes the long way.
_PLAIN_ADDRESS = re.compile(r'(?:"([^"\\]*)" ?)?<([^<>"\s]+)>(?:;tag=([A-Za-z0-9\-.!%*_+`\'~]+))?')


def _read_address(text: str) -> NameAddr:
    found = _PLAIN_ADDRESS.fullmatch(text)
    if found is not None:
        display, address, tag = found.groups()
        return NameAddr(display, Uri.parse(address), () if tag is None else (("tag", tag),))
    return _read_odd_address(text.strip())


def _read_odd_address(text: str) -> NameAddr:
    if text.startswith('"'):
        end = quoted_end(text)
        start = text.find("<", end)
        if end < 0 or start < 0 or text[end:start].strip():
            raise MalformedMessage("address", text)
        display: str | None = unquote(text[:end])
    else:
        start = text.find("<")
        if start < 0:
            return _read_bare_address(text)
        display = text[:start].strip() or None
        if display is not None and ('"' in display or ">" in display):
            raise MalformedMessage("address", text)
    end = text.find(">", start)
    if end < 0:
        raise MalformedMessage("address", text)
    uri = Uri.parse(text[start + 1 : end].strip(" \t"))
    rest = text[end + 1 :]
    return NameAddr(display, uri, parse_parameters(rest, "address") if rest else ())


def _read_bare_address(text: str) -> NameAddr:
    # RFC 3261 section 20: without <> all parameters are the header's, and ? and , are forbidden.
    address, semicolon, rest = text.partition(";")
    if "?" in address or "," in address:
        raise MalformedMessage("address", text)
    uri = Uri.parse(address.rstrip(" \t"))
    return NameAddr(None, uri, parse_parameters(semicolon + rest, "address"))


_name_addr = lru_cache(maxsize=REMEMBERED_MAX)(_read_address)


_VIA = re.compile(
    r"[sS][iI][pP][ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+"
    r"(?:([A-Za-z0-9_.\-]{1,255})|\[([0-9A-Fa-f:.]{2,45})\])"
    r"(?:[ \t]*:[ \t]*([0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop: where its reply goes (RFC 3261 section 18.2, `rport` of RFC 3581)."""

    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = ()

    def __post_init__(self) -> None:
        check_host(self.host, self.port, "Via")
        if not is_token(self.transport):
            raise InvalidHeader("Via", f"transport {self.transport[:40]!r}")
        check_parameters(self.parameters, "Via")

    @classmethod
    def parse(cls, text: str) -> "Via":
        return _via(text) if len(text) <= REMEMBERED_CHARACTERS_MAX else _read_via(text)

    @classmethod
    def parse_many(cls, text: str) -> tuple["Via", ...]:
        return tuple(cls.parse(part) for part in split_commas(text))

    @property
    def branch(self) -> str | None:
        return find_parameter(self.parameters, "branch") or None

    @property
    def received(self) -> str | None:
        return find_parameter(self.parameters, "received") or None

    @property
    def wants_rport(self) -> bool:
        return find_parameter(self.parameters, "rport") is not None

    def parameter(self, name: str) -> str | None:
        """Return its value, "" for a parameter without one, None when absent."""
        return find_parameter(self.parameters, name)

    def received_from(self, ip: str, port: int) -> "Via":
        """Note where the request really came from (RFC 3261 18.2.1, RFC 3581 section 4)."""
        parameters = self.parameters
        if self.wants_rport:
            parameters = with_parameter(parameters, "rport", str(port))
            parameters = with_parameter(parameters, "received", ip)
        elif ip != self.host:
            parameters = with_parameter(parameters, "received", ip)
        else:
            return self
        return replace(self, parameters=parameters)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return (
            f"SIP/2.0/{self.transport} {print_host(self.host)}{port}"
            f"{print_parameters(self.parameters)}"
        )


def _read_via(text: str) -> Via:
    text = text.strip()
    found = _VIA.match(text)
    if found is None:
        raise MalformedMessage("Via", text)
    transport, name, v6, digits = found.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port < 65536:
        raise MalformedMessage("Via", text)
    parameters = parse_parameters(text[found.end() :], "Via")
    return Via(transport.upper(), name or v6, port, parameters)


_via = lru_cache(maxsize=REMEMBERED_MAX)(_read_via)


_CSEQ = re.compile(r"([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    def __post_init__(self) -> None:
        if not 0 <= self.number < 2**32:
            raise InvalidHeader("CSeq", f"number {self.number}")
        if not is_token(self.method):
            raise InvalidHeader("CSeq", f"method {self.method[:40]!r}")

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        return _cseq(text) if len(text) <= REMEMBERED_CHARACTERS_MAX else _read_cseq(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def _read_cseq(text: str) -> CSeq:
    found = _CSEQ.fullmatch(text.strip())
    if found is None or (number := int(found.group(1))) >= 2**32:
        raise MalformedMessage("CSeq", text)
    return CSeq(number, found.group(2))


_cseq = lru_cache(maxsize=REMEMBERED_MAX)(_read_cseq)


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable provisional response a PRACK answers (RFC 3262 section 7.2)."""

    rseq: int
    cseq: CSeq

    @classmethod
    def parse(cls, text: str) -> "RAck":
        first, _, rest = text.strip().partition(" ")
        return cls(parse_number(first, "RAck"), CSeq.parse(rest))

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request was sent, or what a gateway behind the peer said (RFC 3326, RFC 6432)."""

    protocol: str
    cause: int | None = None
    text: str | None = None
    parameters: Parameters = ()

    def __post_init__(self) -> None:
        if not is_token(self.protocol):
            raise InvalidHeader("Reason", f"protocol {self.protocol[:40]!r}")
        check_parameters(self.parameters, "Reason")

    @classmethod
    def parse(cls, text: str) -> "Reason":
        protocol, semicolon, rest = text.strip().partition(";")
        if not is_token(protocol.rstrip()):
            raise MalformedMessage("Reason", text)
        parameters = parse_parameters(semicolon + rest, "Reason")
        cause = find_parameter(parameters, "cause")
        return cls(
            protocol.rstrip(),
            parse_number(cause, "Reason") if cause else None,
            find_parameter(parameters, "text"),
            tuple(pair for pair in parameters if pair[0].lower() not in {"cause", "text"}),
        )

    @classmethod
    def parse_many(cls, text: str) -> tuple["Reason", ...]:
        return tuple(cls.parse(part) for part in split_commas(text))

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        # The text is always quoted: RFC 3326 says so and some peers insist.
        text = "" if self.text is None else f";text={quote(self.text)}"
        return f"{self.protocol}{cause}{text}{print_parameters(self.parameters)}"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """How long a session lives without a refresh, and who refreshes it (RFC 4028 section 4)."""

    delta_s: int
    refresher: str | None = None
    parameters: Parameters = ()

    def __post_init__(self) -> None:
        if self.refresher not in {None, "uac", "uas"}:
            raise InvalidHeader("Session-Expires", "refresher is neither uac nor uas")
        check_parameters(self.parameters, "Session-Expires")

    @classmethod
    def parse(cls, text: str) -> "SessionExpires":
        delta, semicolon, rest = text.partition(";")
        parameters = parse_parameters(semicolon + rest, "Session-Expires")
        refresher = (find_parameter(parameters, "refresher") or "").lower() or None
        if refresher not in {None, "uac", "uas"}:
            raise MalformedMessage("Session-Expires", text)
        others = tuple(pair for pair in parameters if pair[0].lower() != "refresher")
        return cls(parse_number(delta, "Session-Expires"), refresher, others)

    def __str__(self) -> str:
        refresher = f";refresher={self.refresher}" if self.refresher else ""
        return f"{self.delta_s}{refresher}{print_parameters(self.parameters)}"
