"""Where an INVITE goes: the transport of its URI, and the egress policy after name resolution."""

from voxgate.base.egress import EgressPolicy, EgressRefused
from voxgate.call.dial import AddressRefused
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transport.resolve import Resolver, Unresolvable
from voxgate.sip.uri import Uri

TRANSPORTS = ("udp", "tcp")


class Locator:
    """The `Locate` of dialling."""

    def __init__(self, resolver: Resolver, policy: EgressPolicy) -> None:
        self._resolver = resolver
        self._policy = policy

    async def locate(self, next_hop: Uri, policed: bool) -> Destination:  # noqa: FBT001 - a port
        """With `policed` the answer is an address the policy allows, so that it is the one used.

        Raises AddressRefused; OSError when the name has no address.
        """
        transport = (next_hop.parameter("transport") or "udp").lower()
        if transport not in TRANSPORTS:
            raise AddressRefused(f"transport {transport!r} cannot be used; use udp or tcp")
        destination = Destination(transport, next_hop.host, next_hop.port)
        if not policed:
            return destination
        try:
            targets = await self._resolver.resolve(destination)
        except Unresolvable as unknown:
            raise OSError(str(unknown)) from unknown
        for target in targets:
            try:
                self._policy.check(target.host)
            except EgressRefused as refused:
                raise AddressRefused(str(refused)) from refused
        return targets[0]
