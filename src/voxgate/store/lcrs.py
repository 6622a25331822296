"""Routing tables, their rules, and the carriers each rule leads to."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, select

from voxgate.base.secrets import SecretBox
from voxgate.model.carriers import CarrierSetEntry, Lcr, LcrRoute
from voxgate.store.owners import Owner, owned
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import LCR_ENTRIES, LCR_ROUTES, LCRS

_TABLES = Rows(LCRS, Lcr, elsewhere=("routes",), order=[LCRS.c.created_at])
_ROUTES = Rows(
    LCR_ROUTES,
    LcrRoute,
    elsewhere=("entries",),
    order=[LCR_ROUTES.c.priority, LCR_ROUTES.c.created_at],
)
_ENTRIES = Rows(
    LCR_ENTRIES, CarrierSetEntry, order=[LCR_ENTRIES.c.priority, LCR_ENTRIES.c.created_at]
)

insert = _TABLES.insert
update = _TABLES.update
delete = _TABLES.delete
get = _TABLES.get  # without its routes; `complete` adds them

insert_route = _ROUTES.insert
update_route = _ROUTES.update
delete_route = _ROUTES.delete

insert_entry = _ENTRIES.insert
update_entry = _ENTRIES.update
delete_entry = _ENTRIES.delete
get_entry = _ENTRIES.get


def page(
    connection: Connection, box: SecretBox, owner: Owner, *, window: Window = ALL
) -> tuple[int, list[Lcr]]:
    """Without their routes."""
    return _TABLES.page(connection, box, window, owned(LCRS, owner))


def of_account(connection: Connection, account_sid: str, box: SecretBox) -> Lcr | None:
    return _TABLES.one(connection, box, LCRS.c.account_sid == account_sid)


def of_provider(connection: Connection, service_provider_sid: str, box: SecretBox) -> Lcr | None:
    """The provider's own table, for accounts that have none."""
    return _TABLES.one(
        connection,
        box,
        LCRS.c.service_provider_sid == service_provider_sid,
        LCRS.c.account_sid.is_(None),
    )


def complete(connection: Connection, table: Lcr, box: SecretBox) -> Lcr:
    return replace(table, routes=tuple(routes_of(connection, table.lcr_sid, box)))


def routes_of(connection: Connection, lcr_sid: str, box: SecretBox) -> list[LcrRoute]:
    """By priority, with their entries."""
    routes = _ROUTES.many(connection, box, LCR_ROUTES.c.lcr_sid == lcr_sid)
    return _with_entries(connection, routes, box)


def get_route(connection: Connection, lcr_route_sid: str, box: SecretBox) -> LcrRoute | None:
    route = _ROUTES.get(connection, lcr_route_sid, box)
    return None if route is None else _with_entries(connection, [route], box)[0]


def replace_routes(
    connection: Connection, lcr_sid: str, routes: Sequence[LcrRoute], box: SecretBox
) -> None:
    """These and no others."""
    connection.execute(LCR_ROUTES.delete().where(LCR_ROUTES.c.lcr_sid == lcr_sid))
    for route in routes:
        insert_route(connection, route, box)
        for entry in route.entries:
            insert_entry(connection, entry, box)


def remove(connection: Connection, which: ColumnElement[bool]) -> None:
    """Whole tables with their routes and entries."""
    tables = select(LCRS.c.lcr_sid).where(which)
    routes = select(LCR_ROUTES.c.lcr_route_sid).where(LCR_ROUTES.c.lcr_sid.in_(tables))
    connection.execute(LCR_ENTRIES.delete().where(LCR_ENTRIES.c.lcr_route_sid.in_(routes)))
    connection.execute(LCR_ROUTES.delete().where(LCR_ROUTES.c.lcr_sid.in_(tables)))
    connection.execute(LCRS.delete().where(which))


def _with_entries(
    connection: Connection, routes: Sequence[LcrRoute], box: SecretBox
) -> list[LcrRoute]:
    sids = [route.lcr_route_sid for route in routes]
    entries: dict[str, list[CarrierSetEntry]] = defaultdict(list)
    for entry in _ENTRIES.many(connection, box, LCR_ENTRIES.c.lcr_route_sid.in_(sids)):
        entries[entry.lcr_route_sid].append(entry)
    return [replace(route, entries=tuple(entries[route.lcr_route_sid])) for route in routes]
