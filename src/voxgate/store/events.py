"""The event log of calls."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from voxgate.model.calls import CallEvent, EventType
from voxgate.store.bulk import Bulk
from voxgate.store.tables import EVENTS

_INSERT = Bulk(EVENTS.insert(), ("call_sid", "seq", "at", "type", "data"))
_encode = json.JSONEncoder(separators=(",", ":")).encode


def append(connection: Connection, events: Sequence[CallEvent]) -> None:
    """Raises AlreadyExists (from the transaction) when a (call, seq) is taken."""
    _INSERT.run(connection, [_to_row(event) for event in events])


def after(connection: Connection, call_sid: str, seq: int, limit: int) -> list[CallEvent]:
    """In order, those with a larger `seq`."""
    rows = connection.execute(
        select(EVENTS)
        .where(EVENTS.c.call_sid == call_sid, EVENTS.c.seq > seq)
        .order_by(EVENTS.c.seq)
        .limit(limit)
    )
    return [_to_event(row) for row in rows]


def last_seq(connection: Connection, call_sid: str) -> int:
    """0 when the call has no events."""
    found = connection.execute(
        select(func.max(EVENTS.c.seq)).where(EVENTS.c.call_sid == call_sid)
    ).scalar_one()
    return found or 0


def remove_of(connection: Connection, call_sids: Sequence[str]) -> None:
    connection.execute(delete(EVENTS).where(EVENTS.c.call_sid.in_(call_sids)))


def _to_row(event: CallEvent) -> tuple[Any, ...]:
    return event.call_sid, event.seq, event.at, event.type.value, _encode(event.data)


def _to_event(row: Row[Any]) -> CallEvent:
    return CallEvent(row.call_sid, row.seq, row.at, EventType(row.type), json.loads(row.data))
