"""Limits of accounts and providers; at most one of a category each."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from voxgate.model.limits import Limit
from voxgate.store.tables import LIMITS


def of_account(
    connection: Connection, account_sid: str, category: str | None = None
) -> list[Limit]:
    return _many(connection, LIMITS.c.account_sid == account_sid, *_only(category))


def of_provider(
    connection: Connection, service_provider_sid: str, category: str | None = None
) -> list[Limit]:
    rule = LIMITS.c.service_provider_sid == service_provider_sid, LIMITS.c.account_sid.is_(None)
    return _many(connection, *rule, *_only(category))


def binding(connection: Connection, account_sid: str, service_provider_sid: str) -> list[Limit]:
    """The account's own and its provider's."""
    of_its_provider = LIMITS.c.account_sid.is_(None) & (
        LIMITS.c.service_provider_sid == service_provider_sid
    )
    return _many(connection, or_(LIMITS.c.account_sid == account_sid, of_its_provider))


def put(connection: Connection, limit: Limit) -> str:
    """Set the owner's limit of this category; answers with its sid, old or new."""
    owner = limit.account_sid or limit.service_provider_sid or ""
    known = of_account if limit.account_sid is not None else of_provider
    for current in known(connection, owner, limit.category):
        change = LIMITS.update().where(LIMITS.c.limit_sid == current.limit_sid)
        connection.execute(change.values(quantity=limit.quantity))
        return current.limit_sid
    connection.execute(
        LIMITS.insert().values(
            limit_sid=limit.limit_sid,
            category=limit.category,
            quantity=limit.quantity,
            account_sid=limit.account_sid,
            service_provider_sid=None if limit.account_sid else limit.service_provider_sid,
        )
    )
    return limit.limit_sid


def remove(connection: Connection, limits: Sequence[Limit]) -> None:
    sids = [limit.limit_sid for limit in limits]
    connection.execute(delete(LIMITS).where(LIMITS.c.limit_sid.in_(sids)))


def _only(category: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if category is None else (LIMITS.c.category == category,)


def _many(connection: Connection, *rule: ColumnElement[bool]) -> list[Limit]:
    question = select(LIMITS).where(*rule).order_by(LIMITS.c.category)
    return [Limit(**row) for row in connection.execute(question).mappings()]
