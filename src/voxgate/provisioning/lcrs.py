"""Routing tables: which carriers a called number leads to.

Priority 9999 marks the default route; its first entry is the table's default entry.
"""

from collections.abc import Sequence
from dataclasses import replace

from voxgate.base.ids import new_sid
from voxgate.model.carriers import Lcr, LcrRoute
from voxgate.provisioning import lcr_rules, reach
from voxgate.provisioning.errors import FieldError, Invalid
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.lcr_rules import LcrDraft
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import Principal
from voxgate.store import lcrs
from voxgate.store.engine import Connection

_STEP_S = 1e-3


class Lcrs:
    """One table per account, one per provider; the account's is asked first."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(self, caller: Principal, page: PageRequest) -> Listing[Lcr]:
        box = self._inventory.box
        return Listing(
            *await self._inventory.read(
                lambda c: lcrs.page(c, box, reach.own(caller), window=page.window)
            )
        )

    async def create(self, caller: Principal, document: object) -> Lcr:
        draft = LcrDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> Lcr:
            box = self._inventory.box
            account_sid, provider_sid = reach.owner_for_new(
                connection, caller, draft.account_sid, draft.service_provider_sid, box
            )
            if account_sid is not None:
                existing = lcrs.of_account(connection, account_sid, box)
            else:
                existing = lcrs.of_provider(connection, provider_sid, box)
            if existing is not None:
                raise Invalid("there is a routing table already; change that one")
            if draft.default_carrier_set_entry_sid is not None:
                raise reach.unknown("default_carrier_set_entry_sid")
            table = Lcr(
                lcr_sid=new_sid(),
                name=draft.name or "",
                account_sid=account_sid,
                service_provider_sid=provider_sid,
                is_active=draft.is_active,
                created_at=now,
            )
            lcrs.insert(connection, table, box)
            return table

        return await self._inventory.write(change)

    async def get(self, caller: Principal, lcr_sid: str) -> Lcr:
        """With its routes."""

        def question(connection: Connection) -> Lcr:
            table = lcr_rules.visible_table(connection, caller, lcr_sid, self._inventory)
            return lcrs.complete(connection, table, self._inventory.box)

        return await self._inventory.read(question)

    async def change(self, caller: Principal, lcr_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            box = self._inventory.box
            current = lcr_rules.visible_table(connection, caller, lcr_sid, self._inventory)
            draft = LcrDraft.to_change(document)
            sent = draft.sent()
            for name in ("account_sid", "service_provider_sid"):
                if name in sent and sent[name] != getattr(current, name):
                    raise Invalid.fields(FieldError(name, "cannot be changed"))
            table = replace(current, **sent)
            default = table.default_carrier_set_entry_sid
            routes = lcrs.routes_of(connection, lcr_sid, box)
            if default is not None and not _has_entry(routes, default):
                raise reach.unknown("default_carrier_set_entry_sid")
            lcrs.update(connection, table, box)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, lcr_sid: str) -> None:
        """With its routes."""

        def change(connection: Connection) -> None:
            lcr_rules.visible_table(connection, caller, lcr_sid, self._inventory)
            lcrs.delete(connection, lcr_sid)

        await self._inventory.write(change)

    async def set_routes(self, caller: Principal, lcr_sid: str, document: object) -> None:
        """These routes and no others. Sids of the table's own routes and entries are kept."""
        now = self._inventory.now()

        def change(connection: Connection) -> None:
            box = self._inventory.box
            table = lcr_rules.visible_table(connection, caller, lcr_sid, self._inventory)
            known = lcrs.routes_of(connection, lcr_sid, box)
            routes = self._routes(connection, caller, table, known, document, now=now)
            lcrs.replace_routes(connection, lcr_sid, routes, box)
            lcr_rules.renew_default(connection, table, self._inventory)

        await self._inventory.write(change)

    def _routes(
        self,
        connection: Connection,
        caller: Principal,
        table: Lcr,
        known: Sequence[LcrRoute],
        document: object,
        *,
        now: float,
    ) -> Sequence[LcrRoute]:
        free_routes = {route.lcr_route_sid for route in known}
        free_entries = {e.lcr_carrier_set_entry_sid for route in known for e in route.entries}
        routes = []
        for position, draft in enumerate(lcr_rules.routes_of_document(document)):
            for place, entry in enumerate(draft.lcr_carrier_set_entries):
                lcr_rules.check_carrier(
                    connection,
                    caller,
                    table,
                    entry.voip_carrier_sid,
                    self._inventory,
                    field=f"{position}.lcr_carrier_set_entries.{place}.voip_carrier_sid",
                )
            sid = draft.lcr_route_sid if draft.lcr_route_sid in free_routes else None
            route = lcr_rules.route_of(
                draft,
                table.lcr_sid,
                now=now + position * _STEP_S,
                sid=sid,
                own_entries=free_entries,
            )
            # A sid that is given twice is kept once.
            free_routes.discard(route.lcr_route_sid)
            free_entries -= {e.lcr_carrier_set_entry_sid for e in route.entries}
            routes.append(route)
        return routes


def _has_entry(routes: Sequence[LcrRoute], entry_sid: str) -> bool:
    return any(e.lcr_carrier_set_entry_sid == entry_sid for route in routes for e in route.entries)
