"""A caller played by the test itself, message by message: what SIPp is too polite to do."""

import hashlib
import re
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from interop.raw_phone import Heard

WAIT_S = 8.0


@dataclass(frozen=True)
class Login:
    """How to answer a challenge."""

    username: str
    password: str


@dataclass
class RawCaller:
    """One UDP socket for SIP and one for RTP on 127.0.0.1."""

    gateway_port: int
    address: str = "127.0.0.1"
    _sip: socket.socket = field(init=False)
    _rtp: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.bind((self.address, 0))
        self._sip.settimeout(WAIT_S)
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind((self.address, 0))
        self._rtp.settimeout(WAIT_S)
        self._waiting: list[Heard] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_rest: object) -> None:
        self._sip.close()
        self._rtp.close()

    @property
    def port(self) -> int:
        return int(self._sip.getsockname()[1])

    @property
    def sdp(self) -> str:
        port = self._rtp.getsockname()[1]
        return (
            f"v=0\r\no=raw 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )

    def send(self, message: str) -> None:
        self._sip.sendto(message.encode(), ("127.0.0.1", self.gateway_port))

    def hear(self, *, within_s: float = WAIT_S) -> Heard:
        """The next message, whatever it is. Raises TimeoutError."""
        if self._waiting:
            return self._waiting.pop(0)
        self._sip.settimeout(within_s)
        data, source = self._sip.recvfrom(65_536)
        return Heard(data.decode(), source)

    def hears_nothing(self, *, within_s: float) -> bool:
        try:
            self._waiting.append(self.hear(within_s=within_s))
        except TimeoutError:
            return True
        return False

    def hears_audio(self, *, packets: int = 5) -> bool:
        """Whether that many RTP packets come."""
        try:
            for _ in range(packets):
                self._rtp.recvfrom(2048)
        except TimeoutError:
            return False
        return True

    def invite(
        self,
        uri: str,
        *,
        from_user: str = "+49171000",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        login: Login | None = None,
        to: str | None = None,
    ) -> "RawCall":
        """`to` is the To header when it is not the URI."""
        call = RawCall(self, uri, from_user, dict(headers or {}), body, login, to)
        call.send_invite()
        return call

    def register(
        self, realm: str, login: Login, *, expires: int = 300, contact: str | None = None
    ) -> Heard:
        """The final answer; a challenge is answered first."""
        fields = {
            "From": f"<sip:{login.username}@{realm}>;tag=r{secrets.token_hex(3)}",
            "To": f"<sip:{login.username}@{realm}>",
            "Call-ID": f"reg-{secrets.token_hex(6)}",
            "Contact": contact or f"<sip:{login.username}@{self.address}:{self.port}>",
            "Expires": str(expires),
        }
        answer = self.ask("REGISTER", f"sip:{realm}", fields)
        if status_of(answer) == 401:
            given = authorization(answer, login, "REGISTER", f"sip:{realm}")
            answer = self.ask("REGISTER", f"sip:{realm}", fields | {"Authorization": given}, cseq=2)
        return answer

    def ask(self, method: str, uri: str, fields: Mapping[str, str], *, cseq: int = 1) -> Heard:
        """Send a request outside of calls and return its final answer."""
        self.send(self.request(method, uri, dict(fields), cseq=cseq))
        while True:
            answer = self.hear()
            if answer.text.startswith("SIP/2.0") and status_of(answer) >= 200:
                return answer

    def request(
        self,
        method: str,
        uri: str,
        fields: Mapping[str, str],
        *,
        cseq: int,
        branch: str | None = None,
        body: str = "",
    ) -> str:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{self.port};rport;"
            f"branch={branch or 'z9hG4bK' + secrets.token_hex(6)}",
            "Max-Forwards: 70",
            f"CSeq: {cseq} {method}",
            *(f"{name}: {value}" for name, value in fields.items()),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body


@dataclass
class RawCall:
    caller: RawCaller
    uri: str
    from_user: str
    headers: dict[str, str]
    body: str | None
    login: Login | None
    to: str | None = None
    call_id: str = field(default_factory=lambda: f"call-{secrets.token_hex(6)}")
    tag: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}")
    branch: str = ""
    cseq: int = 0
    provisional: list[int] = field(default_factory=list)
    answer: Heard | None = None
    ack_body: str = ""  # the answer to an offer in the 200

    def _fields(self, to: str | None = None) -> dict[str, str]:
        me, port = self.caller.address, self.caller.port
        return {
            "From": f'"Ann" <sip:{self.from_user}@{me}>;tag={self.tag}',
            "To": to or self.to or f"<{self.uri}>",
            "Call-ID": self.call_id,
            "Contact": f"<sip:{self.from_user.lstrip('+')}@{me}:{port}>",
        }

    def send_invite(self, authorized: str | None = None) -> None:
        self.cseq += 1
        self.branch = "z9hG4bK" + secrets.token_hex(6)
        fields = self._fields() | self.headers
        if authorized is not None:
            fields["Authorization"] = authorized
        body = self.caller.sdp if self.body is None else self.body
        if body:
            fields["Content-Type"] = "application/sdp"
        self.caller.send(
            self.caller.request(
                "INVITE", self.uri, fields, cseq=self.cseq, branch=self.branch, body=body
            )
        )

    def progress(self) -> Heard:
        """The next provisional response but 100."""
        while True:
            heard = self._response()
            if 100 < status_of(heard) < 200:
                return heard
            assert status_of(heard) < 200, heard.text

    def final(self) -> Heard:
        """The final response, acknowledged; a challenge is answered when there is a login."""
        while True:
            heard = self._response()
            status = status_of(heard)
            if status < 200:
                continue
            self.answer = heard
            self._acknowledge(heard, status)
            if status == 401 and self.login is not None and "Authorization" not in self.headers:
                given = authorization(heard, self.login, "INVITE", self.uri)
                self.headers["Authorization"] = given
                self.send_invite()
                continue
            return heard

    def _response(self) -> Heard:
        while True:
            heard = self.caller.hear()
            mine = self.call_id in heard.text and heard.text.startswith("SIP/2.0")
            if mine and f"{self.cseq} INVITE" in heard.text:
                self.provisional.append(status_of(heard))
                return heard

    def _acknowledge(self, heard: Heard, status: int) -> None:
        fields = self._fields(heard.value("To"))
        branch = self.branch if status >= 300 else None
        uri = self.uri if status >= 300 else _contact(heard)
        body = self.ack_body if status < 300 else ""
        if body:
            fields["Content-Type"] = "application/sdp"
        self.caller.send(
            self.caller.request("ACK", uri, fields, cseq=self.cseq, branch=branch, body=body)
        )

    def cancel(self) -> None:
        fields = self._fields()
        del fields["Contact"]
        self.caller.send(
            self.caller.request("CANCEL", self.uri, fields, cseq=self.cseq, branch=self.branch)
        )

    def bye(self, headers: Mapping[str, str] | None = None) -> int:
        """Hang up; the status of the answer."""
        heard = self.within("BYE", headers=headers)
        return status_of(heard)

    def within(
        self, method: str, *, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Heard:
        """A request inside the dialog and its final answer."""
        assert self.answer is not None
        self.cseq += 1
        fields = self._fields(self.answer.value("To")) | dict(headers or {})
        request = self.caller.request(
            method, _contact(self.answer), fields, cseq=self.cseq, body=body
        )
        self.caller.send(request)
        while True:
            heard = self.caller.hear()
            if heard.text.startswith("SIP/2.0") and f"{self.cseq} {method}" in heard.text:
                if status_of(heard) < 200:
                    continue
                if method == "INVITE":
                    self._acknowledge(heard, status_of(heard))
                return heard

    def expect_request(
        self, method: str, *, within_s: float = WAIT_S, answer: str = "200 OK"
    ) -> Heard:
        """A request of the gateway inside this call, answered at once."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            heard = self.caller.hear(within_s=max(0.05, deadline - time.monotonic()))
            if heard.text.startswith(f"{method} ") and self.call_id in heard.text:
                self._respond(heard, answer)
                return heard
        raise TimeoutError(f"no {method}")

    def _respond(self, heard: Heard, answer: str) -> None:
        names = ("Via", "From", "To", "Call-ID", "CSeq")
        lines = [f"{name}: {value}" for name in names for value in heard.values(name)]
        self.caller.send("\r\n".join([f"SIP/2.0 {answer}", *lines, "Content-Length: 0", "", ""]))


def status_of(heard: Heard) -> int:
    return int(heard.text.split(" ", 2)[1])


def _contact(heard: Heard) -> str:
    found = re.search(r"<([^>]*)>", heard.value("Contact"))
    assert found is not None
    return found.group(1)


def authorization(
    challenge: Heard, login: Login, method: str, uri: str, *, nc: int = 1, algorithm: str = "MD5"
) -> str:
    """The answer to a digest challenge (RFC 7616) in any algorithm, worked out here on its own."""
    text = challenge.values("WWW-Authenticate")[0]
    realm, nonce = (re.search(rf'{name}="([^"]*)"', text).group(1) for name in ("realm", "nonce"))  # type: ignore[union-attr]
    cnonce, count = secrets.token_hex(4), f"{nc:08x}"

    def digest(value: str) -> str:
        return hashlib.new("md5" if algorithm == "MD5" else "sha256", value.encode()).hexdigest()

    first = digest(f"{login.username}:{realm}:{login.password}")
    second = digest(f"{method}:{uri}")
    response = digest(f"{first}:{nonce}:{count}:{cnonce}:auth:{second}")
    return (
        f'Digest username="{login.username}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm={algorithm}, cnonce="{cnonce}", qop=auth, nc={count}'
    )
