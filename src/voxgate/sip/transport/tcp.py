"""SIP over TCP: connections made and taken, reused both ways (RFC 3261 section 18, RFC 5923)."""

import asyncio
import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import cast

from voxgate.base.clock import Clock
from voxgate.base.tasks import Nursery
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transport.framing import BrokenStream, KeepAlive, StreamFramer

IDLE_CLOSE_S = 600.0  # longer than the pause between two session refreshes of most peers
PING_AFTER_S = 60.0  # keeps the mapping of a NAT and shows dead peers (RFC 5626 section 4.4.1)
CONNECT_TIMEOUT_S = 5.0
WAITING_MAX = 256  # messages for one peer while its connection is being made
UNSENT_BYTES_MAX = 1024 * 1024  # a peer that does not read is cut off
CONNECTIONS_MAX = 10_000

Received = Callable[[bytes, Source], None]
Undelivered = Callable[[Hashable, str], None]


class TcpConnection(asyncio.Protocol):
    """One connection, whoever made it."""

    def __init__(self, owner: "TcpTransport", local: Destination, flow: int) -> None:
        self.flow = flow
        self.last_message = owner.clock.monotonic()
        self.last_byte = self.last_message
        self.peer: tuple[str, int] | None = None
        self._owner = owner
        self._local = local
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None
        self._source: Source | None = None

    def send(self, payload: bytes) -> bool:
        """Return False when the peer is gone or does not read."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            transport.abort()
            return False
        transport.write(payload)
        self.last_message = self.last_byte = self._owner.clock.monotonic()
        return True

    def ping(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(KeepAlive.PING.value)
            self.last_byte = self._owner.clock.monotonic()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = standing = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if not peer or not self._owner.adopt(self, (peer[0], peer[1])):
            standing.abort()
            return
        self.peer = (peer[0], peer[1])
        self._source = Source(Destination("tcp", peer[0], peer[1]), self._local, self.flow)

    def data_received(self, data: bytes) -> None:
        if self._source is None:
            return
        self.last_byte = self._owner.clock.monotonic()
        for frame in self._framer.receive(data):
            if isinstance(frame, bytes):
                self.last_message = self.last_byte
                self._owner.received(frame, self._source)
            elif frame is KeepAlive.PING:
                self._write(KeepAlive.PONG.value)
            elif isinstance(frame, BrokenStream):
                if frame.head:
                    self._owner.received(frame.head, self._source)
                self.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - lost is lost
        self._owner.forget(self)


@dataclass(slots=True)
class _Waiting:
    """Messages for a peer whose connection is being made."""

    messages: list[tuple[bytes, Hashable]] = field(default_factory=list)


class TcpTransport:
    """All TCP connections of one endpoint."""

    def __init__(
        self,
        *,
        clock: Clock,
        received: Received,
        undelivered: Undelivered,
        idle_close_s: float = IDLE_CLOSE_S,
        ping_after_s: float = PING_AFTER_S,
    ) -> None:
        """`undelivered` gets the transaction of what could not be sent, and why."""
        self.clock = clock
        self.received = received
        self._undelivered = undelivered
        self._idle_close_s = idle_close_s
        self._ping_after_s = ping_after_s
        self._flows = itertools.count(1)
        self._by_flow: dict[int, TcpConnection] = {}
        self._by_peer: dict[tuple[str, int], TcpConnection] = {}
        self._waiting: dict[tuple[str, int], _Waiting] = {}
        self._servers: list[asyncio.Server] = []
        self._nursery = Nursery("sip-tcp")
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._by_flow)

    async def listen(
        self, host: str, port: int, *, known_as: Callable[[int], Destination]
    ) -> Destination:
        """Take connections; `known_as` says our address to the outside, given the port bound."""
        loop = asyncio.get_running_loop()

        def accept() -> TcpConnection:
            return TcpConnection(self, local, next(self._flows))

        server = await loop.create_server(accept, host, port, backlog=512, start_serving=False)
        local = known_as(server.sockets[0].getsockname()[1])
        await server.start_serving()
        self._servers.append(server)
        if not self._sweeping:
            self._sweeping = True
            self._nursery.start(self._sweep_forever(), name="sweep")
        return local

    def send(
        self,
        payload: bytes,
        host: str,
        port: int,
        *,
        local: Destination,
        flow: int | None = None,
        transaction: Hashable = None,
    ) -> None:
        """Send over the flow named, else over a connection to the peer, made if need be."""
        connection = self._by_flow.get(flow) if flow is not None else None
        if connection is not None and connection.send(payload):
            return
        peer = (host, port)
        connection = self._by_peer.get(peer)
        if connection is not None and connection.send(payload):
            return
        waiting = self._waiting.get(peer)
        if waiting is None:
            waiting = self._waiting[peer] = _Waiting()
            self._nursery.start(self._connect(peer, local), name=f"connect {host}:{port}")
        if len(waiting.messages) >= WAITING_MAX:
            self._undelivered(transaction, f"too many messages wait for {host}:{port}")
        else:
            waiting.messages.append((payload, transaction))

    async def _connect(self, peer: tuple[str, int], local: Destination) -> None:
        loop = asyncio.get_running_loop()
        connection = TcpConnection(self, local, next(self._flows))
        failure = ""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await loop.create_connection(lambda: connection, *peer)
        except TimeoutError:
            failure = f"no connection to {peer[0]}:{peer[1]} within {CONNECT_TIMEOUT_S:g} s"
        except OSError as refused:
            failure = f"no connection to {peer[0]}:{peer[1]}: {refused.strerror or refused}"
        for payload, transaction in self._waiting.pop(peer).messages:
            if failure or not connection.send(payload):
                self._undelivered(transaction, failure or "the connection was closed")

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(self._ping_after_s / 2)
            self.sweep()

    def sweep(self) -> None:
        """Close what has been idle for long; ping what is only quiet."""
        now = self.clock.monotonic()
        for connection in list(self._by_flow.values()):
            if now - connection.last_message >= self._idle_close_s:
                connection.close()
            elif now - connection.last_byte >= self._ping_after_s:
                connection.ping()

    def adopt(self, connection: TcpConnection, peer: tuple[str, int]) -> bool:
        """Note a connection that stands; False when there are too many."""
        if len(self._by_flow) >= CONNECTIONS_MAX:
            return False
        self._by_flow[connection.flow] = connection
        self._by_peer[peer] = connection
        return True

    def forget(self, connection: TcpConnection) -> None:
        self._by_flow.pop(connection.flow, None)
        peer = connection.peer
        if peer is not None and self._by_peer.get(peer) is connection:
            del self._by_peer[peer]

    async def close(self) -> None:
        """Stop taking connections and close those that stand."""
        for server in self._servers:
            server.close()
        for connection in list(self._by_flow.values()):
            connection.close()
        await self._nursery.close()
        for server in self._servers:
            await server.wait_closed()
