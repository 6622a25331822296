"""Two or more SIP agents on one wire in memory, in a time that jumps from deadline to deadline."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from voxgate.sip.agent import Agent
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import DialogEvent, OutgoingInvite
from voxgate.sip.dialog.invite import InviteDialog
from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import (
    Headers,
    Message,
    Request,
    Response,
    UnreadableMessage,
    parse,
    response_to,
)
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import Transmit
from voxgate.sip.uri import Uri
from voxgate.testing.virtual_time import ManualClock

OFFER = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 10.0.0.2\r\n"


def never(_message: Message) -> bool:
    return False


class Net:
    """Carries messages at once, unless `drop` says otherwise."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.drop: Callable[[Message], bool] = never
        self._sides: dict[Destination, Side | Peer] = {}
        self._agents: list[Side] = []
        self._wire: deque[tuple[bytes, Destination, Destination]] = deque()
        self.log: list[tuple[Destination, Destination, Message]] = []

    def side(self, host: str, options: SipOptions | None = None, fraction: float = 0.5) -> "Side":
        side = Side(self, Destination("udp", host, 5060), options or SipOptions(), fraction)
        self._sides[side.address] = side
        self._agents.append(side)
        return side

    def peer(self, host: str) -> "Peer":
        peer = Peer(self, Destination("udp", host, 5060))
        self._sides[peer.address] = peer
        return peer

    def put(self, payload: bytes, source: Destination, destination: Destination) -> None:
        full = Destination(destination.transport, destination.host, destination.port or 5060)
        self._wire.append((payload, source, full))

    def settle(self) -> None:
        """Deliver everything that is under way; time stands still."""
        while True:
            for side in self._agents:
                side.carry_out()
            if not self._wire:
                return
            payload, source, destination = self._wire.popleft()
            try:
                message = parse(payload)
            except UnreadableMessage:  # our 400 says back what was broken
                continue
            self.log.append((source, destination, message))
            receiver = self._sides.get(destination)
            if receiver is not None and not self.drop(message):
                receiver.take(payload, source)

    def run(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.clock.monotonic() + seconds
        self.settle()
        while True:
            deadlines = [d for side in self._agents if (d := side.agent.deadline) is not None]
            due = min(deadlines, default=end)
            if due > end:
                break
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            if not any(d <= self.clock.monotonic() for d in deadlines):
                break
            for side in self._agents:
                side.agent.on_time()
            self.settle()
        self.clock.advance(max(0.0, end - self.clock.monotonic()))

    def seen(self, kind: str) -> list[Message]:
        """All messages of a kind that were put on the wire: a method, or `status method`."""
        return [message for _, _, message in self.log if label(message) == kind]

    @property
    def ladder(self) -> list[str]:
        return [label(message) for _, _, message in self.log]


def label(message: Message) -> str:
    if isinstance(message, Request):
        return message.method
    assert isinstance(message, Response)
    return f"{message.status} {message.cseq.method}"


class Side:
    """One agent of ours."""

    def __init__(
        self, net: Net, address: Destination, options: SipOptions, fraction: float
    ) -> None:
        self.net = net
        self.address = address
        self.events: list[DialogEvent] = []
        self.calls: list[IncomingInvite] = []
        self.agent = Agent(
            clock=net.clock, options=options, product="test", fraction=lambda: fraction
        )
        self.agent.listen_on(address)
        self.agent.invite_handler = self.calls.append

    def carry_out(self) -> None:
        effects = self.agent.effects
        while effects:
            effect = effects.popleft()
            if isinstance(effect, Transmit):
                self.net.put(effect.payload, effect.local, effect.destination)
            else:
                effect()

    def take(self, payload: bytes, source: Destination) -> None:
        self.agent.receive(payload, Source(source, self.address))

    def invite(
        self,
        to: Destination,
        *,
        credentials: Credentials | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        session_expires_s: int | None = None,
        also: tuple[Destination, ...] = (),
    ) -> InviteDialog:
        out = OutgoingInvite(
            uri=Uri.parse("sip:bob@b.example"),
            destination=to,
            from_=NameAddr(None, Uri.parse("sip:alice@a.example")),
            to=NameAddr(None, Uri.parse("sip:bob@b.example")),
            call_id="call-1",
            from_tag="fa",
            branch_seed="seed",
            body=OFFER,
            headers=headers,
            credentials=credentials,
            session_expires_s=session_expires_s,
        )
        dialog = self.agent.invite(out, self.events.append)
        dialog.start((to, *also))
        return dialog

    def named(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


@dataclass
class Peer:
    """A far end that does exactly what a test tells it."""

    net: Net
    address: Destination
    inbox: list[Message] = field(default_factory=list)
    _branches: int = 0

    def take(self, payload: bytes, source: Destination) -> None:
        self.inbox.append(parse(payload))

    def last(self, method: str) -> Request:
        """The newest request of a method."""
        for message in reversed(self.inbox):
            if isinstance(message, Request) and message.method == method:
                return message
        raise AssertionError(f"no {method} among {[label(m) for m in self.inbox]}")

    def all(self, kind: str) -> list[Message]:
        return [message for message in self.inbox if label(message) == kind]

    def reply(
        self,
        request: Request,
        status: int,
        *,
        tag: str | None = "tb",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        reason: str = "Reason",
        contact: bool = True,
    ) -> None:
        fields = list(headers)
        if contact:
            fields.append(("Contact", f"<sip:bob@{self.address.sent_by}>"))
        if body:
            fields.append(("Content-Type", "application/sdp"))
        response = response_to(request, status, reason, to_tag=tag, headers=fields, body=body)
        self.net.put(response.to_bytes(), self.address, where(request))
        self.net.settle()

    def request(
        self,
        method: str,
        to: Destination,
        *,
        cseq: int = 1,
        from_: str = "<sip:bob@b.example>;tag=tb",
        to_: str = "<sip:alice@a.example>;tag=fa",
        uri: str = "sip:alice@10.0.0.1",
        branch: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        call_id: str = "call-1",
        contact: bool = True,
        content_type: str = "application/sdp",
    ) -> Request:
        self._branches += 1
        fields = Headers()
        own = self.address.sent_by
        branch = branch or f"z9hG4bKpeer{self._branches}"
        fields.add("Via", f"SIP/2.0/UDP {own};branch={branch}")
        fields.add("Max-Forwards", "70")
        fields.add("From", from_)
        fields.add("To", to_)
        fields.add("Call-ID", call_id)
        fields.add("CSeq", f"{cseq} {method}")
        if contact:
            fields.add("Contact", f"<sip:bob@{own}>")
        for name, value in headers:
            fields.add(name, value)
        if body:
            fields.add("Content-Type", content_type)
        request = Request(method, uri, fields, body)
        self.net.put(request.to_bytes(), self.address, to)
        self.net.settle()
        return request

    def invite(self, to: Destination, **options: object) -> Request:
        return self.request(
            "INVITE",
            to,
            to_="<sip:alice@a.example>",
            body=OFFER,
            **options,  # type: ignore[arg-type]
        )


def where(request: Request) -> Destination:
    via = request.via
    return Destination("udp", via.host, via.port)
