"""SIP over UDP, one socket per listener (RFC 3261 section 18).

ICMP errors are read from the socket's error queue, so that a peer that is not there fails its
request at once instead of after 32 seconds.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from voxgate.sip.transaction.destination import Destination, Source

_IP_RECVERR = 11  # linux/in.h; Python names neither
_IPV6_RECVERR = 25
_RECEIVE_BUFFER = 4 * 1024 * 1024  # a burst of calls must outlast one garbage collection
_SOURCES_MAX = 4096
_DATAGRAM_MAX = 65_536

Received = Callable[[bytes, Source], None]
Undelivered = Callable[[bytes, Destination, str], None]


class UdpListener(asyncio.DatagramProtocol):
    """One bound UDP socket."""

    def __init__(
        self, sock: socket.socket, *, received: Received, undelivered: Undelivered
    ) -> None:
        """`undelivered` gets back what the peer's host refused, and why."""
        self._socket = sock
        self._received = received
        self._undelivered = undelivered
        self._transport: asyncio.DatagramTransport | None = None
        self._sources: dict[tuple[str, int], Source] = {}
        self.local = Destination("udp", *sock.getsockname()[:2])

    @classmethod
    async def bind(
        cls, host: str, port: int, *, received: Received, undelivered: Undelivered
    ) -> "UdpListener":
        """Raise OSError when the address is taken or not ours."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with contextlib.ExitStack() as undo:
            sock = undo.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            sock.setblocking(False)  # noqa: FBT003 - its only parameter
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            sock.bind((host, port))
            listener = cls(sock, received=received, undelivered=undelivered)
            loop = asyncio.get_running_loop()
            listener._transport, _ = await loop.create_datagram_endpoint(
                lambda: listener, sock=sock
            )
            undo.pop_all()
        return listener

    def known_as(self, local: Destination) -> None:
        """Set the address under which the outside knows this socket."""
        self.local = local
        self._sources.clear()

    def send(self, payload: bytes, host: str, port: int) -> None:
        """Send now; what the kernel has no room for is queued, what it refuses is reported."""
        for _ in range(2):
            try:
                self._socket.sendto(payload, (host, port))
            except (BlockingIOError, InterruptedError):
                if self._transport is not None:
                    self._transport.sendto(payload, (host, port))
            except ConnectionRefusedError:
                # The error of an earlier datagram, which has kept this one from going out.
                self._drain_errors()
                continue
            except OSError as failure:
                self._undelivered(payload, Destination("udp", host, port), str(failure))
            return

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        source = self._sources.get(addr)
        if source is None:
            if len(self._sources) >= _SOURCES_MAX:
                self._sources.clear()
            source = Source(Destination("udp", addr[0], addr[1]), self.local)
            self._sources[addr] = source
        self._received(data, source)

    def error_received(self, exc: Exception) -> None:  # noqa: ARG002 - the queue says more
        self._drain_errors()

    def _drain_errors(self) -> None:
        flags = socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT
        # BlockingIOError: the queue is empty; anything else, and there is nothing to learn.
        with contextlib.suppress(OSError):
            while True:
                payload, _, _, address = self._socket.recvmsg(_DATAGRAM_MAX, 512, flags)
                if address:
                    peer = Destination("udp", address[0], address[1])
                    self._undelivered(payload, peer, f"{peer.sent_by} is not reachable")
