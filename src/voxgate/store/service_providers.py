"""Service providers."""

from sqlalchemy import Connection

from voxgate.base.secrets import SecretBox
from voxgate.model.accounts import ServiceProvider
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import SERVICE_PROVIDERS

_ROWS = Rows(SERVICE_PROVIDERS, ServiceProvider, order=[SERVICE_PROVIDERS.c.created_at])

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update


def page(
    connection: Connection, box: SecretBox, *, only_sid: str | None = None, window: Window = ALL
) -> tuple[int, list[ServiceProvider]]:
    rule = [] if only_sid is None else [SERVICE_PROVIDERS.c.service_provider_sid == only_sid]
    return _ROWS.page(connection, box, window, *rule)


def named(connection: Connection, name: str, box: SecretBox) -> ServiceProvider | None:
    return _ROWS.one(connection, box, SERVICE_PROVIDERS.c.name == name)


def delete(connection: Connection, service_provider_sid: str) -> None:
    """With its keys, trunks, numbers and rules; raises StillReferenced while it has accounts."""
    _ROWS.delete(connection, service_provider_sid)
