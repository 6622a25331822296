"""The SIP side of the gateway without sockets: what strangers send, and what they get back."""

from collections.abc import Callable

from voxgate.sip.agent import Agent
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.dialog.outside import IncomingRequest
from voxgate.sip.message import Response, parse
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import Transmit
from voxgate.testing.virtual_time import ManualClock

HERE = Destination("udp", "192.0.2.1", 5060)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)


class Outside:
    """`invites` and `requests` are what the agent handed over; `answers` went out."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.invites: list[IncomingInvite] = []
        self.requests: list[IncomingRequest] = []
        self.answers: list[Response] = []
        self._agent = Agent(
            clock=self.clock, options=SipOptions(), product="test", wake=self._drain
        )
        self._agent.listen_on(HERE)
        self._agent.invite_handler = self.invites.append
        self._agent.hand_over("REGISTER", self.requests.append)

    def take_requests(self, handler: Callable[[IncomingRequest], None]) -> None:
        self._agent.hand_over("REGISTER", handler)

    def send(
        self,
        method: str,
        uri: str,
        *headers: str,
        source: str = "192.0.2.9",
        number: int = 1,
        body: str = "",
        to: str | None = None,
    ) -> None:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {source}:5060;branch=z9hG4bK{number}",
            f"From: Ann <sip:alice@{source}>;tag=f{number}",
            f"To: {to or '<' + uri + '>'}",
            f"Call-ID: call-{number}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:alice@{source}:5060>",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        data = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
        self._agent.receive(data, Source(Destination("udp", source, 5060), HERE))
        self._drain()

    def invite(self, uri: str = "sip:49301@192.0.2.1", *headers: str) -> IncomingInvite:
        self.send("INVITE", uri, *headers, number=len(self.invites) + 1, body=SDP)
        return self.invites[-1]

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]

    def _drain(self) -> None:
        effects = self._agent.effects
        while effects:
            effect = effects.popleft()
            if isinstance(effect, Transmit):
                message = parse(effect.payload)
                if isinstance(message, Response):
                    self.answers.append(message)
            else:
                effect()
