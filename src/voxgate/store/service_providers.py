"""Service providers."""

from sqlalchemy import Connection
from sqlalchemy import delete as delete_from

from voxgate.base.secrets import SecretBox
from voxgate.model.accounts import ServiceProvider
from voxgate.store import lcrs
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import ACCOUNTS, CARRIERS, LCRS, PHONE_NUMBERS, SERVICE_PROVIDERS

_ROWS = Rows(SERVICE_PROVIDERS, ServiceProvider, order=[SERVICE_PROVIDERS.c.created_at])

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update


def page(
    connection: Connection, box: SecretBox, *, only_sid: str | None = None, window: Window = ALL
) -> tuple[int, list[ServiceProvider]]:
    rule = [] if only_sid is None else [SERVICE_PROVIDERS.c.service_provider_sid == only_sid]
    return _ROWS.page(connection, box, window, *rule)


def name_taken(connection: Connection, provider: ServiceProvider) -> bool:
    return bool(
        _ROWS.count(
            connection,
            SERVICE_PROVIDERS.c.name == provider.name,
            SERVICE_PROVIDERS.c.service_provider_sid != provider.service_provider_sid,
        )
    )


def has_accounts(connection: Connection, service_provider_sid: str) -> bool:
    its = ACCOUNTS.select().where(ACCOUNTS.c.service_provider_sid == service_provider_sid)
    return connection.execute(its.limit(1)).first() is not None


def delete(connection: Connection, service_provider_sid: str) -> None:
    """With its keys, trunks, numbers and rules; it has no accounts any more."""
    lcrs.remove(connection, LCRS.c.service_provider_sid == service_provider_sid)
    # Numbers before the carriers they refer to.
    for table in (PHONE_NUMBERS, CARRIERS):
        of_it = table.c.service_provider_sid == service_provider_sid
        connection.execute(delete_from(table).where(of_it))
    _ROWS.delete(connection, service_provider_sid)
