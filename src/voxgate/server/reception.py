"""Everything of the gateway that faces calls and registrations from outside, built and connected."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.base.settings import Settings
from voxgate.base.tasks import Nursery
from voxgate.call.dial import Locate
from voxgate.flow.control import CallControl
from voxgate.flow.guard import Guard
from voxgate.flow.login import LoginPorts, Logins
from voxgate.flow.reception import Reception, ReceptionPorts
from voxgate.flow.registrar import Registrar, RegistrarPorts
from voxgate.flow.ways import Asker, SecretOf
from voxgate.hooks.failures import HookFailed
from voxgate.model.alerts import Alert
from voxgate.model.calls import Call
from voxgate.model.limits import Limit
from voxgate.provisioning.arrivals import Arrivals
from voxgate.provisioning.calls import CallLog
from voxgate.provisioning.capacity import Capacity, Tenancy, limit_alert
from voxgate.provisioning.devices import Devices
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.trunk_registrations import TrunkRegistrations
from voxgate.records.alerts import AlertBrake
from voxgate.server.metrics import Figure
from voxgate.server.trunks import RegisteredTrunks
from voxgate.sip.challenges import Challenger
from voxgate.sip.endpoint import Endpoint
from voxgate.store.engine import Database

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Parts:
    """What of the gateway the front desk works with."""

    settings: Settings
    endpoint: Endpoint
    database: Database
    inventory: Inventory
    directory: Directory
    asker: Asker
    secret_of: SecretOf
    locate: Locate
    raise_alert: Callable[[Alert], None]
    clock: Clock


class FrontDesk:
    """`open` once calls can be run, `close` after the last one has ended."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._brake = AlertBrake()
        self._guard = Guard(parts.clock, self._knows)
        self._tasks = Nursery("front desk")
        self._reception: Reception | None = None
        self.capacity = Capacity(parts.clock, self._raise_alert)
        self._devices = Devices(parts.database, parts.clock)
        self._trunks = RegisteredTrunks(
            parts.endpoint,
            TrunkRegistrations(parts.inventory, parts.database),
            locate=parts.locate,
            public_ip=parts.settings.public_ip,
            clock=parts.clock,
        )

    def open(self, control: CallControl, log: CallLog) -> None:
        """From here INVITE and REGISTER are answered, and we register where that is wanted."""
        parts = self._parts
        logins = self._logins()
        registrar_ports = RegistrarPorts(
            parts.directory.atlas,
            parts.directory.limits,
            self._devices,
            self._raise_alert,
            parts.clock,
        )
        reception = self._reception = Reception(
            control,
            logins,
            Registrar(logins, self._guard, registrar_ports),
            self._guard,
            ReceptionPorts(
                atlas=parts.directory.atlas,
                numbers_on=parts.directory.numbers_on,
                registered=self._devices.registered,
                raise_alert=self._raise_alert,
                arrivals=Arrivals(parts.directory, log, self.capacity, parts.clock),
                calls=control.ports,
                registered_trunks=self._trunks.at,
                clock=parts.clock,
            ),
        )
        parts.endpoint.screen(self._guard.admits)
        parts.endpoint.on_invite(reception.on_invite)
        parts.endpoint.on_request("REGISTER", reception.on_register)
        self._tasks.start(self._trunks.run(), name="trunks")

    async def close(self) -> None:
        if self._reception is not None:
            await self._reception.close()
        await self._tasks.close()
        await self._trunks.close()

    def figures(self) -> list[Figure]:
        """For the metrics."""
        return [
            Figure(
                "sip_unanswered",
                "Requests of muted strangers.",
                lambda: self._guard.unanswered,
                counter=True,
            )
        ]

    def call_ended(self, call: Call) -> None:
        """It no longer counts against the limits; dialled calls never did."""
        if call.request.parent_call_sid is None:
            self.capacity.release(Tenancy(call.account_sid, call.service_provider_sid))

    def quota_reached(self, limit: Limit, account_sid: str, provider_sid: str) -> None:
        """An account has used up its API requests of this minute."""
        tenancy = Tenancy(account_sid, provider_sid)
        self._raise_alert(limit_alert(limit, tenancy, now=self._parts.clock.wall()))

    async def _knows(self, address: str) -> bool:
        """Whether a trunk or a registered device is there. Raises Unavailable."""
        if self._trunks.at(address):
            return True
        atlas = await self._parts.directory.atlas()
        return bool(atlas.trunks_at(address)) or await self._devices.is_at(address)

    def _logins(self) -> Logins:
        parts = self._parts

        def hook_failed(account_sid: str, failed: HookFailed) -> None:
            at = parts.clock.wall()
            self._raise_alert(
                Alert(at, account_sid, failed.alert_type, str(failed), detail=failed.detail)
            )

        # A restart makes nonces of before stale; every device is then asked once more.
        key = secrets.token_bytes(_KEY_BYTES)
        challenger = Challenger(key, secrets.token_bytes, parts.settings.digest)
        ports = LoginPorts(
            parts.directory.account,
            parts.directory.client,
            parts.asker,
            parts.secret_of,
            hook_failed,
            parts.clock,
        )
        return Logins(challenger, ports)

    def _raise_alert(self, alert: Alert) -> None:
        """Of something that may happen a thousand times a minute."""
        if self._brake.lets_through(alert):
            self._parts.raise_alert(alert)
