"""Whose rows a list may show."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, Table, and_, or_, select, true
from sqlalchemy.sql.expression import Select

from voxgate.store.tables import ACCOUNTS


@dataclass(frozen=True, slots=True)
class Owner:
    """An account, or a provider with all its accounts, or (neither) everybody."""

    account_sid: str | None = None
    service_provider_sid: str | None = None


def accounts_of(service_provider_sid: str) -> Select[tuple[str]]:
    return select(ACCOUNTS.c.account_sid).where(
        ACCOUNTS.c.service_provider_sid == service_provider_sid
    )


def owned(table: Table, owner: Owner) -> ColumnElement[bool]:
    """Rows of a table with both owner columns: exactly the owner's."""
    if owner.account_sid is not None:
        return table.c.account_sid == owner.account_sid
    if owner.service_provider_sid is not None:
        return table.c.service_provider_sid == owner.service_provider_sid
    return true()


def shared(table: Table, account_sid: str, service_provider_sid: str) -> ColumnElement[bool]:
    """What an account may use: its own rows, its provider's, and those of nobody (sandbox)."""
    of_provider = or_(
        table.c.service_provider_sid == service_provider_sid,
        table.c.service_provider_sid.is_(None),
    )
    return or_(table.c.account_sid == account_sid, and_(table.c.account_sid.is_(None), of_provider))


def contains(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Substring, without regard to case; `%` and `_` are themselves."""
    return column.cast(String).icontains(part, autoescape=True)
