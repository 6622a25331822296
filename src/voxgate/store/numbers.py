"""Registered phone numbers."""

from typing import Any

from sqlalchemy import ColumnElement, Connection

from voxgate.base.secrets import SecretBox
from voxgate.model.numbers import PhoneNumber
from voxgate.store.owners import Owner, contains, owned, shared
from voxgate.store.rows import ALL, Rows, Window
from voxgate.store.tables import PHONE_NUMBERS

_ROWS = Rows(PHONE_NUMBERS, PhoneNumber, order=[PHONE_NUMBERS.c.number])

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update
delete = _ROWS.delete


def page(
    connection: Connection,
    box: SecretBox,
    owner: Owner,
    *,
    part: str | None = None,
    window: Window = ALL,
) -> tuple[int, list[PhoneNumber]]:
    """`part`: only numbers that contain it."""
    rule = [owned(PHONE_NUMBERS, owner)]
    if part:
        rule.append(contains(PHONE_NUMBERS.c.number, part))
    return _ROWS.page(connection, box, window, *rule)


def usable_by(
    connection: Connection, box: SecretBox, account_sid: str, service_provider_sid: str
) -> list[PhoneNumber]:
    """The account's, and those its provider keeps for all accounts."""
    return _ROWS.many(connection, box, shared(PHONE_NUMBERS, account_sid, service_provider_sid))


def taken(connection: Connection, number: PhoneNumber) -> bool:
    """On the same carrier, or (without one) in the same account or provider."""
    rule = [
        PHONE_NUMBERS.c.number == number.number,
        PHONE_NUMBERS.c.phone_number_sid != number.phone_number_sid,
    ]
    if number.voip_carrier_sid is not None:
        rule.append(PHONE_NUMBERS.c.voip_carrier_sid == number.voip_carrier_sid)
    else:
        rule.append(PHONE_NUMBERS.c.voip_carrier_sid.is_(None))
        rule.append(_same(PHONE_NUMBERS.c.account_sid, number.account_sid))
        rule.append(_same(PHONE_NUMBERS.c.service_provider_sid, number.service_provider_sid))
    return bool(_ROWS.count(connection, *rule))


def _same(column: ColumnElement[Any], value: str | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value
