"""Connections to applications: made within the egress policy, kept for a while, used again."""

import asyncio
import ipaddress
import socket
import ssl
from typing import Any

import aiohappyeyeballs

from voxgate.base.egress import EgressPolicy, EgressRefused
from voxgate.base.tasks import Nursery
from voxgate.hooks.connection import Answer, Broken, Connection

Origin = tuple[str, int, bool]  # host, port, TLS
_AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]
_Found = list[_AddressInfo] | OSError | UnicodeError

# Idle connections are dropped before common servers (5 s) close theirs under a request.
_IDLE_S = 4.0
_NAME_S = 10.0
_NAMES_MOST = 4096
_EYEBALLS_S = 0.25


class NotConnected(ConnectionError):
    """Nobody took the connection in time."""


class Pool:
    """Its connections have no limit in number: whoever sends bounds what is in flight."""

    def __init__(self, policy: EgressPolicy, *, connect_s: float, body_most: int) -> None:
        self._policy = policy
        self._connect_s = connect_s
        self._body_most = body_most
        self._nursery = Nursery("hooks")
        self._idle: dict[Origin, list[Connection]] = {}
        self._names: dict[tuple[str, int], tuple[float, asyncio.Task[_Found]]] = {}
        self._tls: ssl.SSLContext | None = None
        self._sweep_timer: asyncio.TimerHandle | None = None

    async def exchange(self, origin: Origin, request: bytes) -> Answer:
        """Raises OSError: EgressRefused, Broken, NotConnected, what TLS or the system says.

        The server may close an idle connection in the moment we use it; what was sent on a used
        connection and got not one byte back is therefore sent once more (RFC 9112 9.3.1).
        """
        connection = self._take(origin)
        if connection is not None:
            try:
                return await self._use(connection, origin, request)
            except Broken as dropped:
                if not dropped.silent:
                    raise
        return await self._use(await self._connect(origin), origin, request)

    async def close(self) -> None:
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()
        await self._nursery.close()
        await asyncio.sleep(0)  # aborted transports close in the loop's next turn

    async def _use(self, connection: Connection, origin: Origin, request: bytes) -> Answer:
        answer = await connection.exchange(request)
        if connection.is_open:
            loop = asyncio.get_running_loop()
            connection.idle_since = loop.time()
            self._idle.setdefault(origin, []).append(connection)
            if self._sweep_timer is None:
                self._sweep_timer = loop.call_later(_IDLE_S, self._sweep)
        return answer

    def _take(self, origin: Origin) -> Connection | None:
        """The connection used last, so that those not needed grow old."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _IDLE_S
        for origin, connections in list(self._idle.items()):
            kept = [one for one in connections if one.is_open and one.idle_since > oldest]
            for connection in connections:
                if connection.is_open and connection.idle_since <= oldest:
                    connection.close()
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]
        self._sweep_timer = loop.call_later(1.0, self._sweep) if self._idle else None

    async def _connect(self, origin: Origin) -> Connection:
        host, port, tls = origin
        try:
            async with asyncio.timeout(self._connect_s):
                infos = await self._addresses(host, port)
                opened = await aiohappyeyeballs.start_connection(
                    infos, happy_eyeballs_delay=_EYEBALLS_S, interleave=1
                )
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self._body_most),
                    sock=opened,
                    ssl=self._context() if tls else None,
                    server_hostname=host if tls else None,
                )
        except TimeoutError:
            raise NotConnected("no connection in time") from None
        return connection

    async def _addresses(self, host: str, port: int) -> list[_AddressInfo]:
        """What may be connected to; a name with nothing else is refused."""
        refused: EgressRefused | None = None
        allowed: list[_AddressInfo] = []
        for info in await self._lookup(host, port):
            try:
                self._policy.check(str(info[4][0]).partition("%")[0])
            except EgressRefused as refusal:
                refused = refusal
            else:
                allowed.append(info)
        if refused is not None and not allowed:
            raise refused
        return allowed

    async def _lookup(self, host: str, port: int) -> list[_AddressInfo]:
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            return await self._resolved(host, port)
        if literal.version == 4:
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
        address = (host, port, 0, 0)
        return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    async def _resolved(self, host: str, port: int) -> list[_AddressInfo]:
        """From DNS, remembered for ten seconds; who asks meanwhile waits for the same answer."""
        loop = asyncio.get_running_loop()
        known = self._names.get((host, port))
        if known is None or known[0] <= loop.time():
            if len(self._names) >= _NAMES_MOST:
                self._names.clear()
            looking = self._nursery.start(_getaddrinfo(host, port), name="dns")
            known = self._names[host, port] = loop.time() + _NAME_S, looking
        # Shielded: others may wait for the same.
        found = await asyncio.shield(known[1])
        if isinstance(found, Exception):
            self._names.pop((host, port), None)
            raise found
        return found

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


async def _getaddrinfo(host: str, port: int) -> _Found:
    loop = asyncio.get_running_loop()
    try:
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        return failure
