"""Applications."""

from sqlalchemy import ColumnElement, Connection, true

from voxgate.base.secrets import SecretBox
from voxgate.model.applications import Application
from voxgate.store.owners import Owner, accounts_of, contains
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import APPLICATIONS, PHONE_NUMBERS

_ROWS = Rows(
    APPLICATIONS,
    Application,
    hooks=("call_hook", "call_status_hook"),
    order=[APPLICATIONS.c.created_at],
)

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update
delete = _ROWS.delete


def page(
    connection: Connection,
    box: SecretBox,
    owner: Owner,
    *,
    name: str | None = None,
    window: Window = ALL,
) -> tuple[int, list[Application]]:
    """`name`: only those that contain it."""
    rule = [_owned(owner)]
    if name:
        rule.append(contains(APPLICATIONS.c.name, name))
    return _ROWS.page(connection, box, window, *rule)


def name_taken(connection: Connection, application: Application) -> bool:
    """Does another application of the account have this name?"""
    return bool(
        _ROWS.count(
            connection,
            APPLICATIONS.c.account_sid == application.account_sid,
            APPLICATIONS.c.name == application.name,
            APPLICATIONS.c.application_sid != application.application_sid,
        )
    )


def has_numbers(connection: Connection, application_sid: str) -> bool:
    found = connection.execute(
        PHONE_NUMBERS.select().where(PHONE_NUMBERS.c.application_sid == application_sid).limit(1)
    )
    return found.first() is not None


def _owned(owner: Owner) -> ColumnElement[bool]:
    if owner.account_sid is not None:
        return APPLICATIONS.c.account_sid == owner.account_sid
    if owner.service_provider_sid is not None:
        return APPLICATIONS.c.account_sid.in_(accounts_of(owner.service_provider_sid))
    return true()
