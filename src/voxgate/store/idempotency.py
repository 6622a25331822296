"""Requests that were carried out under an Idempotency-Key, for 24 hours."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from voxgate.model.deliveries import Idempotency
from voxgate.store.tables import IDEMPOTENCY_KEYS

KEEP_S = 24 * 3600.0


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

    Of two processes that claim at once one gets AlreadyExists from its transaction; it should try
    again and will then find the other's call.
    """
    found = remembered(connection, account_sid, idempotency.key, now=now)
    if found is not None:
        return found
    # Only one past its time: what another node claimed since we looked must stay, so that our
    # insert fails.
    connection.execute(
        delete(IDEMPOTENCY_KEYS).where(
            IDEMPOTENCY_KEYS.c.account_sid == account_sid,
            IDEMPOTENCY_KEYS.c.key == idempotency.key,
            IDEMPOTENCY_KEYS.c.created_at <= now - KEEP_S,
        )
    )
    connection.execute(
        IDEMPOTENCY_KEYS.insert().values(
            account_sid=account_sid,
            key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            call_sid=call_sid,
            call_id=call_id,
            created_at=now,
        )
    )
    return None


def forget_calls(connection: Connection, call_sids: Sequence[str]) -> None:
    """Free the keys of calls that were never told to anybody."""
    connection.execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.call_sid.in_(call_sids)))


def forget_old(connection: Connection, *, now: float) -> int:
    """Remove keys past their 24 hours; how many went."""
    return connection.execute(
        delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.created_at <= now - KEEP_S)
    ).rowcount
