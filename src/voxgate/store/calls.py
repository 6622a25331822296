"""Call records: the state of a call beside its event log."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, or_, select

from voxgate.base.secrets import SecretBox
from voxgate.model.calls import Call, CallStatus
from voxgate.store.bulk import Bulk
from voxgate.store.call_request import request_from_text, request_to_text
from voxgate.store.tables import CALLS, EVENTS

# What changes while a call lives; the rest is written once.
_STATE = (
    "call_id",
    "status",
    "sip_status",
    "sip_reason",
    "sbc_callid",
    "trunk",
    "answered_at",
    "ended_at",
    "duration_s",
    "termination_by",
    "outcome",
    "tag",
    "last_seq",
)
_FACTS = (
    "call_sid",
    "account_sid",
    "service_provider_sid",
    "direction",
    "from_",
    "to",
    "request",
    "trace_id",
    "created_at",
    "application_sid",
    "hidden",
)
_INSERT = Bulk(CALLS.insert(), _FACTS + _STATE)
_UPDATE = Bulk(
    CALLS
    .update()
    .where(CALLS.c.call_sid == bindparam("of_call"))
    .values({name: bindparam(f"to_{name}", type_=CALLS.c[name].type) for name in _STATE}),
    (*(f"to_{name}" for name in _STATE), "of_call"),
)
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Exact matches; `shown_since`: only calls that are open or ended after that moment."""

    direction: str | None = None
    from_: str | None = None
    to: str | None = None
    status: str | None = None
    shown_since: float | None = None


def insert(connection: Connection, calls: Sequence[Call], box: SecretBox) -> None:
    _INSERT.run(connection, [_to_row(call, box) for call in calls])


def update(
    connection: Connection, calls: Sequence[Call], last_seqs: Mapping[str, int] | None = None
) -> None:
    """Write the state columns; `hidden` and the request stay as they are.

    `last_seqs`, by call_sid, wins over the calls' own.
    """
    known = last_seqs or {}
    rows = [
        (*_to_state(call, known.get(call.call_sid, call.last_seq)), call.call_sid) for call in calls
    ]
    _UPDATE.run(connection, rows)


def get(connection: Connection, call_sid: str, box: SecretBox) -> Call | None:
    row = connection.execute(select(CALLS).where(CALLS.c.call_sid == call_sid)).one_or_none()
    return None if row is None else _to_call(row, box)


def page(
    connection: Connection,
    account_sid: str,
    wanted: CallFilter,
    box: SecretBox,
    *,
    offset: int,
    limit: int,
) -> tuple[int, list[Call]]:
    """How many un-hidden calls match in all, and one page of them, newest first."""
    rule = _rule(account_sid, wanted)
    total = connection.execute(select(func.count()).select_from(CALLS).where(*rule)).scalar_one()
    rows = connection.execute(
        select(CALLS)
        .where(*rule)
        .order_by(CALLS.c.created_at.desc(), CALLS.c.call_sid)
        .offset(offset)
        .limit(limit)
    )
    return total, [_to_call(row, box) for row in rows]


def hide(connection: Connection, call_sid: str) -> bool:
    """False when there is no such call, it is hidden already, or it has not ended."""
    changed = connection.execute(
        CALLS
        .update()
        .where(
            CALLS.c.call_sid == call_sid,
            CALLS.c.hidden.is_(False),
            CALLS.c.ended_at.is_not(None),
        )
        .values(hidden=True)
    )
    return changed.rowcount == 1


def still_open(connection: Connection, box: SecretBox) -> list[Call]:
    """Calls without an end: after a restart these were cut off."""
    rows = connection.execute(
        select(CALLS).where(CALLS.c.ended_at.is_(None)).order_by(CALLS.c.created_at)
    )
    return [_to_call(row, box) for row in rows]


def count_open(connection: Connection, account_sid: str) -> dict[str, int]:
    """Calls in progress by direction; a direction without calls is absent."""
    rows = connection.execute(
        select(CALLS.c.direction, func.count().label("number"))
        .where(CALLS.c.account_sid == account_sid, CALLS.c.ended_at.is_(None))
        .group_by(CALLS.c.direction)
    )
    return {row.direction: row.number for row in rows}


def remove(connection: Connection, call_sids: Sequence[str]) -> None:
    connection.execute(delete(CALLS).where(CALLS.c.call_sid.in_(call_sids)))


def remove_of_account(connection: Connection, account_sid: str) -> None:
    """The account's calls and their events; the caller made sure that none is in progress."""
    its_calls = select(CALLS.c.call_sid).where(CALLS.c.account_sid == account_sid)
    connection.execute(delete(EVENTS).where(EVENTS.c.call_sid.in_(its_calls)))
    connection.execute(delete(CALLS).where(CALLS.c.account_sid == account_sid))


def _rule(account_sid: str, wanted: CallFilter) -> list[ColumnElement[bool]]:
    rule = [CALLS.c.account_sid == account_sid, CALLS.c.hidden.is_(False)]
    if wanted.direction is not None:
        rule.append(CALLS.c.direction == wanted.direction)
    if wanted.from_ is not None:
        rule.append(CALLS.c.from_ == wanted.from_)
    if wanted.to is not None:
        rule.append(CALLS.c.to == wanted.to)
    if wanted.status is not None:
        rule.append(CALLS.c.status == wanted.status)
    if wanted.shown_since is not None:
        rule.append(or_(CALLS.c.ended_at.is_(None), CALLS.c.ended_at > wanted.shown_since))
    return rule


def _to_row(call: Call, box: SecretBox) -> tuple[Any, ...]:
    return (
        call.call_sid,
        call.account_sid,
        call.service_provider_sid,
        call.direction,
        call.from_,
        call.to,
        request_to_text(call.request, box),
        call.trace_id,
        call.created_at,
        call.application_sid,
        call.hidden,
        *_to_state(call, call.last_seq),
    )


def _to_state(call: Call, last_seq: int) -> tuple[Any, ...]:
    """In the order of _STATE."""
    return (
        call.call_id,
        call.status.value,
        call.sip_status,
        call.sip_reason,
        call.sbc_callid,
        call.trunk,
        call.answered_at,
        call.ended_at,
        call.duration_s,
        call.termination_by,
        None if call.outcome is None else _encode(call.outcome),
        _encode(call.tag),
        last_seq,
    )


def _to_call(row: Row[Any], box: SecretBox) -> Call:
    return Call(
        call_sid=row.call_sid,
        account_sid=row.account_sid,
        service_provider_sid=row.service_provider_sid,
        call_id=row.call_id,
        direction=row.direction,
        from_=row.from_,
        to=row.to,
        status=CallStatus(row.status),
        request=request_from_text(row.request, box),
        trace_id=row.trace_id,
        created_at=row.created_at,
        application_sid=row.application_sid,
        sip_status=row.sip_status,
        sip_reason=row.sip_reason,
        sbc_callid=row.sbc_callid,
        trunk=row.trunk,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        termination_by=row.termination_by,
        outcome=row.outcome,
        tag=row.tag,
        hidden=row.hidden,
        last_seq=row.last_seq,
    )
