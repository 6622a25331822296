"""Single routes of routing tables, and the carriers each leads to."""

from collections.abc import Sequence
from dataclasses import replace

from voxgate.base.ids import new_sid
from voxgate.model.carriers import CarrierSetEntry, LcrRoute
from voxgate.provisioning import lcr_rules
from voxgate.provisioning.errors import FieldError, Invalid, NotFound
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.lcr_rules import EntryDraft, RouteDraft
from voxgate.provisioning.permissions import Principal
from voxgate.provisioning.reach import unknown
from voxgate.store import lcrs
from voxgate.store.engine import Connection


class LcrRoutes:
    """Whoever may change a table may change its routes."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(self, caller: Principal, lcr_sid: str) -> Sequence[LcrRoute]:
        def question(connection: Connection) -> list[LcrRoute]:
            lcr_rules.visible_table(connection, caller, lcr_sid, self._inventory)
            return lcrs.routes_of(connection, lcr_sid, self._inventory.box)

        return await self._inventory.read(question)

    async def create(self, caller: Principal, document: object) -> LcrRoute:
        draft = RouteDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> LcrRoute:
            sid = draft.lcr_sid or ""
            try:
                table = lcr_rules.visible_table(connection, caller, sid, self._inventory)
            except NotFound:
                raise unknown("lcr_sid") from None
            for place, entry in enumerate(draft.lcr_carrier_set_entries):
                field = f"lcr_carrier_set_entries.{place}.voip_carrier_sid"
                carrier = entry.voip_carrier_sid
                lcr_rules.check_carrier(
                    connection, caller, table, carrier, self._inventory, field=field
                )
            route = lcr_rules.route_of(draft, table.lcr_sid, now=now)
            lcrs.insert_route(connection, route, self._inventory.box)
            for made in route.entries:
                lcrs.insert_entry(connection, made, self._inventory.box)
            lcr_rules.renew_default(connection, table, self._inventory)
            return route

        return await self._inventory.write(change)

    async def get(self, caller: Principal, lcr_route_sid: str) -> LcrRoute:
        return await self._inventory.read(
            lambda c: lcr_rules.visible_route(c, caller, lcr_route_sid, self._inventory)[0]
        )

    async def change(self, caller: Principal, lcr_route_sid: str, document: object) -> None:
        """Pattern, priority, description; entries have their own place."""

        def change(connection: Connection) -> None:
            inventory = self._inventory
            current, table = lcr_rules.visible_route(connection, caller, lcr_route_sid, inventory)
            draft = RouteDraft.to_change(document)
            if draft.lcr_sid not in {None, current.lcr_sid}:
                raise Invalid.fields(FieldError("lcr_sid", "cannot be changed"))
            if "lcr_carrier_set_entries" in draft.model_fields_set:
                msg = "change entries at LcrCarrierSetEntries, or all routes at Lcrs/{sid}/Routes"
                raise Invalid.fields(FieldError("lcr_carrier_set_entries", msg))
            sent = draft.sent()
            lcrs.update_route(connection, replace(current, **sent), inventory.box)
            lcr_rules.renew_default(connection, table, inventory)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, lcr_route_sid: str) -> None:
        def change(connection: Connection) -> None:
            inventory = self._inventory
            _, table = lcr_rules.visible_route(connection, caller, lcr_route_sid, inventory)
            lcrs.delete_route(connection, lcr_route_sid)
            lcr_rules.renew_default(connection, table, inventory)

        await self._inventory.write(change)


class LcrCarrierSetEntries:
    """Whoever may change a route may change where it leads."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(self, caller: Principal, lcr_route_sid: str) -> Sequence[CarrierSetEntry]:
        route, _ = await self._inventory.read(
            lambda c: lcr_rules.visible_route(c, caller, lcr_route_sid, self._inventory)
        )
        return route.entries

    async def create(self, caller: Principal, document: object) -> CarrierSetEntry:
        draft = EntryDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> CarrierSetEntry:
            sid = draft.lcr_route_sid or ""
            inventory = self._inventory
            try:
                route, table = lcr_rules.visible_route(connection, caller, sid, inventory)
            except NotFound:
                raise unknown("lcr_route_sid") from None
            entry = CarrierSetEntry(
                new_sid(),
                route.lcr_route_sid,
                draft.voip_carrier_sid or "",
                draft.workload,
                draft.priority,
                created_at=now,
            )
            carrier = entry.voip_carrier_sid
            lcr_rules.check_carrier(connection, caller, table, carrier, inventory)
            lcrs.insert_entry(connection, entry, inventory.box)
            lcr_rules.renew_default(connection, table, inventory)
            return entry

        return await self._inventory.write(change)

    async def get(self, caller: Principal, entry_sid: str) -> CarrierSetEntry:
        return await self._inventory.read(
            lambda c: lcr_rules.visible_entry(c, caller, entry_sid, self._inventory)[0]
        )

    async def change(self, caller: Principal, entry_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            inventory = self._inventory
            current, table = lcr_rules.visible_entry(connection, caller, entry_sid, inventory)
            draft = EntryDraft.to_change(document)
            if draft.lcr_route_sid not in {None, current.lcr_route_sid}:
                raise Invalid.fields(FieldError("lcr_route_sid", "cannot be changed"))
            entry = replace(current, **draft.sent())
            carrier = entry.voip_carrier_sid
            lcr_rules.check_carrier(connection, caller, table, carrier, inventory)
            lcrs.update_entry(connection, entry, inventory.box)
            lcr_rules.renew_default(connection, table, inventory)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, entry_sid: str) -> None:
        def change(connection: Connection) -> None:
            inventory = self._inventory
            _, table = lcr_rules.visible_entry(connection, caller, entry_sid, inventory)
            lcrs.delete_entry(connection, entry_sid)
            lcr_rules.renew_default(connection, table, inventory)

        await self._inventory.write(change)
