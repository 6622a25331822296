"""The cheapest SIP callee: rings and answers every INVITE at once, says 200 to everything else."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

_HEADERS = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq|Record-Route): .*\r\n", re.MULTILINE)
_CALLED = re.compile(rb"INVITE sips?:([^@;>]+)")
_CALL_ID = re.compile(rb"^Call-ID: (.*)\r\n", re.MULTILINE)
_MEDIA = re.compile(rb"^c=IN IP4 ([0-9.]+)\r\n.*?^m=audio (\d+)", re.MULTILINE | re.DOTALL)
_TO = re.compile(rb"^(To: .*)\r\n", re.MULTILINE)

# (called number, arrival, address of its audio)
InviteSeen = Callable[[str, float, tuple[str, int]], None]


@dataclass
class Counts:
    invites: int = 0
    repeated_invites: int = 0
    acks: int = 0
    byes: int = 0
    other: list[bytes] = field(default_factory=list)


class Callee(asyncio.DatagramProtocol):
    """Answers with audio at `media`; keeps an INVITE's answer until the BYE, for its repeats."""

    def __init__(self, media: tuple[str, int], on_invite: InviteSeen) -> None:
        self._on_invite = on_invite
        host, port = media
        self._body = (
            f"v=0\r\no=callee 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
        ).encode()
        self._media = (host, port)
        self._answers: dict[bytes, bytes] = {}
        self.counts = Counts()

    def hear_keys(self, payload_type: int) -> None:
        """From the next answer on telephone-event is spoken too."""
        host, port = self._media
        self._body = (
            f"v=0\r\no=callee 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 {payload_type}\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:{payload_type} telephone-event/8000\r\na=ptime:20\r\n"
        ).encode()
        self._write_tail()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self._contact = f"Contact: <sip:callee@{host}:{port}>\r\n".encode()
        self._write_tail()

    def _write_tail(self) -> None:
        self._answer_tail = (
            self._contact
            + b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(self._body)
            + self._body
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(b"INVITE"):
            self._invite(data, addr)
        elif data.startswith(b"ACK"):
            self.counts.acks += 1
        elif data.startswith(b"SIP/2.0"):
            self.counts.other.append(data)
        else:
            if data.startswith(b"BYE") and (found := _CALL_ID.search(data)):
                self.counts.byes += 1
                self._answers.pop(found[1], None)
            head = b"".join(_HEADERS.findall(data))
            self._transport.sendto(
                b"SIP/2.0 200 OK\r\n" + head + b"Content-Length: 0\r\n\r\n", addr
            )

    def _invite(self, data: bytes, addr: tuple[str, int]) -> None:
        at = time.perf_counter()
        call_id = _CALL_ID.search(data)
        called = _CALLED.match(data)
        audio = _MEDIA.search(data)
        if not (call_id and called and audio):
            self.counts.other.append(data)
            return
        if known := self._answers.get(call_id[1]):
            self.counts.repeated_invites += 1
            self._transport.sendto(known, addr)
            return
        self.counts.invites += 1
        self._on_invite(called[1].decode(), at, (audio[1].decode(), int(audio[2])))
        head = b"".join(_HEADERS.findall(data))
        head = _TO.sub(rb"\1;tag=c\r\n", head)
        ringing = b"SIP/2.0 180 Ringing\r\n" + head + self._contact + b"Content-Length: 0\r\n\r\n"
        answer = b"SIP/2.0 200 OK\r\n" + head + self._answer_tail
        self._answers[call_id[1]] = answer
        self._transport.sendto(ringing, addr)
        self._transport.sendto(answer, addr)
