"""What routing tables, their routes and entries have in common: drafts, sight, checks."""

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter
from pydantic import ValidationError as NotValid

from voxgate.base.ids import new_sid
from voxgate.model.carriers import CarrierSetEntry, Lcr, LcrRoute
from voxgate.provisioning import carriers as carrier_rules
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import Draft, Flag, Name, Prose, Sid, field_errors, one_line
from voxgate.provisioning.errors import FieldError, Invalid, NotFound, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal
from voxgate.routing import pattern
from voxgate.routing.outbound import DEFAULT_ROUTE_PRIORITY
from voxgate.store import lcrs
from voxgate.store.engine import Connection

_STEP_S = 1e-6  # routes of one request are told apart by age, in the order they were given


def _pattern(text: str) -> str:
    one_line(text)
    try:
        pattern.check(text)
    except pattern.BadPattern as bad:
        raise ValueError(str(bad)) from None
    return text


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_pattern)]
Priority = Annotated[int, Field(ge=0, le=DEFAULT_ROUTE_PRIORITY)]
Workload = Annotated[int, Field(ge=1, le=1000)]


class LcrDraft(Draft):
    required: ClassVar = ("name",)
    not_null: ClassVar = ("is_active",)
    read_only: ClassVar = ("lcr_sid", "created_at")

    name: Name | None = None
    is_active: Flag = True
    account_sid: Sid | None = None
    service_provider_sid: Sid | None = None
    default_carrier_set_entry_sid: Sid | None = None


class EntryDraft(Draft):
    required: ClassVar = ("lcr_route_sid", "voip_carrier_sid")
    not_null: ClassVar = ("workload", "priority")
    read_only: ClassVar = ("lcr_carrier_set_entry_sid", "created_at")

    lcr_route_sid: Sid | None = None
    voip_carrier_sid: Sid | None = None
    workload: Workload = 1
    priority: Priority = 0


class NestedEntryDraft(Draft):
    """An entry inside its route; the sid of an existing one keeps it."""

    lcr_carrier_set_entry_sid: Sid | None = None
    lcr_route_sid: Sid | None = None
    voip_carrier_sid: Sid
    workload: Workload = 1
    priority: Priority = 0


NestedEntries = Annotated[list[NestedEntryDraft], Field(max_length=100)]


class RouteDraft(Draft):
    required: ClassVar = ("lcr_sid", "regex")
    not_null: ClassVar = ("priority", "lcr_carrier_set_entries")
    read_only: ClassVar = ("lcr_route_sid",)

    lcr_sid: Sid | None = None
    regex: Pattern | None = None
    priority: Priority = 0
    description: Prose | None = None
    lcr_carrier_set_entries: NestedEntries = Field(default_factory=list)


class NestedRouteDraft(Draft):
    """A route inside its table; the sid of an existing one keeps it."""

    lcr_route_sid: Sid | None = None
    lcr_sid: Sid | None = None
    regex: Pattern
    priority: Priority = 0
    description: Prose | None = None
    lcr_carrier_set_entries: NestedEntries = Field(default_factory=list)


ROUTES = TypeAdapter(Annotated[list[NestedRouteDraft], Field(max_length=1000)])


def routes_of_document(document: object) -> list[NestedRouteDraft]:
    if not isinstance(document, list):
        raise Invalid("the body must be a JSON array of routes")
    try:
        return ROUTES.validate_python(document)
    except NotValid as failure:
        raise Invalid.fields(*field_errors(failure)) from None


def visible_table(
    connection: Connection, caller: Principal, lcr_sid: str, inventory: Inventory
) -> Lcr:
    """Without its routes. Raises NotFound for foreign tables, an account's provider's too."""
    table = lcrs.get(connection, lcr_sid, inventory.box)
    if table is not None:
        if table.account_sid is None:
            seen = caller.may_use_provider(table.service_provider_sid)
        else:
            seen = reach.sees_account(connection, caller, table.account_sid, inventory.box)
        if seen:
            return table
    raise NotFound(f"there is no routing table {lcr_sid}")


def visible_route(
    connection: Connection, caller: Principal, lcr_route_sid: str, inventory: Inventory
) -> tuple[LcrRoute, Lcr]:
    """The route with its entries, and its table."""
    missing = NotFound(f"there is no route {lcr_route_sid}")
    route = lcrs.get_route(connection, lcr_route_sid, inventory.box)
    if route is None:
        raise missing
    try:
        return route, visible_table(connection, caller, route.lcr_sid, inventory)
    except NotFound:
        raise missing from None


def visible_entry(
    connection: Connection, caller: Principal, entry_sid: str, inventory: Inventory
) -> tuple[CarrierSetEntry, Lcr]:
    missing = NotFound(f"there is no carrier set entry {entry_sid}")
    entry = lcrs.get_entry(connection, entry_sid, inventory.box)
    if entry is None:
        raise missing
    try:
        return entry, visible_route(connection, caller, entry.lcr_route_sid, inventory)[1]
    except NotFound:
        raise missing from None


def check_carrier(
    connection: Connection,
    caller: Principal,
    table: Lcr,
    voip_carrier_sid: str,
    inventory: Inventory,
    *,
    field: str = "voip_carrier_sid",
) -> None:
    """An account's table may use its own trunks and its provider's; a provider's, its own."""
    refused = Unprocessable.fields(FieldError(field, "unknown voip carrier"))
    try:
        carrier = carrier_rules.visible(connection, caller, voip_carrier_sid, inventory)
    except NotFound:
        raise refused from None
    of_account = carrier.account_sid in {None, table.account_sid}
    of_provider = carrier.service_provider_sid in {None, table.service_provider_sid}
    if not (of_account and of_provider):
        raise refused


def route_of(
    draft: RouteDraft | NestedRouteDraft,
    lcr_sid: str,
    *,
    now: float,
    sid: str | None = None,
    own_entries: Collection[str] = (),
) -> LcrRoute:
    """`sid` and `own_entries`: what the table has already and the draft may keep."""
    route_sid = sid or new_sid()
    entries = []
    for position, entry in enumerate(draft.lcr_carrier_set_entries):
        known = entry.lcr_carrier_set_entry_sid
        entries.append(
            CarrierSetEntry(
                known if known is not None and known in own_entries else new_sid(),
                route_sid,
                entry.voip_carrier_sid,
                entry.workload,
                entry.priority,
                created_at=now + position * _STEP_S,
            )
        )
    return LcrRoute(
        route_sid,
        lcr_sid,
        draft.regex or "",
        draft.priority,
        draft.description,
        tuple(entries),
        created_at=now,
    )


def renew_default(connection: Connection, table: Lcr, inventory: Inventory) -> None:
    """Point the table at the first entry of its default route.

    Without a default route a default entry that was set by hand stays while it exists.
    """
    routes = lcrs.routes_of(connection, table.lcr_sid, inventory.box)
    entries = {e.lcr_carrier_set_entry_sid for route in routes for e in route.entries}
    default = table.default_carrier_set_entry_sid
    if default not in entries:
        default = None
    for route in routes:
        if route.priority == DEFAULT_ROUTE_PRIORITY and route.entries:
            default = route.entries[0].lcr_carrier_set_entry_sid
    if default != table.default_carrier_set_entry_sid:
        changed = replace(table, default_carrier_set_entry_sid=default)
        lcrs.update(connection, changed, inventory.box)
