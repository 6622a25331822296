"""OPTIONS pings: which gateways are reachable, asked of those whose owners want it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call.dial import Locate
from voxgate.model.carriers import Gateway
from voxgate.sip.message import Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

log = get_logger("pings")

ANSWER_S = 5.0
AT_ONCE = 32


class Requester(Protocol):
    """The part of `sip.endpoint.Endpoint` that pings use."""

    async def request(
        self, method: str, uri: Uri, *, next_hop: Destination | None, timeout_s: float
    ) -> Response: ...


class GatewayPings:
    """Keeps `unreachable` true; one task, owned by the gateway."""

    def __init__(
        self,
        requester: Requester,
        gateways: Callable[[], Awaitable[Sequence[tuple[Gateway, bool]]]],
        *,
        locate: Locate,
        every_s: float,
    ) -> None:
        """`gateways` gives each with a flag: whether the egress policy applies to it."""
        self._requester = requester
        self._locate = locate
        self._gateways = gateways
        self._every_s = every_s
        self.unreachable: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except VoxgateError as failed:
                log.warning("ping_round_failed", reason=str(failed))
            await asyncio.sleep(self._every_s)

    async def round(self) -> None:
        """Ask every gateway once; any answer but 408 and 5xx counts as alive."""
        wanted = await self._gateways()
        limit = asyncio.Semaphore(AT_ONCE)
        alive = await asyncio.gather(*(self._ping(*one, limit) for one in wanted))
        dead = frozenset(
            gateway.sip_gateway_sid
            for (gateway, _), up in zip(wanted, alive, strict=True)
            if not up
        )
        for changed in dead ^ self.unreachable:
            log.info("gateway_reachability", gateway_sid=changed, reachable=changed not in dead)
        self.unreachable = dead

    async def _ping(
        self,
        gateway: Gateway,
        policed: bool,  # noqa: FBT001 - a pair of the port
        limit: asyncio.Semaphore,
    ) -> bool:
        uri = Uri("sip", None, gateway.host, gateway.port)
        if gateway.protocol != "udp":
            uri = uri.with_parameter("transport", gateway.protocol)
        async with limit:
            try:
                next_hop = await self._locate(uri, policed)
                answer = await self._requester.request(
                    "OPTIONS", uri, next_hop=next_hop, timeout_s=ANSWER_S
                )
            except (VoxgateError, OSError):
                return False
        return answer.status != 408 and answer.status < 500
