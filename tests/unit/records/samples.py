"""A call, a clock and a database for the tests of this folder."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from voxgate.base.clock import SystemClock
from voxgate.base.ids import new_sid
from voxgate.base.secrets import SecretBox
from voxgate.model.calls import Call, CallEvent, CallRequest, CallStatus, Target
from voxgate.model.deliveries import Delivery
from voxgate.model.hooks import Hook
from voxgate.records.journal import Journal
from voxgate.store.engine import Database

KEY = b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
BOX = SecretBox(KEY)
ACCOUNT = new_sid()


def sample_call(*, status_hook: Hook | None = None, notify_hook: Hook | None = None) -> Call:
    target = Target("phone", "+4930111222")
    request = CallRequest(
        "+49171000", target, call_status_hook=status_hook, notify_hook=notify_hook
    )
    return Call(
        call_sid=new_sid(),
        account_sid=ACCOUNT,
        service_provider_sid=new_sid(),
        call_id="6c0c@example.org",
        direction="outbound",
        from_="+49171000",
        to="+4930111222",
        status=CallStatus.TRYING,
        request=request,
        trace_id="4d5e",
        created_at=SystemClock().wall(),
    )


def ended(call: Call) -> Call:
    return replace(
        call,
        status=CallStatus.COMPLETED,
        sip_status=200,
        sip_reason="OK",
        ended_at=call.created_at + 3,
        duration_s=2,
    )


STATUS_DATA = {"call_status": "ringing", "sip_status": 180, "sip_reason": "Ringing"}
ENDED_DATA = {
    "call_status": "completed",
    "sip_status": 200,
    "sip_reason": "OK",
    "duration": 2,
    "call_termination_by": "caller",
}


def nobody(_call: Call) -> Sequence[Delivery]:
    return ()


class Witness:
    """A follower that keeps what it was told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.events: list[CallEvent] = []

    def opened(self, call: Call, _deliveries: Sequence[Delivery]) -> None:
        self.calls.append(call)

    def committed(self, _call_sid: str, logged: Sequence[CallEvent]) -> None:
        self.events.extend(logged)


async def open_database(place: Path | str) -> Database:
    """A folder for SQLite, or the address of a database."""
    url = place if isinstance(place, str) else f"sqlite:///{place / 'voxgate.db'}"
    database = Database(url)
    await database.migrate()
    return database


@asynccontextmanager
async def journal_in(folder: Path | str, *, queued_most: int = 100_000):
    database = await open_database(folder)
    journal = Journal(database, BOX, SystemClock(), nobody, queued_most=queued_most)
    journal.start()
    try:
        yield journal, database
    finally:
        await journal.close()
        await database.close()


async def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Give the loop its time until `condition` holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.001)
