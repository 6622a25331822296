"""Which carriers want us registered, and how that stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voxgate.model.carriers import Carrier, Gateway
from voxgate.provisioning.errors import Unavailable
from voxgate.provisioning.inventory import Inventory
from voxgate.store import carriers, gateways, trunk_registrations
from voxgate.store.engine import Connection, Database, StoreUnavailable

Status = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RegisteringTrunk:
    """An active carrier with requires_register, and the gateway to register at."""

    carrier: Carrier
    gateway: Gateway


class TrunkRegistrations:
    """The gateway's own work; no caller is involved. A status is no provisioning."""

    def __init__(self, inventory: Inventory, database: Database) -> None:
        self._inventory = inventory
        self._database = database

    async def wanted(self) -> list[RegisteringTrunk]:
        """Raises Unavailable."""
        box = self._inventory.box

        def question(connection: Connection) -> list[RegisteringTrunk]:
            found = carriers.registering(connection, box)
            known = gateways.of_carriers(connection, box, [c.voip_carrier_sid for c in found])
            usable = [gateway for gateway in known if gateway.outbound and gateway.is_active]
            return [
                RegisteringTrunk(carrier, gateway)
                for carrier in found
                for gateway in _first_of(carrier, usable)
            ]

        return await self._inventory.read(question)

    async def note(self, voip_carrier_sid: str, status: Status | None) -> None:
        """None: it is registered no longer, and need not be. Raises Unavailable."""

        def change(connection: Connection) -> None:
            if status is None:
                trunk_registrations.remove(connection, voip_carrier_sid)
            else:
                trunk_registrations.put(connection, voip_carrier_sid, status)

        await self._write(change)

    async def _write(self, change: Callable[[Connection], None]) -> None:
        try:
            await self._database.write(change)
        except StoreUnavailable as away:
            raise Unavailable(str(away)) from away


def _first_of(carrier: Carrier, usable: list[Gateway]) -> list[Gateway]:
    own = [g for g in usable if g.voip_carrier_sid == carrier.voip_carrier_sid]
    return own[:1]
