"""Who still has status events of a call to receive."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, tuple_

from voxgate.base.secrets import SecretBox
from voxgate.model.deliveries import Delivery
from voxgate.store.bulk import Bulk
from voxgate.store.hooks import opened_hook, sealed_hook
from voxgate.store.tables import DELIVERIES

_STATE = ("cursor", "attempts", "next_at", "first_failed_at")
_INSERT = Bulk(DELIVERIES.insert(), ("call_sid", "receiver", "account_sid", "hook", *_STATE))
_UPDATE = Bulk(
    DELIVERIES
    .update()
    .where(
        DELIVERIES.c.call_sid == bindparam("of_call"),
        DELIVERIES.c.receiver == bindparam("of_receiver"),
    )
    .values(
        cursor=bindparam("to_cursor"),
        attempts=bindparam("to_attempts"),
        next_at=bindparam("to_next_at"),
        first_failed_at=bindparam("to_first_failed_at"),
    ),
    (*(f"to_{name}" for name in _STATE), "of_call", "of_receiver"),
)
_DELETE = Bulk(
    DELIVERIES.delete().where(
        DELIVERIES.c.call_sid == bindparam("of_call"),
        DELIVERIES.c.receiver == bindparam("of_receiver"),
    ),
    ("of_call", "of_receiver"),
)
_encode = json.JSONEncoder(separators=(",", ":")).encode


def add(connection: Connection, deliveries: Sequence[Delivery], box: SecretBox) -> None:
    _INSERT.run(connection, [_to_row(delivery, box) for delivery in deliveries])


def update(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Store cursor, attempts and times; the hook never changes."""
    rows = [(*_to_state(delivery), delivery.call_sid, delivery.receiver) for delivery in deliveries]
    _UPDATE.run(connection, rows)


def remove(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """By (call_sid, receiver): everything was delivered or given up."""
    _DELETE.run(connection, keys)


def pending(connection: Connection, box: SecretBox) -> list[Delivery]:
    """All rows, for taking up the work after a restart."""
    rows = connection.execute(select(DELIVERIES).order_by(DELIVERIES.c.call_sid))
    return [_to_delivery(row, box) for row in rows]


def page(
    connection: Connection, box: SecretBox, *, after: tuple[str, str], limit: int
) -> list[Delivery]:
    """Rows in the order of (call_sid, receiver), those behind `after`."""
    pair = tuple_(DELIVERIES.c.call_sid, DELIVERIES.c.receiver)
    rows = connection.execute(
        select(DELIVERIES)
        .where(pair > after)
        .order_by(DELIVERIES.c.call_sid, DELIVERIES.c.receiver)
        .limit(limit)
    )
    return [_to_delivery(row, box) for row in rows]


def get(connection: Connection, call_sid: str, receiver: str, box: SecretBox) -> Delivery | None:
    row = connection.execute(
        select(DELIVERIES).where(
            DELIVERIES.c.call_sid == call_sid, DELIVERIES.c.receiver == receiver
        )
    ).one_or_none()
    return None if row is None else _to_delivery(row, box)


def readdress(connection: Connection, delivery: Delivery, box: SecretBox) -> None:
    """Store a delivery's hook, making its row when there is none."""
    remove(connection, [(delivery.call_sid, delivery.receiver)])
    add(connection, [delivery], box)


def remove_of_calls(connection: Connection, call_sids: Sequence[str]) -> None:
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.call_sid.in_(call_sids)))


def remove_of_account(connection: Connection, account_sid: str) -> None:
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.account_sid == account_sid))


def _to_row(delivery: Delivery, box: SecretBox) -> tuple[Any, ...]:
    hook = _encode(sealed_hook(delivery.hook, box))
    return (
        delivery.call_sid,
        delivery.receiver,
        delivery.account_sid,
        hook,
        *_to_state(delivery),
    )


def _to_state(delivery: Delivery) -> tuple[Any, ...]:
    """In the order of _STATE."""
    return delivery.cursor, delivery.attempts, delivery.next_at, delivery.first_failed_at


def _to_delivery(row: Row[Any], box: SecretBox) -> Delivery:
    hook = opened_hook(row.hook, box)
    if hook is None:
        raise ValueError("deliveries.hook is never null")
    return Delivery(
        call_sid=row.call_sid,
        receiver=row.receiver,
        account_sid=row.account_sid,
        hook=hook,
        cursor=row.cursor,
        attempts=row.attempts,
        next_at=row.next_at,
        first_failed_at=row.first_failed_at,
    )
