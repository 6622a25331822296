"""SIP requests and responses as values; bytes in, bytes out (RFC 3261 section 7).

`parse` checks once what every message needs, so that the properties of a parsed message never
raise. A message that we build ourselves is read lazily, if at all.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from voxgate.sip.grammar import (
    CALL_ID,
    InvalidHeader,
    MalformedMessage,
    SipError,
    checked_text,
    is_token,
    parse_number,
    split_commas,
    unquote,
)
from voxgate.sip.headers import (
    HEADER_NAMES,
    CSeq,
    Headers,
    NameAddr,
    Via,
    header_key,
    header_names,
)
from voxgate.sip.uri import Uri

__all__ = [
    "Headers",
    "InvalidHeader",
    "MalformedMessage",
    "Message",
    "Request",
    "Response",
    "SipError",
    "UnreadableMessage",
    "parse",
    "response_to",
]

MESSAGE_BYTES_MAX = 65_536  # what one UDP datagram can hold; no call set-up comes near it
HEADERS_MAX = 200
LINE_CHARACTERS_MAX = 8_192

Value = TypeVar("Value")

_ONCE_ONLY = frozenset({"from", "to", "call-id", "cseq", "max-forwards"})


class Message:
    """What requests and responses share. Properties of a parsed message never raise."""

    __slots__ = (
        "_contacts",
        "_cseq",
        "_from",
        "_record_routes",
        "_routes",
        "_to",
        "_via",
        "body",
        "headers",
    )

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        headers.seal()
        self.body = body
        self._via: Via | None = None
        self._from: NameAddr | None = None
        self._to: NameAddr | None = None
        self._cseq: CSeq | None = None
        self._contacts: tuple[NameAddr, ...] | None = None
        self._routes: tuple[NameAddr, ...] | None = None
        self._record_routes: tuple[NameAddr, ...] | None = None

    @property
    def via(self) -> Via:
        """The topmost Via."""
        if self._via is None:
            value = self._required("Via")
            top = split_commas(value)[0] if "," in value else value
            self._via = Via.parse(top)
        return self._via

    def check(self) -> None:
        """Read at once what the properties promise, so that they cannot raise later."""
        index = self.headers.index
        try:
            via, from_, to = index["via"][0], index["from"][0], index["to"][0]
            cseq, call_id = index["cseq"][0], index["call-id"][0]
        except KeyError as missing:
            raise MalformedMessage(HEADER_NAMES[missing.args[0]][0], "(missing)") from None
        self._via = Via.parse(split_commas(via)[0] if "," in via else via)
        self._from = _as("From", NameAddr.parse, from_)
        self._to = _as("To", NameAddr.parse, to)
        self._cseq = CSeq.parse(cseq)
        if CALL_ID.fullmatch(call_id) is None:
            raise MalformedMessage("Call-ID", call_id)
        self._contacts = self._list("Contact") if "contact" in index else ()
        self._record_routes = self._list("Record-Route") if "record-route" in index else ()

    def note_source(self, ip: str, port: int) -> None:
        """Write into the top Via where the message came from (RFC 3261 18.2.1, RFC 3581)."""
        before = self.via
        after = before.received_from(ip, port)
        if after is before:
            return
        self._via = after
        values = self.headers.index["via"]
        values[0] = ", ".join([str(after), *split_commas(values[0])[1:]])
        fields = self.headers.fields
        at = next(at for at, (name, _) in enumerate(fields) if header_key(name) == "via")
        fields[at] = ("Via", values[0])

    @property
    def via_count(self) -> int:
        """How many hops are recorded; a response for us has exactly one."""
        return len(self.headers.elements("Via"))

    @property
    def from_(self) -> NameAddr:
        if self._from is None:
            self._from = _as("From", NameAddr.parse, self._required("From"))
        return self._from

    @property
    def to(self) -> NameAddr:
        if self._to is None:
            self._to = _as("To", NameAddr.parse, self._required("To"))
        return self._to

    @property
    def cseq(self) -> CSeq:
        if self._cseq is None:
            self._cseq = CSeq.parse(self._required("CSeq"))
        return self._cseq

    @property
    def call_id(self) -> str:
        return self._required("Call-ID")

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact; None when there is none, or it is the "*" of a registration."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def contacts(self) -> tuple[NameAddr, ...]:
        if self._contacts is None:
            self._contacts = self._list("Contact")
        return self._contacts

    @property
    def routes(self) -> tuple[NameAddr, ...]:
        if self._routes is None:
            self._routes = self._list("Route")
        return self._routes

    @property
    def record_routes(self) -> tuple[NameAddr, ...]:
        """In message order: the last proxy first. A UAC reverses them (RFC 3261 12.1.2)."""
        if self._record_routes is None:
            self._record_routes = self._list("Record-Route")
        return self._record_routes

    @property
    def content_type(self) -> str | None:
        """Media type in lower case without parameters."""
        value = self.headers.get("Content-Type")
        return None if value is None else value.partition(";")[0].strip().lower()

    def part(self, media_type: str) -> bytes | None:
        """Return the body if it has this type, or the first such part of a multipart body."""
        if not self.body:
            return None
        own = self.content_type
        if own == media_type:
            return self.body
        if own is not None and own.startswith("multipart/"):
            return _multipart(self.headers.get("Content-Type") or "", self.body, media_type)
        return None

    def _required(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise MalformedMessage(name, "(missing)")
        return value

    def _list(self, name: str) -> tuple[NameAddr, ...]:
        values = self.headers.all(name)
        if len(values) == 1 and "," not in values[0]:
            # The common case; "*" is the Contact that unregisters, which is no address.
            return () if values[0] == "*" else (_as(name, NameAddr.parse, values[0]),)
        elements = self.headers.elements(name)
        return tuple([_as(name, NameAddr.parse, element) for element in elements])

    def _write(self, first_line: str) -> bytes:
        fields = self.headers.fields
        if "content-length" in self.headers.index:
            fields = [
                (name, value)
                for name, value in fields
                if name != "Content-Length" and header_key(name) != "content-length"
            ]
        lines = [first_line]
        lines += [f"{name}: {value}" for name, value in fields]
        body = self.body
        lines.append(f"Content-Length: {len(body)}\r\n\r\n")
        return "\r\n".join(lines).encode() + body


class Request(Message):
    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: Uri | str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        if not is_token(method):
            raise InvalidHeader("method", f"{method[:40]!r} is not a token")
        self.method = method
        self.uri = Uri.parse(uri) if isinstance(uri, str) else uri

    def check(self) -> None:
        super().check()
        if self.cseq.method != self.method:
            raise MalformedMessage("CSeq", str(self.cseq))
        self._routes = self._list("Route") if "route" in self.headers.index else ()
        # Kept by nobody, but a hop count that is none makes the message malformed.
        self.max_forwards  # noqa: B018
        if self.uri.headers:
            raise MalformedMessage("request URI", str(self.uri))

    @property
    def max_forwards(self) -> int | None:
        value = self.headers.get("Max-Forwards")
        return None if value is None else parse_number(value, "Max-Forwards", most=255)

    def to_bytes(self) -> bytes:
        return self._write(f"{self.method} {self.uri} SIP/2.0")

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {str(self.uri)!r}, {self.headers!r}, {self.body!r})"


class Response(Message):
    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        if not 100 <= status <= 699:
            raise InvalidHeader("status", f"{status} is not 100 to 699")
        self.status = status
        self.reason = reason if reason.isprintable() else checked_text("reason", reason)

    def to_bytes(self) -> bytes:
        return self._write(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.reason!r}, {self.headers!r}, {self.body!r})"


class UnreadableMessage(MalformedMessage):
    """`parse` refused a message.

    `salvaged` is what could be read of a request, complete enough for `response_to` and never an
    ACK; None means there is nobody to answer.
    """

    def __init__(self, cause: MalformedMessage, salvaged: Message | None) -> None:
        super().__init__(cause.header, cause.text, status=cause.status)
        self.salvaged = salvaged


def response_to(
    request: Message,
    status: int,
    reason: str,
    *,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """Answer a request as RFC 3261 section 8.2.6 wants it.

    Via, From, To, Call-ID, CSeq and (in a 100) Timestamp are the request's own text; `to_tag` is
    added unless To has a tag. `headers` are checked like any header we build.
    """
    received = request.headers
    fields = Headers()
    fields.copy_from(received, "Via")
    for name in ("From", "To", "Call-ID", "CSeq"):
        value = received.get(name)
        if value is not None:
            if name == "To" and to_tag is not None and not _has_tag(request):
                value = f"{value};tag={to_tag}"
            fields.add_received(name, value)
    if status == 100:
        fields.copy_from(received, "Timestamp")
    for name, value in headers:
        fields.add(name, value)
    return Response(status, reason, fields, body)


def _has_tag(request: Message) -> bool:
    try:
        return request.to.tag is not None
    except MalformedMessage:  # a salvaged request: its To goes back as it came
        return True


def parse(data: bytes) -> Request | Response:
    """Read one whole message; raise `UnreadableMessage` for anything else.

    Bytes after the Content-Length are dropped, as RFC 3261 section 18.3 says for datagrams.
    """
    lines, rest = _cut(data)
    fields, index, broken = _fields(lines)
    headers = Headers.received(fields, index)
    try:
        if broken is not None:
            raise broken
        message = _message(lines[0], headers, _body(headers, rest))
        message.check()
    except MalformedMessage as cause:
        raise UnreadableMessage(cause, _salvage(lines[0], headers)) from None
    return message


_FOLD = re.compile(r"(?:\r\n[ \t]+)+")
_REQUEST_LINE = re.compile(r"([^ ]+) ([^ ]+) SIP/([0-9]{1,9})\.([0-9]{1,9})", re.IGNORECASE)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE)
_CONTROLS = bytes({*range(32), 127} - set(b"\t\r\n"))
_REPLACED = dict.fromkeys(_CONTROLS, "\ufffd")


def _cut(data: bytes) -> tuple[list[str], bytes]:
    if len(data) > MESSAGE_BYTES_MAX:
        raise _unanswerable("message", f"{len(data)} bytes", status=513)
    if data[:1] in {b"\r", b"\n"}:
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise _unanswerable("message", "(its headers never end)")
    raw = data[:end]
    try:
        head = raw.decode()
    except UnicodeDecodeError:
        # Old PBXs put Latin-1 into display names; no byte is undefined in Latin-1.
        head = raw.decode("latin-1")
    if len(raw.translate(None, _CONTROLS)) != end:
        # The grammar allows escaped controls in quoted strings. No honest peer sends one, and no
        # database column, log line or header of ours has room for it.
        head = head.translate(_REPLACED)
    if "\r\n " in head or "\r\n\t" in head:
        head = _FOLD.sub(" ", head)
    lines = head.split("\r\n")
    # A bare CR or LF inside a line reads differently to every parser: that is how headers are
    # smuggled past a proxy.
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise _unanswerable("message", "(bare CR or LF)")
    return lines, data[end + 4 :]


def _unanswerable(header: str, text: str, *, status: int = 400) -> UnreadableMessage:
    return UnreadableMessage(MalformedMessage(header, text, status=status), None)


def _fields(
    lines: list[str],
) -> tuple[list[tuple[str, str]], dict[str, list[str]], MalformedMessage | None]:
    fields: list[tuple[str, str]] = []
    index: dict[str, list[str]] = {}
    broken = None
    if len(lines) > HEADERS_MAX:
        broken = MalformedMessage("message", f"({len(lines)} header lines)")
        lines = lines[:HEADERS_MAX]
    known = HEADER_NAMES.get
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        names = known(name) or header_names(name)
        if names is None or not colon or len(line) > LINE_CHARACTERS_MAX:
            broken = broken or MalformedMessage("header line", line)
            continue
        name, key = names
        value = value.strip(" \t")
        fields.append((name, value))
        values = index.get(key)
        if values is None:
            index[key] = [value]
        else:
            values.append(value)
            if key in _ONCE_ONLY:
                broken = broken or MalformedMessage(name, "(repeated)")
    return fields, index, broken


def _body(headers: Headers, rest: bytes) -> bytes:
    lengths = headers.index.get("content-length")
    if lengths is None:
        return rest
    length = parse_number(lengths[0], "Content-Length")
    if length > len(rest) or any(other != lengths[0] for other in lengths):
        raise MalformedMessage("Content-Length", ", ".join(lengths))
    return rest[:length]


def _message(first_line: str, headers: Headers, body: bytes) -> Request | Response:
    if first_line[:4].upper() == "SIP/":
        found = _STATUS_LINE.fullmatch(first_line)
        if found is None:
            raise MalformedMessage("status line", first_line)
        return Response(int(found.group(1)), found.group(2) or "", headers, body)
    found = _REQUEST_LINE.fullmatch(first_line)
    if found is None or not is_token(found.group(1)) or len(first_line) > LINE_CHARACTERS_MAX:
        raise MalformedMessage("request line", first_line)
    method, uri, major, minor = found.groups()
    if (major, minor) != ("2", "0"):
        raise MalformedMessage("SIP version", first_line, status=505)
    return Request(method, _as("request URI", Uri.parse, uri), headers, body)


def _salvage(first_line: str, headers: Headers) -> Message | None:
    method = first_line.partition(" ")[0].upper()
    if method.startswith("SIP/") or method == "ACK":
        return None
    salvaged = Message(headers, b"")
    try:
        salvaged.via  # noqa: B018
    except MalformedMessage:
        return None
    return salvaged


def _as(header: str, read: Callable[[str], Value], text: str) -> Value:
    """Read a value and name the header it stands in, should it be malformed."""
    try:
        return read(text)
    except MalformedMessage:
        raise MalformedMessage(header, text) from None


_BOUNDARY = re.compile(
    r";[ \t]*boundary[ \t]*=[ \t]*(\"[^\"]{1,70}\"|[^\s;\"]{1,70})", re.IGNORECASE
)


def _multipart(content_type: str, body: bytes, media_type: str) -> bytes | None:
    """Find a part by its type (RFC 2046 section 5.1); parts inside parts are not looked at."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    delimiter = b"\r\n--" + unquote(found.group(1)).encode()
    for piece in (b"\r\n" + body).split(delimiter)[1:]:
        if piece.startswith(b"--"):
            break
        # The delimiter line may end in blanks; a part without headers starts with an empty line.
        head, _, content = piece.partition(b"\r\n\r\n")
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            found_type = value.partition(";")[0].strip().lower()
            if found_type == media_type and header_key(name.strip()) == "content-type":
                return content
    return None
