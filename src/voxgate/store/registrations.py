"""Where registered devices can be reached: the bindings of RFC 3261 section 10."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, delete, func, select

from voxgate.model.devices import Registration
from voxgate.store.owners import accounts_of
from voxgate.store.tables import REGISTRATIONS


def of_user(
    connection: Connection, account_sid: str, username: str, *, now: float
) -> list[Registration]:
    """The user's live contacts, the newest first."""
    return _many(
        connection,
        REGISTRATIONS.c.account_sid == account_sid,
        REGISTRATIONS.c.username == username,
        REGISTRATIONS.c.expires_at > now,
    )


def of_account(
    connection: Connection, account_sid: str, *, now: float, usernames: Sequence[str] = ()
) -> list[Registration]:
    rule = [REGISTRATIONS.c.account_sid == account_sid, REGISTRATIONS.c.expires_at > now]
    if usernames:
        rule.append(REGISTRATIONS.c.username.in_(usernames))
    return _many(connection, *rule)


def any_at(connection: Connection, source_host: str, *, now: float) -> bool:
    """Whether a live contact was registered from an address."""
    question = (
        select(REGISTRATIONS.c.contact)
        .where(REGISTRATIONS.c.source_host == source_host, REGISTRATIONS.c.expires_at > now)
        .limit(1)
    )
    return connection.execute(question).first() is not None


def replace(
    connection: Connection,
    account_sid: str,
    username: str,
    *,
    removed: Sequence[str],
    kept: Sequence[Registration],
) -> None:
    """Take contacts of one user away and put others in."""
    gone = [*removed, *(registration.contact for registration in kept)]
    of_them = (
        (REGISTRATIONS.c.account_sid == account_sid)
        & (REGISTRATIONS.c.username == username)
        & REGISTRATIONS.c.contact.in_(gone)
    )
    connection.execute(delete(REGISTRATIONS).where(of_them))
    for registration in kept:
        connection.execute(REGISTRATIONS.insert().values(asdict(registration)))


def count_devices(
    connection: Connection,
    *,
    now: float,
    account_sid: str | None = None,
    service_provider_sid: str | None = None,
    but_for: str,
) -> int:
    """Live contacts of an account or of all accounts of a provider, without those of one user."""
    rule = [REGISTRATIONS.c.expires_at > now, REGISTRATIONS.c.username != but_for]
    if account_sid is not None:
        rule.append(REGISTRATIONS.c.account_sid == account_sid)
    if service_provider_sid is not None:
        rule.append(REGISTRATIONS.c.account_sid.in_(accounts_of(service_provider_sid)))
    question = select(func.count()).select_from(REGISTRATIONS).where(*rule)
    return connection.execute(question).scalar_one()


def remove_expired(connection: Connection, *, now: float) -> int:
    """Called now and then; nobody is shown an expired one meanwhile."""
    return connection.execute(
        delete(REGISTRATIONS).where(REGISTRATIONS.c.expires_at <= now)
    ).rowcount


def remove_of_user(connection: Connection, account_sid: str, username: str) -> None:
    connection.execute(
        delete(REGISTRATIONS).where(
            REGISTRATIONS.c.account_sid == account_sid, REGISTRATIONS.c.username == username
        )
    )


def remove_of_account(connection: Connection, account_sid: str) -> None:
    connection.execute(delete(REGISTRATIONS).where(REGISTRATIONS.c.account_sid == account_sid))


def _many(connection: Connection, *rule: ColumnElement[bool]) -> list[Registration]:
    question = (
        select(REGISTRATIONS)
        .where(*rule)
        .order_by(REGISTRATIONS.c.username, REGISTRATIONS.c.registered_at.desc())
    )
    return [Registration(**row) for row in connection.execute(question).mappings()]
