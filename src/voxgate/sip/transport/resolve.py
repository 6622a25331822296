"""From a host name to the addresses to try, in order (RFC 3263 section 4).

The transport is always known here (a gateway or URI names it), so NAPTR has no part in it.
"""

import asyncio
import ipaddress
import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.rdatatype

from voxgate.base.clock import Clock
from voxgate.sip.grammar import SipError, is_address
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import DEFAULT_PORT

ADDRESS_TTL_S = 60.0  # getaddrinfo does not tell how long an address holds
SRV_TTL_MAX_S = 300.0  # a carrier that moves should not wait for a day-long TTL
SRV_TIMEOUT_S = 3.0  # a call waits for it
TARGETS_MAX = 8
CACHE_MAX = 4096


class Unresolvable(SipError):
    """The name has no address."""


@dataclass(frozen=True, slots=True)
class SrvRecord:
    priority: int
    weight: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SrvAnswer:
    records: tuple[SrvRecord, ...]
    ttl_s: float


class NameService(Protocol):
    """The two questions that are asked of the DNS."""

    async def srv(self, name: str) -> SrvAnswer:
        """All SRV records of a name; none when there are none."""
        ...

    async def addresses(self, host: str) -> Sequence[str]:
        """All addresses of a host; none when there are none."""
        ...


class SystemNameService:
    """The resolver of the machine: its name servers for SRV, its hosts file too for addresses."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        """Without a `resolver` the name servers of the machine are asked."""
        self._resolver = resolver

    async def srv(self, name: str) -> SrvAnswer:
        try:
            resolver = self._resolver or dns.asyncresolver.get_default_resolver()
            answer = await resolver.resolve(name, dns.rdatatype.SRV, lifetime=SRV_TIMEOUT_S)
        except dns.exception.DNSException:
            return SrvAnswer((), ADDRESS_TTL_S)  # no such records, no answer, no name server
        records = tuple(
            SrvRecord(r.priority, r.weight, str(r.target).rstrip("."), r.port) for r in answer
        )
        return SrvAnswer(records, float(answer.rrset.ttl if answer.rrset is not None else 0))

    async def addresses(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except OSError:
            return ()
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Finds the targets of a destination and remembers them for a while."""

    def __init__(
        self,
        clock: Clock,
        names: NameService | None = None,
        *,
        families: Callable[[], frozenset[int]] = lambda: frozenset({4, 6}),
        draw: Callable[[], float] | None = None,
    ) -> None:
        """`families` are the IP versions that listeners speak; other addresses are of no use.

        `draw` gives numbers from 0 up to 1 for the choice by weight.
        """
        self._clock = clock
        self._names = names or SystemNameService()
        self._families = families
        self._draw = draw or random.SystemRandom().random
        self._cache: dict[Destination, tuple[float, tuple[Destination, ...]]] = {}

    def known(self, destination: Destination) -> tuple[Destination, ...] | None:
        """The targets, if no question need be asked."""
        if is_address(destination.host):
            if destination.port is not None:
                return (destination,)
            return (Destination(destination.transport, destination.host, DEFAULT_PORT),)
        cached = self._cache.get(destination)
        if cached is not None and cached[0] > self._clock.monotonic():
            return cached[1]
        return None

    async def resolve(self, destination: Destination) -> tuple[Destination, ...]:
        """The targets in the order to try; raise `Unresolvable` when there are none."""
        known = self.known(destination)
        if known is not None:
            return known
        ttl_s = ADDRESS_TTL_S
        hosts = [(destination.host, destination.port or DEFAULT_PORT)]
        if destination.port is None:
            answer = await self._names.srv(f"_sip._{destination.transport}.{destination.host}")
            if answer.records:
                ttl_s = min(answer.ttl_s, SRV_TTL_MAX_S)
                hosts = [(r.host, r.port) for r in self._ordered(answer.records)]
        targets: dict[Destination, None] = {}
        for host, port in hosts[:TARGETS_MAX]:
            for address in await self._addresses(host):
                targets[Destination(destination.transport, address, port)] = None
        if not targets:
            raise Unresolvable(f"{destination.host} has no address")
        if len(self._cache) >= CACHE_MAX:
            self._cache.clear()
        found = tuple(targets)[:TARGETS_MAX]
        self._cache[destination] = (self._clock.monotonic() + ttl_s, found)
        return found

    async def _addresses(self, host: str) -> list[str]:
        if is_address(host):
            return [host]
        families = self._families()
        return [
            address
            for address in await self._names.addresses(host)
            if ipaddress.ip_address(address).version in families
        ]

    def _ordered(self, records: Sequence[SrvRecord]) -> list[SrvRecord]:
        """RFC 2782: by priority, within it drawn at random by weight."""
        ordered: list[SrvRecord] = []
        left = sorted(records, key=lambda r: (r.priority, r.weight))
        while left:
            group = [r for r in left if r.priority == left[0].priority]
            point = self._draw() * sum(r.weight for r in group)
            for record in group:
                point -= record.weight
                if point <= 0:
                    break
            ordered.append(record)
            left.remove(record)
        return ordered
