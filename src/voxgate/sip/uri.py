"""SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966); other schemes stay opaque."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import unquote as percent_decode

from voxgate.sip.grammar import (
    InvalidHeader,
    MalformedMessage,
    Parameters,
    check_host,
    find_parameter,
    print_host,
    with_parameter,
)

_SIP = re.compile(
    r"([sS][iI][pP][sS]?):"
    r"(?:([^@:\s<>\"\x00-\x1f\x7f]+)(?::([^@\s<>\"\x00-\x1f\x7f]*))?@)?"
    r"(?:([A-Za-z0-9_.\-]{1,255})|\[([0-9A-Fa-f:.]{2,45})\])"
    r"(?::([0-9]{1,5}))?"
    r"(;[^?\s<>\"\x00-\x1f\x7f]*)?"
    r"(?:\?([^\s<>\"\x00-\x1f\x7f]*))?"
)
_TEL = re.compile(r"tel:([^;?\s<>\"@\x00-\x1f\x7f]+)(;[^?\s<>\"\x00-\x1f\x7f]*)?", re.IGNORECASE)
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):([^\s<>\"\x00-\x1f\x7f]+)")

_UNRESERVED = r"A-Za-z0-9\-_.!~*'()"
_ESCAPE_USER = re.compile(rf"[^{_UNRESERVED}&=+$,;?/]")
_ESCAPE_PASSWORD = re.compile(rf"[^{_UNRESERVED}&=+$,]")
_ESCAPE_PARAMETER = re.compile(rf"[^{_UNRESERVED}\[\]/:&+$]")
_ESCAPE_HEADER = re.compile(rf"[^{_UNRESERVED}\[\]/?:+$]")
_ESCAPE_TEL = re.compile(rf"[^{_UNRESERVED}&=+$,/]")


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI in parts, with percent escapes taken out.

    `host` is written without brackets for IPv6. Of a tel URI `user` is the number and `host` is
    empty. Any other scheme keeps everything after its colon in `opaque`. A parsed URI prints
    exactly as it was written, because peers compare their own contact byte by byte.
    """

    scheme: str
    user: str | None = None
    host: str = ""
    port: int | None = None
    parameters: Parameters = ()
    headers: tuple[tuple[str, str], ...] = ()
    password: str | None = None
    opaque: str = ""
    text: str = field(default="", init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.scheme in {"sip", "sips"}:
            check_host(self.host, self.port, "URI")
            if self.user == "" or (self.password is not None and self.user is None):
                raise InvalidHeader("URI", "user is empty")
        elif self.scheme == "tel":
            if not self.user or self.host or self.port or self.headers:
                raise InvalidHeader("URI", "a tel URI is a number with parameters")
        elif _OTHER.fullmatch(f"{self.scheme}:{self.opaque}") is None:
            raise InvalidHeader("URI", f"scheme {self.scheme[:40]!r}")

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Raise `MalformedMessage` unless the whole text is a URI."""
        found = _SIP.fullmatch(text)
        uri = _other(text) if found is None else _sip(text, found)
        # The one place that sets it: `dataclasses.replace` must not carry it to another URI.
        object.__setattr__(uri, "text", text)
        return uri

    def parameter(self, name: str) -> str | None:
        """Return its value, "" for a parameter without one, None when absent."""
        return find_parameter(self.parameters, name)

    def with_parameter(self, name: str, value: str | None) -> "Uri":
        return replace(self, parameters=with_parameter(self.parameters, name, value))

    def with_user(self, user: str | None) -> "Uri":
        return replace(self, user=user)

    def without_headers(self) -> "Uri":
        """Return what may stand in a request line (RFC 3261 table 1: no headers, no method)."""
        kept = tuple(pair for pair in self.parameters if pair[0].lower() != "method")
        return replace(self, headers=(), parameters=kept)

    @property
    def is_sip(self) -> bool:
        return self.scheme in {"sip", "sips"}

    def __str__(self) -> str:
        if self.text:
            return self.text
        if self.scheme == "tel":
            user = _escape(_ESCAPE_TEL, self.user or "")
            return f"tel:{user}{_print_parameters(self.parameters)}"
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        parts = [self.scheme, ":"]
        if self.user is not None:
            parts.append(_escape(_ESCAPE_USER, self.user))
            if self.password is not None:
                parts += (":", _escape(_ESCAPE_PASSWORD, self.password))
            parts.append("@")
        parts.append(print_host(self.host))
        if self.port is not None:
            parts.append(f":{self.port}")
        parts.append(_print_parameters(self.parameters))
        if self.headers:
            pairs = (
                f"{_escape(_ESCAPE_HEADER, n)}={_escape(_ESCAPE_HEADER, v)}"
                for n, v in self.headers
            )
            parts.append("?" + "&".join(pairs))
        return "".join(parts)


def _sip(text: str, found: re.Match[str]) -> Uri:
    scheme, user, password, name, v6, port, parameters, headers = found.groups()
    if port is not None and not 0 < int(port) < 65536:
        raise MalformedMessage("URI", text)
    return Uri(
        scheme.lower(),
        _decode(user) if user is not None else None,
        name or v6,
        int(port) if port is not None else None,
        _parse_parameters(parameters) if parameters else (),
        _parse_headers(headers) if headers else (),
        _decode(password) if password is not None else None,
    )


def _other(text: str) -> Uri:
    found = _TEL.fullmatch(text)
    if found is not None:
        parameters = _parse_parameters(found.group(2) or "")
        return Uri("tel", _decode(found.group(1)), parameters=parameters)
    found = _OTHER.fullmatch(text)
    if found is None or found.group(1).lower() in {"sip", "sips", "tel"}:
        raise MalformedMessage("URI", text)
    return Uri(found.group(1).lower(), opaque=found.group(2))


def _decode(text: str) -> str:
    return percent_decode(text) if "%" in text else text


def _parse_parameters(text: str) -> Parameters:
    parameters: list[tuple[str, str | None]] = []
    for part in text.split(";"):
        if part:
            name, equals, value = part.partition("=")
            parameters.append((_decode(name), _decode(value) if equals else None))
    return tuple(parameters)


def _parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in text.split("&") if part)
    return tuple((_decode(name), _decode(value)) for name, _, value in pairs)


def _print_parameters(parameters: Parameters) -> str:
    return "".join(
        f";{_escape(_ESCAPE_PARAMETER, name)}"
        if value is None
        else f";{_escape(_ESCAPE_PARAMETER, name)}={_escape(_ESCAPE_PARAMETER, value)}"
        for name, value in parameters
    )


def _escape(forbidden: re.Pattern[str], text: str) -> str:
    return forbidden.sub(_percent, text)


def _percent(found: re.Match[str]) -> str:
    # A lone surrogate has no UTF-8; it can only come from a caller's own mistake.
    return "".join(f"%{byte:02X}" for byte in found.group().encode(errors="replace"))
