"""Calls from outside: whose is it, may it come in, and then it is a call like any other.

Contract sections 10.4 and 11. What a stranger sends costs one look at a table in memory; nothing
of him is kept but a bounded count.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery
from voxgate.call.call import LiveCall
from voxgate.call.orphan import arrived_facts
from voxgate.flow.arrival import arrival_of, called_number, called_user, sip_document
from voxgate.flow.control import CallControl
from voxgate.flow.guard import Guard
from voxgate.flow.inbound import InboundCall
from voxgate.flow.login import Door, Final, LoggedIn, Logins
from voxgate.flow.ports import CallPorts
from voxgate.flow.registrar import Registrar
from voxgate.flow.session import Session
from voxgate.flow.takeover import REPLACES, named_session, take_place
from voxgate.model.alerts import Alert
from voxgate.model.calls import Call, Json
from voxgate.model.devices import Registration
from voxgate.model.inbound import Tenant, Trunk
from voxgate.model.numbers import PhoneNumber
from voxgate.provisioning.arrivals import Arrivals
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.devices import DeviceCall, Permissions, choose_for_device
from voxgate.routing.inbound import (
    ANONYMOUS,
    INACTIVE,
    Atlas,
    Chosen,
    FromDevice,
    FromTrunk,
    Refusal,
    choose,
    identify,
)
from voxgate.sip.endpoint import IncomingInvite, IncomingRequest

log = get_logger("reception")

WAITING_MOST = 2000  # INVITEs whose application is being found; more get 503
ALL_FULL = "Maximum Calls In Progress"
LOOP = "Loop Detected on x-application-sid"


@dataclass(frozen=True, slots=True)
class ReceptionPorts:
    atlas: Callable[[], Awaitable[Atlas]]
    numbers_on: Callable[[tuple[Trunk, ...], str], Awaitable[list[PhoneNumber]]]
    registered: Callable[[str, str], Awaitable[list[Registration]]]
    raise_alert: Callable[[Alert], None]
    arrivals: Arrivals
    calls: CallPorts
    registered_trunks: Callable[[str], tuple[str, ...]]  # those we are registered with there
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Guest:
    """Who may come in: what was chosen for him, and what the gateway vouches for."""

    chosen: Chosen
    vouched: dict[str, str]
    called: str


class Reception:
    """Takes every INVITE and every other request from outside. Await `close()` at the end."""

    def __init__(
        self,
        control: CallControl,
        logins: Logins,
        registrar: Registrar,
        guard: Guard,
        ports: ReceptionPorts,
    ) -> None:
        self._control = control
        self._arrivals = ports.arrivals
        self._logins = logins
        self._registrar = registrar
        self._guard = guard
        self._ports = ports
        self._tasks = Nursery("reception")

    def on_invite(self, invite: IncomingInvite) -> None:
        """From the endpoint."""
        if not self._guard.admits(invite.source.host):
            invite.ignore()
        elif len(self._tasks) >= WAITING_MOST:
            invite.reject(503, ALL_FULL, [("Retry-After", "5")])
        else:
            self._tasks.start(self._receive(invite), name=invite.request.call_id[:40])

    def on_register(self, incoming: IncomingRequest) -> None:
        """From the endpoint."""
        if len(self._tasks) >= WAITING_MOST:
            incoming.respond(503, headers=[("Retry-After", "5")])
        else:
            work = self._registrar.serve(incoming)
            self._tasks.start(work, name=incoming.request.call_id[:40])

    async def close(self) -> None:
        await self._tasks.close()

    async def _receive(self, invite: IncomingInvite) -> None:
        try:
            final = await self._admit(invite)
        except Unavailable as away:
            log.warning("call_not_taken", reason=away.msg)
            final = Final(503, "", (("Retry-After", "10"),))
        except Exception:  # boundary: the caller must hear something, and others be served
            log.exception("reception_failed")
            final = Final(500)
        if final is None:
            return
        if final.status in {401, 403, 404}:
            await self._guard.strike(invite.source.host, f"INVITE {final.status}")
        invite.reject(final.status, final.reason, final.headers)

    async def _admit(self, invite: IncomingInvite) -> Final | None:
        """None: it is a call now."""
        guest = await self._identify(invite)
        if isinstance(guest, Final):
            return guest
        if isinstance(guest, Session):
            return await take_place(invite, guest)
        if (full := self._control.admit()) is not None:
            log.warning("call_not_taken", reason=full)
            return Final(503, ALL_FULL, (("Retry-After", "10"),))
        wanted = invite.request.headers.get("X-Application-Sid")
        if wanted is not None and wanted == guest.chosen.application_sid:
            return Final(482, LOOP)
        invite.ring(100)
        call = await self._arrivals.prepare(guest.chosen, arrival_of(invite, guest.called))
        if isinstance(call, Refusal):
            return self._refused(call)
        await self._begin(call, guest, invite)
        return None

    async def _begin(self, call: Call, guest: _Guest, invite: IncomingInvite) -> None:
        """Commit the call, then run it."""
        chosen, request = guest.chosen, invite.request
        data: Json = {
            "from": call.from_,
            "to": call.to,
            "call_id": call.call_id,
            "direction": "inbound",
            "source": invite.source.host,
            "trunk": call.trunk,
            "application_sid": call.application_sid,
            "arrived": arrived_facts(request, invite.source, invite.tag),
        }
        await self._arrivals.record(call, data)
        ports = self._ports.calls
        ours = {
            **guest.vouched,
            "X-Account-Sid": call.account_sid,
            "X-CID": call.call_id,
            "X-Forwarded-For": invite.source.host,
        }
        if call.application_sid is not None:
            ours["X-Application-Sid"] = call.application_sid
        running = InboundCall(
            LiveCall(call, ports.log, ports.clock),
            invite,
            ports,
            sip=sip_document(request, invite.source, ours),
            routed={"rule": "inbound", "reason": chosen.reason, "carrier": call.trunk},
        )
        self._control.adopt(running)

    # Whose call it is.

    async def _identify(self, invite: IncomingInvite) -> _Guest | Session | Final:
        """A session: the one whose place the caller wants to take."""
        atlas = await self._ports.atlas()
        address = invite.source.host
        registered = self._ports.registered_trunks(address)
        source = identify(invite.request.uri.host, address, atlas, registered=registered)
        match source:
            case Refusal():
                return self._refused(source)
            case FromDevice():
                return await self._log_in(invite, source, atlas)
            case FromTrunk() if source.must_log_in:
                door = Door(invite.request.uri.host.lower(), trunks=source.trunks)
                who = await self._logins.judge(invite.request, invite.source, door)
                if isinstance(who, Final):
                    return who
                trunks = (who.trunk,) if who.trunk is not None else source.trunks
                return await self._of_trunk(invite, FromTrunk(trunks, source.tenant), atlas)
            case FromTrunk():
                open_ones = tuple(t for t in source.trunks if t.trunk_type != "auth")
                return await self._of_trunk(invite, FromTrunk(open_ones, source.tenant), atlas)

    async def _of_trunk(
        self, invite: IncomingInvite, source: FromTrunk, atlas: Atlas
    ) -> _Guest | Session | Final:
        self._guard.forgive(invite.source.host)  # wrong numbers do not mute a trunk
        if invite.request.headers.get(REPLACES) is not None:
            with_dialog = self._ports.calls.session_with
            return named_session(invite, with_dialog, lambda call: may_name(call, source, atlas))
        user = called_number(invite.request, source.trunks)
        called = user.removeprefix("+") or ANONYMOUS
        numbers = await self._ports.numbers_on(source.trunks, called)
        chosen = choose(source, user, numbers, atlas)
        if isinstance(chosen, Refusal):
            return self._refused(chosen)
        return _Guest(chosen, _trunk_headers(chosen.trunk), user)

    async def _log_in(
        self, invite: IncomingInvite, source: FromDevice, atlas: Atlas
    ) -> _Guest | Session | Final:
        tenant = source.tenant
        trunks = tuple(
            trunk
            for trunk in atlas.trunks.values()
            if trunk.trunk_type == "auth" and atlas.usable_by(trunk, tenant)
        )
        door = Door(source.realm, tenant, trunks)
        who = await self._logins.judge(invite.request, invite.source, door)
        if isinstance(who, Final):
            return who
        if who.trunk is not None:
            return await self._of_trunk(invite, FromTrunk((who.trunk,), tenant), atlas)
        return await self._of_device(invite, tenant, who)

    async def _of_device(
        self, invite: IncomingInvite, tenant: Tenant, who: LoggedIn
    ) -> _Guest | Session | Final:
        self._guard.forgive(invite.source.host)
        if invite.request.headers.get(REPLACES) is not None:
            with_dialog = self._ports.calls.session_with
            account_sid = tenant.account_sid
            return named_session(invite, with_dialog, lambda c: c.account_sid == account_sid)
        user = called_user(invite.request.uri)
        callee = await self._ports.registered(tenant.account_sid, user)
        own = await self._ports.registered(tenant.account_sid, who.username)
        of_hook = who.application_sid or next(
            (r.application_sid for r in own if r.application_sid), None
        )
        chosen = choose_for_device(
            DeviceCall(
                user=user,
                caller=who.username,
                tenant=tenant,
                permissions=Permissions.of(who.client),
                callee_registered=bool(callee),
                own_application_sid=of_hook,
            )
        )
        if isinstance(chosen, Refusal):
            return self._refused(chosen)
        vouched = {"X-Authenticated-User": f"{who.username}@{tenant.sip_realm}"}
        return _Guest(chosen, vouched, user)

    def _refused(self, refusal: Refusal) -> Final:
        if refusal.x_reason == INACTIVE and refusal.account_sid is not None:
            self._ports.raise_alert(
                Alert(
                    at=self._ports.clock.wall(),
                    account_sid=refusal.account_sid,
                    alert_type="account is inactive or suspended",
                    message="a call for the account was refused: the account is inactive",
                )
            )
        return Final(refusal.status, refusal.reason, refusal.headers)


def may_name(call: Call, source: FromTrunk, atlas: Atlas) -> bool:
    """Whether who calls from these trunks may take a place in the call: its own account's.

    Over a trunk that accounts share only in calls that run over it.
    """
    tenant = atlas.tenants.get(call.account_sid)
    if tenant is None or source.tenant not in {None, tenant}:
        return False
    return any(
        atlas.usable_by(trunk, tenant)
        and (trunk.account_sid is not None or trunk.name == call.trunk)
        for trunk in source.trunks
    )


def _trunk_headers(trunk: Trunk | None) -> dict[str, str]:
    if trunk is None:
        return {}
    return {"X-Originating-Carrier": trunk.name, "X-Voip-Carrier-Sid": trunk.voip_carrier_sid}
