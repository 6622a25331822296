"""REGISTER: devices say where they are (RFC 3261 section 10, contract 11.5)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.flow.guard import Guard
from voxgate.flow.login import Door, Final, Logins
from voxgate.model.alerts import Alert
from voxgate.model.devices import Registration
from voxgate.model.limits import Limit
from voxgate.provisioning.capacity import Tenancy, limit_alert
from voxgate.provisioning.devices import DeviceLimitReached, Devices, Registrant
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.inbound import INACTIVE, Atlas
from voxgate.sip.endpoint import IncomingRequest
from voxgate.sip.grammar import is_address
from voxgate.sip.registrar import Binding, RegisterRefused, contact_fields, read

MIN_EXPIRES_S = 30
FULL = "Max Devices Registered"


@dataclass(frozen=True, slots=True)
class RegistrarPorts:
    atlas: Callable[[], Awaitable[Atlas]]
    limits: Callable[[str, str], Awaitable[Sequence[Limit]]]
    devices: Devices
    raise_alert: Callable[[Alert], None]
    clock: Clock


class Registrar:
    """Answers REGISTER requests; one per process."""

    def __init__(self, logins: Logins, guard: Guard, ports: RegistrarPorts) -> None:
        self._logins = logins
        self._guard = guard
        self._ports = ports

    async def serve(self, incoming: IncomingRequest) -> None:
        """Always answers, unless the source is muted."""
        source = incoming.source.host
        if not self._guard.admits(source):
            incoming.ignore()
            return
        try:
            final = await self._judge(incoming)
        except Unavailable:
            final = Final(503, "", (("Retry-After", "10"),))
        if final.status in {401, 403, 404}:
            await self._guard.strike(source, f"REGISTER {final.status}")
        elif final.status == 200:
            self._guard.forgive(source)
        incoming.respond(final.status, final.reason, final.headers)

    async def _judge(self, incoming: IncomingRequest) -> Final:
        request = incoming.request
        if is_address(request.uri.host):
            return Final(403)
        atlas = await self._ports.atlas()
        tenant = atlas.tenant_at(request.uri.host)
        if tenant is None:
            return Final(404)
        if not tenant.is_active:
            return Final.because(503, INACTIVE)
        door = Door(request.uri.host.lower(), tenant)
        who = await self._logins.judge(request, incoming.source, door)
        if isinstance(who, Final):
            return who
        record = request.to.uri
        if (record.user or "").lower() != who.username.lower():
            # Nobody may move somebody else's calls (RFC 3261 section 10.3 step 4).
            return Final.because(403, "this is another user's address")
        registrant = Registrant(
            tenant,
            who.username,
            incoming.source,
            user_agent=request.headers.get("User-Agent"),
            expires_most_s=who.expires_s,
            application_sid=who.application_sid,
        )
        return await self._bind(incoming, registrant)

    async def _bind(self, incoming: IncomingRequest, who: Registrant) -> Final:
        tenant = who.tenant
        limits = await self._ports.limits(tenant.account_sid, tenant.service_provider_sid)
        try:
            wish = read(incoming.request, min_expires_s=MIN_EXPIRES_S)
            live = await self._ports.devices.register(who, wish, limits)
        except RegisterRefused as refused:
            least = refused.min_expires_s
            headers = () if least is None else (("Min-Expires", str(least)),)
            return Final(refused.status, refused.reason, headers)
        except DeviceLimitReached as reached:
            tenancy = Tenancy(tenant.account_sid, tenant.service_provider_sid)
            now = self._ports.clock.wall()
            self._ports.raise_alert(limit_alert(reached.limit, tenancy, now=now))
            return Final(503, FULL)
        return Final(200, "OK", tuple(contact_fields(self._remaining(live))))

    def _remaining(self, live: Sequence[Registration]) -> list[Binding]:
        now = self._ports.clock.wall()
        return [Binding(r.contact, max(1, round(r.expires_at - now))) for r in live]
