"""Where tenants' addresses may lead: hooks, media files, SIP URIs and proxies.

Public addresses may be reached, others only when the operator lists their network. Link-local
and cloud metadata addresses never. A name is judged by what it resolves to at the moment of
connecting, so that an answer which changes between check and use (DNS rebinding) gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from voxgate.base.errors import VoxgateError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this host": Linux connects it to loopback
        "169.254.0.0/16",  # link-local, with most clouds' metadata
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # platform services of Azure
        "192.0.0.192/32",  # metadata of Oracle Cloud
        "255.255.255.255/32",
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",  # metadata of AWS
        "fd20:ce::254/128",  # metadata of Google Cloud
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# What resolvers take for an address although it is not written as one: 2130706433, 0x7f.1, 127.1
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}\.?", re.IGNORECASE)


class EgressRefused(VoxgateError, OSError):
    """The address is not one that tenants may reach.

    Also an OSError, because it is raised in the place of a failed connect.
    """

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address and EGRESS_ALLOW does not list it")
        self.address = address


class EgressPolicy:
    """Which addresses may be reached besides public ones."""

    def __init__(self, networks: Iterable[Network] = (), *, unrestricted: bool = False) -> None:
        self._networks = tuple(networks)
        self._unrestricted = unrestricted

    @classmethod
    def exempt(cls) -> "EgressPolicy":
        """For what an admin or provider entered: nothing is refused."""
        return cls(unrestricted=True)

    def check(self, address: str | Address) -> None:
        """Raises EgressRefused, and ValueError when the text is not an IP address."""
        if self._unrestricted:
            return
        asked = ipaddress.ip_address(address) if isinstance(address, str) else address
        if not self._allows(_innermost(asked)):
            raise EgressRefused(str(asked))

    def check_host(self, host: str) -> None:
        """Judge what can be judged without DNS: literal addresses and localhost.

        Other names pass here and are judged when they are connected to.
        """
        bare = host.strip("[]").rstrip(".").lower()
        if bare == "localhost" or bare.endswith(".localhost"):
            self.check(ipaddress.IPv4Address("127.0.0.1"))
            return
        try:
            literal = ipaddress.ip_address(bare)
        except ValueError:
            if _NUMERIC_HOST.fullmatch(bare) and not self._unrestricted:
                raise EgressRefused(host) from None
            return
        self.check(literal)

    def _allows(self, address: Address) -> bool:
        if any(address in network for network in _NEVER):
            return False
        if any(address in network for network in self._networks):
            return True
        return address.is_global and not address.is_multicast and not address.is_reserved


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64, Teredo), else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class _Resolver(AbstractResolver):
    """Drops the addresses that may not be reached; a name with nothing else left is refused."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        allowed: list[ResolveResult] = []
        refused: EgressRefused | None = None
        for result in await self._system.resolve(host, port, family):
            try:
                self._policy.check(result["host"].partition("%")[0])
            except EgressRefused as refusal:
                refused = refusal
            else:
                allowed.append(result)
        if refused is not None and not allowed:
            raise refused
        return allowed

    async def close(self) -> None:
        await self._system.close()


def connector(policy: EgressPolicy, *, keepalive_s: float = 4.0) -> aiohttp.TCPConnector:
    """An aiohttp connector that connects to nothing `policy` refuses, redirects included.

    Its pool has no limit of its own: whoever sends bounds what it has in flight.
    Idle connections are dropped before common servers (5 s) close theirs under a request.
    """

    def open_socket(addr_info: tuple[Any, ...]) -> socket.socket:
        # Literal addresses come here without passing the resolver.
        family, kind, protocol, _name, address = addr_info
        policy.check(str(address[0]).partition("%")[0])
        opened = socket.socket(family=family, type=kind, proto=protocol)
        opened.setblocking(False)  # noqa: FBT003 - socket's own signature
        return opened

    return aiohttp.TCPConnector(
        resolver=_Resolver(policy),
        socket_factory=open_socket,
        limit=0,
        keepalive_timeout=keepalive_s,
        ttl_dns_cache=10,
    )
