"""Requests that were carried out under an Idempotency-Key, for 24 hours."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, text

from voxgate.model.deliveries import Idempotency
from voxgate.store.bulk import Bulk
from voxgate.store.tables import IDEMPOTENCY_KEYS

KEEP_S = 24 * 3600.0

# One statement, the same for both databases: only a key past its time is taken over.
_CLAIM = Bulk(
    text(
        "INSERT INTO idempotency_keys"
        " (account_sid, key, fingerprint, call_sid, call_id, created_at)"
        " VALUES (:account_sid, :key, :fingerprint, :call_sid, :call_id, :created_at)"
        " ON CONFLICT (account_sid, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
        " call_sid = excluded.call_sid, call_id = excluded.call_id,"
        " created_at = excluded.created_at"
        " WHERE idempotency_keys.created_at <= :expired RETURNING call_sid"
    ),
    ("account_sid", "key", "fingerprint", "call_sid", "call_id", "created_at", "expired"),
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The call an earlier request with this key made; compare `fingerprint` before using it."""

    fingerprint: str
    call_sid: str
    call_id: str


def remembered(
    connection: Connection, account_sid: str, key: str, *, now: float
) -> Remembered | None:
    row = connection.execute(
        select(IDEMPOTENCY_KEYS).where(
            IDEMPOTENCY_KEYS.c.account_sid == account_sid,
            IDEMPOTENCY_KEYS.c.key == key,
            IDEMPOTENCY_KEYS.c.created_at > now - KEEP_S,
        )
    ).one_or_none()
    return None if row is None else Remembered(row.fingerprint, row.call_sid, row.call_id)


def claim(
    connection: Connection,
    account_sid: str,
    idempotency: Idempotency,
    *,
    call_sid: str,
    call_id: str,
    now: float,
) -> Remembered | None:
    """Take the key for this call; None: taken. Else the call that has it, and nothing is changed.

    Of two processes that claim at once the second waits for the first one's transaction.
    """
    row = (account_sid, idempotency.key, idempotency.fingerprint, call_sid, call_id, now)
    if _CLAIM.first(connection, (*row, now - KEEP_S)) is not None:
        return None
    return remembered(connection, account_sid, idempotency.key, now=now)


def forget_calls(connection: Connection, call_sids: Sequence[str]) -> None:
    """Free the keys of calls that were never told to anybody."""
    connection.execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.call_sid.in_(call_sids)))


def forget_old(connection: Connection, *, now: float) -> int:
    """Remove keys past their 24 hours; how many went."""
    return connection.execute(
        delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.created_at <= now - KEEP_S)
    ).rowcount
