"""Calls that an application dials: their way out, and their record before the first packet."""

from collections.abc import Callable
from dataclasses import replace

from voxgate.base.errors import VoxgateError
from voxgate.model.calls import Call, CallRequest, Json
from voxgate.provisioning.calls import CallLog
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.outbound import Dice, RoutePlan, RouteRefused, plan
from voxgate.store.engine import StoreUnavailable

NOT_REGISTERED, NO_ROUTE = 404, 603  # contract 2.5


class NotDialled(VoxgateError):
    """A target that cannot be rung; `status` is what a SIP server would have answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class DialledCalls:
    """The dialling side of running calls. Permissions are those of the call that dials."""

    def __init__(
        self,
        directory: Directory,
        log: CallLog,
        dice: Dice,
        *,
        unreachable: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._directory = directory
        self._log = log
        self._dice = dice
        self._unreachable = unreachable

    async def route(self, parent: Call, request: CallRequest) -> RoutePlan:
        """Raises NotDialled. A caller's own trunk is preferred to one at random."""
        try:
            account = await self._directory.account(parent.account_sid)
            if account is None:
                raise NotDialled(404, "the account is gone")
            facts = await self._directory.facts_for(account, request.to)
        except Unavailable as away:
            raise NotDialled(503, str(away)) from away
        if unreachable := self._unreachable():
            facts = replace(facts, unreachable=unreachable)
        arrived_on = parent.trunk if parent.direction == "inbound" else None
        try:
            return plan(request.from_user, request.to, facts, self._dice, arrived_on=arrived_on)
        except RouteRefused as refused:
            status = NOT_REGISTERED if refused.field == "to.name" else NO_ROUTE
            raise NotDialled(status, refused.msg) from refused

    async def create(self, call: Call, route: RoutePlan, invite: Json | None) -> None:
        """Returns once the call and its first event are on disk. Raises NotDialled."""
        first = route.attempts[0]
        data: Json = {
            "from": call.from_,
            "to": call.to,
            "to_type": call.request.to.type,
            "call_id": call.call_id,
            "parent_call_sid": call.request.parent_call_sid,
            "attempt": {
                "carrier": first.carrier.name if first.carrier else None,
                "gateway": first.gateway.sip_gateway_sid if first.gateway else None,
                "reason": first.reason,
            },
            "invite": invite,
        }
        try:
            await self._log.create(call, data, None)
        except StoreUnavailable as away:
            raise NotDialled(503, str(away)) from away
