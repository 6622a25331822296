"""Calls that an earlier process left behind: hang up the far end, write the missing end.

Never an INVITE: whoever was on the phone is let go, nobody is rung.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.secrets import SecretBox
from voxgate.call.orphan import orphan_of
from voxgate.call.outcome import LOST, own
from voxgate.model.calls import Call, CallEvent, CallStatus, EventType, Json
from voxgate.records.journal import Journal
from voxgate.sip.dialog.events import OrphanDialog
from voxgate.store import calls, events
from voxgate.store.engine import Database, StoreUnavailable

log = get_logger("recovery")

EndOrphan = Callable[[OrphanDialog], Awaitable[str]]
"""CANCEL or BYE a dialog of a former life; answers what became of it."""

_AT_ONCE = 200
_PER_CALL_S = 40.0  # SIP gives up after 32 seconds by itself
_EVENTS_MOST = 1000
_REASON = "Server Internal Error"


@dataclass(frozen=True, slots=True)
class RecoveryPorts:
    journal: Journal
    database: Database
    box: SecretBox
    clock: Clock
    end_orphan: EndOrphan


async def recover(ports: RecoveryPorts) -> int:
    """End every call that has no end and is not run by this process; how many there were.

    May run beside new calls. Raises StoreUnavailable when the calls cannot be looked up.
    """
    found = await ports.database.read(partial(calls.still_open, box=ports.box))
    await ports.journal.settled()  # what was created meanwhile is known as ours after this
    left = [call for call in found if ports.journal.open_log(call.call_sid) is None]
    room = asyncio.Semaphore(_AT_ONCE)

    async def end(call: Call) -> None:
        async with room:
            await _end(call, ports)

    async with asyncio.TaskGroup() as tasks:
        for call in left:
            tasks.create_task(end(call), name="recover")
    if left:
        log.warning("calls_recovered", number=len(left))
    return len(left)


async def _end(call: Call, ports: RecoveryPorts) -> None:
    try:
        logged = await ports.database.read(
            partial(events.after, call_sid=call.call_sid, seq=0, limit=_EVENTS_MOST)
        )
        fate = await _let_go(call, logged, ports)
        await ports.journal.reopen(call)
    except StoreUnavailable as failure:
        log.warning("recovery_failed", call_sid=call.call_sid, reason=str(failure))
        return
    over = _ended(call, logged, fate, now=ports.clock.wall())
    ports.journal.update(over)
    ports.journal.append(call.call_sid, EventType.ENDED, _facts(over, fate), urgent=True)


async def _let_go(call: Call, logged: list[CallEvent], ports: RecoveryPorts) -> str:
    """What became of the far end."""
    try:
        orphan = orphan_of(logged)
        if orphan is None:
            return "never-sent"
        async with asyncio.timeout(_PER_CALL_S):
            return await ports.end_orphan(orphan)
    except TimeoutError:
        return "no-answer"
    except Exception:  # boundary: a log that an older version wrote must still get its end
        log.exception("recovery_broke", call_sid=call.call_sid)
        return "unknown"


def _ended(call: Call, logged: list[CallEvent], fate: str, *, now: float) -> Call:
    """The call's record with its end; it lasted until now only if the far end was still there."""
    last_known = logged[-1].at if logged else call.created_at
    ended_at = now if fate in {"ended", "cancelled"} else max(last_known, call.created_at)
    answered_at = call.answered_at
    return replace(
        call,
        status=CallStatus.FAILED if answered_at is None else CallStatus.COMPLETED,
        sip_status=500,
        sip_reason=_REASON,
        ended_at=ended_at,
        duration_s=None if answered_at is None else max(0, round(ended_at - answered_at)),
        termination_by="jambonz",
        outcome=own(LOST, 500, _REASON).to_json(),
    )


def _facts(over: Call, fate: str) -> Json:
    data: Json = {
        "call_status": over.status.value,
        "sip_status": over.sip_status,
        "sip_reason": over.sip_reason,
        "call_termination_by": over.termination_by,
        "outcome": over.outcome,
        "far_end": fate,
    }
    if over.duration_s is not None:
        data["duration"] = over.duration_s
    if over.sbc_callid is not None:
        data["sbc_callid"] = over.sbc_callid
    if over.tag:
        data["tag"] = over.tag
    return data
