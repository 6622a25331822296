"""API keys, found by the digest of the token."""

from sqlalchemy import Connection, and_, or_

from voxgate.base.secrets import SecretBox
from voxgate.model.accounts import ApiKey
from voxgate.store.owners import accounts_of
from voxgate.store.rows import Rows
from voxgate.store.tables import API_KEYS

_ROWS = Rows(API_KEYS, ApiKey, order=[API_KEYS.c.created_at])

insert = _ROWS.insert
get = _ROWS.get
delete = _ROWS.delete


def by_digest(connection: Connection, token_sha256: str, box: SecretBox) -> ApiKey | None:
    return _ROWS.one(connection, box, API_KEYS.c.token_sha256 == token_sha256)


def of_account(connection: Connection, account_sid: str, box: SecretBox) -> list[ApiKey]:
    return _ROWS.many(connection, box, API_KEYS.c.account_sid == account_sid)


def of_provider(connection: Connection, service_provider_sid: str, box: SecretBox) -> list[ApiKey]:
    """Keys of the provider itself and of its accounts."""
    of_accounts = API_KEYS.c.account_sid.in_(accounts_of(service_provider_sid))
    own = API_KEYS.c.service_provider_sid == service_provider_sid
    return _ROWS.many(connection, box, or_(own, of_accounts))


def admin_count(connection: Connection) -> int:
    return _ROWS.count(
        connection,
        and_(API_KEYS.c.account_sid.is_(None), API_KEYS.c.service_provider_sid.is_(None)),
    )


def touch(connection: Connection, api_key_sid: str, *, now: float) -> None:
    """Note that it was used."""
    connection.execute(
        API_KEYS.update().where(API_KEYS.c.api_key_sid == api_key_sid).values(last_used=now)
    )
