"""Accounts."""

from sqlalchemy import ColumnElement, Connection, false, or_
from sqlalchemy import delete as delete_from

from voxgate.base.secrets import SecretBox
from voxgate.model.accounts import Account
from voxgate.store import alerts, calls, deliveries, lcrs, recordings, registrations
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import (
    ACCOUNTS,
    APPLICATIONS,
    CARRIERS,
    IDEMPOTENCY_KEYS,
    LCRS,
    PHONE_NUMBERS,
)

_ROWS = Rows(
    ACCOUNTS,
    Account,
    hooks=("registration_hook", "queue_event_hook", "recording_hook"),
    secrets=("webhook_secret", "bucket_credential"),
    order=[ACCOUNTS.c.created_at],
)

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update


def page(
    connection: Connection,
    box: SecretBox,
    *,
    service_provider_sid: str | None = None,
    account_sid: str | None = None,
    window: Window = ALL,
) -> tuple[int, list[Account]]:
    rule = []
    if service_provider_sid is not None:
        rule.append(ACCOUNTS.c.service_provider_sid == service_provider_sid)
    if account_sid is not None:
        rule.append(ACCOUNTS.c.account_sid == account_sid)
    return _ROWS.page(connection, box, window, *rule)


def twin(connection: Connection, account: Account, box: SecretBox) -> Account | None:
    """Another account with its name under the same provider, or with its SIP realm."""
    same_name = (ACCOUNTS.c.service_provider_sid == account.service_provider_sid) & (
        ACCOUNTS.c.name == account.name
    )
    same_realm: ColumnElement[bool] = false()
    if account.sip_realm is not None:
        same_realm = ACCOUNTS.c.sip_realm == account.sip_realm
    same = or_(same_name, same_realm)
    others = _ROWS.many(
        connection, box, same, ACCOUNTS.c.account_sid != account.account_sid, window=Window(limit=1)
    )
    return others[0] if others else None


def realm_taken(connection: Connection, account: Account) -> bool:
    """Does another account have its SIP realm?"""
    return bool(
        _ROWS.count(
            connection,
            ACCOUNTS.c.sip_realm == account.sip_realm,
            ACCOUNTS.c.account_sid != account.account_sid,
        )
    )


def delete(connection: Connection, account_sid: str) -> None:
    """With everything it owns, its calls too. The caller made sure that none is in progress."""
    lcrs.remove(connection, LCRS.c.account_sid == account_sid)
    # Numbers before the carriers and applications they refer to.
    for table in (PHONE_NUMBERS, CARRIERS, APPLICATIONS, IDEMPOTENCY_KEYS):
        connection.execute(delete_from(table).where(table.c.account_sid == account_sid))
    calls.remove_of_account(connection, account_sid)
    deliveries.remove_of_account(connection, account_sid)
    alerts.remove_of_account(connection, account_sid)
    registrations.remove_of_account(connection, account_sid)
    recordings.remove_of_account(connection, account_sid)
    _ROWS.delete(connection, account_sid)
