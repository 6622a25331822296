"""A callee played by the test itself, message by message: for far ends that SIPp cannot be."""

import re
import socket
from dataclasses import dataclass
from typing import Self

WAIT_S = 8.0
_COPIED = {"via", "from", "call-id", "cseq", "record-route"}


@dataclass(frozen=True)
class Heard:
    """One message from the gateway."""

    text: str
    source: tuple[str, int]

    @property
    def method(self) -> str:
        return self.text.split(" ", 1)[0]

    @property
    def target(self) -> str:
        return self.text.split(" ", 2)[1]

    def values(self, name: str) -> list[str]:
        return re.findall(rf"(?mi)^{re.escape(name)}: *(.*?)\r$", self.text)

    def value(self, name: str) -> str:
        (only,) = self.values(name)
        return str(only)


class RawPhone:
    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(WAIT_S)
        self._seen: set[bytes] = set()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def sdp(self) -> str:
        return (
            "v=0\r\no=raw 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.port + 1} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_rest: object) -> None:
        self._socket.close()

    def expect(self, method: str) -> Heard:
        """The next message, which must be of that method; exact repeats are passed over."""
        while True:
            data, source = self._socket.recvfrom(65536)
            if data not in self._seen:
                break
        self._seen.add(data)
        heard = Heard(data.decode(), source)
        assert heard.method == method, f"expected {method}, got:\n{heard.text}"
        return heard

    def send(self, text: str, to: tuple[str, int]) -> None:
        self._socket.sendto(text.encode(), to)

    def reply(
        self,
        request: Heard,
        status: str,
        *headers: str,
        tag: str | None = None,
        body: str = "",
        contact: str | None = None,
    ) -> None:
        """A response as RFC 3261 section 8.2.6 makes it, with `headers` added."""
        lines = [f"SIP/2.0 {status}"]
        for line in request.text.partition("\r\n\r\n")[0].split("\r\n")[1:]:
            name = line.partition(":")[0].strip().lower()
            if name in _COPIED:
                lines.append(line)
            elif name == "to":
                lines.append(f"{line};tag={tag}" if tag and ";tag=" not in line else line)
        lines.append(f"Contact: {contact or f'<sip:raw@127.0.0.1:{self.port}>'}")
        lines += headers
        if body:
            lines.append("Content-Type: application/sdp")
        self.send("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]), request.source)
