"""Carriers (SIP trunks)."""

from sqlalchemy import Connection, select

from voxgate.base.secrets import SecretBox
from voxgate.model.carriers import SANDBOX, Carrier
from voxgate.store import trunk_registrations
from voxgate.store.owners import Owner, contains, owned, shared
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import CARRIERS, LCR_ENTRIES, PHONE_NUMBERS

_ROWS = Rows(
    CARRIERS,
    Carrier,
    secrets=("register_password", "inbound_auth_password"),
    elsewhere=("register_status",),
    order=[CARRIERS.c.created_at],
)

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update


def delete(connection: Connection, voip_carrier_sid: str) -> None:
    _ROWS.delete(connection, voip_carrier_sid)
    trunk_registrations.remove(connection, voip_carrier_sid)


def page(
    connection: Connection,
    box: SecretBox,
    owner: Owner,
    *,
    name: str | None = None,
    window: Window = ALL,
) -> tuple[int, list[Carrier]]:
    """Exactly the owner's. `name`: only those that contain it."""
    rule = [owned(CARRIERS, owner)]
    if name:
        rule.append(contains(CARRIERS.c.name, name))
    return _ROWS.page(connection, box, window, *rule)


def usable_by(
    connection: Connection,
    box: SecretBox,
    account_sid: str,
    service_provider_sid: str,
    *,
    name: str | None = None,
    window: Window = ALL,
) -> tuple[int, list[Carrier]]:
    """The account's own, its provider's, and the sandbox."""
    rule = [shared(CARRIERS, account_sid, service_provider_sid)]
    if name:
        rule.append(contains(CARRIERS.c.name, name))
    return _ROWS.page(connection, box, window, *rule)


def sandbox(connection: Connection, box: SecretBox) -> Carrier | None:
    return _ROWS.one(
        connection, box, CARRIERS.c.name == SANDBOX, CARRIERS.c.service_provider_sid.is_(None)
    )


def made_by_accounts(connection: Connection) -> frozenset[str]:
    """The sids of carriers whose addresses a tenant entered."""
    rule = CARRIERS.c.made_by_account.is_(True)
    return frozenset(connection.scalars(select(CARRIERS.c.voip_carrier_sid).where(rule)))


def registering(connection: Connection, box: SecretBox) -> list[Carrier]:
    """Active carriers of all tenants at which we are to be registered."""
    return _ROWS.many(
        connection, box, CARRIERS.c.requires_register.is_(True), CARRIERS.c.is_active.is_(True)
    )


def name_taken(connection: Connection, carrier: Carrier) -> bool:
    """Does another carrier of the same owner have this name?"""
    if carrier.account_sid is not None:
        same_owner = CARRIERS.c.account_sid == carrier.account_sid
    else:
        same_owner = CARRIERS.c.account_sid.is_(None) & (
            CARRIERS.c.service_provider_sid == carrier.service_provider_sid
        )
    return bool(
        _ROWS.count(
            connection,
            same_owner,
            CARRIERS.c.name == carrier.name,
            CARRIERS.c.voip_carrier_sid != carrier.voip_carrier_sid,
        )
    )


def users_of(connection: Connection, voip_carrier_sid: str) -> list[str]:
    """What keeps it from being deleted: "phone numbers", "routing rules"."""
    users = []
    for table, noun in ((PHONE_NUMBERS, "phone numbers"), (LCR_ENTRIES, "routing rules")):
        row = select(table.c.voip_carrier_sid).where(table.c.voip_carrier_sid == voip_carrier_sid)
        if connection.execute(row.limit(1)).first() is not None:
            users.append(noun)
    return users
