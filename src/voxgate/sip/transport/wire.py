"""All sockets of one endpoint, and the way from a destination to one of them."""

import socket
from collections.abc import Callable, Hashable
from functools import partial

from voxgate.base.clock import Clock
from voxgate.base.settings import Listener
from voxgate.base.tasks import Nursery
from voxgate.sip.agent import transaction_of
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import DEFAULT_PORT, Transmit
from voxgate.sip.transport.resolve import NameService, Resolver, Unresolvable
from voxgate.sip.transport.tcp import TcpTransport
from voxgate.sip.transport.udp import UdpListener

WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not chosen

Received = Callable[[bytes, Source], None]
Undelivered = Callable[[Hashable, str], None]
Sent = Callable[[Transmit, Destination], None]


class Wire:
    """Sends and receives; whole messages in and out."""

    def __init__(
        self,
        *,
        clock: Clock,
        public_ip: str | None,
        names: NameService | None,
        received: Received,
        undelivered: Undelivered,
        sent: Sent,
    ) -> None:
        """`undelivered` gets the transaction of what cannot go out; `sent` what does, and where."""
        self._public_ip = public_ip
        self._received = received
        self._undelivered = undelivered
        self._sent = sent
        self.bound: list[Listener] = []
        self.known_as: list[Destination] = []  # the same, as the outside knows them
        self._resolver = Resolver(clock, names, families=self._families)
        self._udp: dict[Destination, UdpListener] = {}
        self._tcp = TcpTransport(clock=clock, received=received, undelivered=undelivered)
        self._nursery = Nursery("sip-wire")

    async def bind(self, listener: Listener) -> Destination:
        """Open one listener and return it as the outside knows it; raise OSError if it is taken."""
        if listener.transport == "udp":
            udp = await UdpListener.bind(
                listener.host,
                listener.port,
                received=self._received,
                undelivered=self._datagram_undelivered,
            )
            local = self._address_of("udp", listener.host, udp.local.port or 0)
            udp.known_as(local)
            self._udp[local] = udp
        else:
            local = await self._tcp.listen(
                listener.host,
                listener.port,
                known_as=partial(self._address_of, "tcp", listener.host),
            )
        self.bound.append(Listener(listener.transport, listener.host, local.port or 0))
        self.known_as.append(local)
        return local

    async def close(self) -> None:
        await self._nursery.close()
        for udp in self._udp.values():
            udp.close()
        self._udp.clear()
        await self._tcp.close()
        self.bound.clear()
        self.known_as.clear()

    def _address_of(self, transport: str, host: str, port: int) -> Destination:
        if self._public_ip is not None and (":" in self._public_ip) == (":" in host):
            host = self._public_ip
        elif host in WILDCARDS:
            host = address_of_way_out(host)
        return Destination(transport, host, port)

    def _families(self) -> frozenset[int]:
        return frozenset(6 if ":" in bound.host else 4 for bound in self.bound)

    # Names.

    def known(self, destination: Destination) -> tuple[Destination, ...] | None:
        """The targets of a destination, if no question need be asked."""
        return self._resolver.known(destination)

    async def resolve(self, destination: Destination) -> tuple[Destination, ...]:
        """The targets in the order to try; raise `Unresolvable` when there are none."""
        return await self._resolver.resolve(destination)

    # Messages out.

    def send(self, transmit: Transmit) -> None:
        """Send now, or as soon as the name is resolved."""
        targets = self._resolver.known(transmit.destination)
        if targets is not None:
            self._send_to(transmit, targets[0])
        else:
            self._nursery.start(self._resolve_and_send(transmit), name="resolve")

    async def _resolve_and_send(self, transmit: Transmit) -> None:
        try:
            targets = await self._resolver.resolve(transmit.destination)
        except Unresolvable as unknown:
            self._undelivered(transmit.transaction, str(unknown))
        else:
            self._send_to(transmit, targets[0])

    def _send_to(self, transmit: Transmit, target: Destination) -> None:
        self._sent(transmit, target)
        port = target.port or DEFAULT_PORT
        if target.reliable:
            self._tcp.send(
                transmit.payload,
                target.host,
                port,
                local=transmit.local,
                flow=transmit.flow,
                transaction=transmit.transaction,
            )
        elif (udp := self._udp.get(transmit.local)) is not None:
            udp.send(transmit.payload, target.host, port)

    def _datagram_undelivered(self, payload: bytes, peer: Destination, why: str) -> None:
        """An ICMP error, or the kernel's refusal: the datagram says whose it was."""
        self._undelivered(transaction_of(payload), f"{peer}: {why}")


def address_of_way_out(wildcard: str) -> str:
    """Our address on the interface that faces the Internet; nothing is sent to find it."""
    six = ":" in wildcard
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("2001:db8::1" if six else "192.0.2.1", 9))
        except OSError:
            return "::1" if six else "127.0.0.1"
        return str(sock.getsockname()[0])
