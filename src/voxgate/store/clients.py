"""SIP devices: their credentials and permissions."""

from sqlalchemy import Connection

from voxgate.base.secrets import SecretBox
from voxgate.model.devices import Client
from voxgate.store.owners import Owner, accounts_of
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import CLIENTS

_ROWS = Rows(CLIENTS, Client, secrets=("password",), order=[CLIENTS.c.username])

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update
delete = _ROWS.delete


def page(
    connection: Connection, box: SecretBox, owner: Owner, *, window: Window = ALL
) -> tuple[int, list[Client]]:
    """Of an account, or of all accounts of a provider, or all."""
    rule = []
    if owner.account_sid is not None:
        rule.append(CLIENTS.c.account_sid == owner.account_sid)
    elif owner.service_provider_sid is not None:
        rule.append(CLIENTS.c.account_sid.in_(accounts_of(owner.service_provider_sid)))
    return _ROWS.page(connection, box, window, *rule)


def by_username(
    connection: Connection, account_sid: str, username: str, box: SecretBox
) -> Client | None:
    return _ROWS.one(
        connection, box, CLIENTS.c.account_sid == account_sid, CLIENTS.c.username == username
    )


def name_taken(connection: Connection, client: Client) -> bool:
    return bool(
        _ROWS.count(
            connection,
            CLIENTS.c.account_sid == client.account_sid,
            CLIENTS.c.username == client.username,
            CLIENTS.c.client_sid != client.client_sid,
        )
    )
