"""The calls on record, as the API sees them (`provisioning.calls.CallLog`)."""

import asyncio
from collections.abc import Sequence
from functools import partial

from voxgate.base.clock import Clock
from voxgate.base.secrets import SecretBox
from voxgate.model.calls import Call, CallEvent, Json
from voxgate.model.deliveries import Idempotency
from voxgate.provisioning.calls import (
    CallPage,
    CallQuery,
    Created,
    IdempotencyConflict,
    Repeated,
)
from voxgate.records.journal import Journal
from voxgate.store import calls, events, idempotency
from voxgate.store.calls import CallFilter
from voxgate.store.engine import Database

_POLL_S = 0.5
_SHOWN_AFTER_END_S = 3600.0
_UNPAGED_MOST = 10_000


class Archive:
    """Reads come from the database; a new call goes through the journal."""

    def __init__(self, journal: Journal, database: Database, box: SecretBox, clock: Clock) -> None:
        self._journal = journal
        self._database = database
        self._box = box
        self._clock = clock

    async def create(
        self, call: Call, data: Json, idempotency: Idempotency | None
    ) -> Created | Repeated:
        known = await self._journal.create(call, data, idempotency)
        if known is None:
            return Created()
        return _repeated(known.call_sid, known.call_id, same_body=known.same_body)

    async def remembered(self, account_sid: str, idempotency: Idempotency) -> Repeated | None:
        found = await self._database.read(
            partial(_remembered, account_sid=account_sid, key=idempotency.key, now=self._now())
        )
        if found is None:
            return None
        same_body = found.fingerprint == idempotency.fingerprint
        return _repeated(found.call_sid, found.call_id, same_body=same_body)

    async def get(self, call_sid: str) -> Call | None:
        return await self._database.read(partial(calls.get, call_sid=call_sid, box=self._box))

    async def list(self, account_sid: str, query: CallQuery) -> CallPage:
        paged = query.page is not None
        wanted = CallFilter(
            direction=query.direction,
            from_=query.from_,
            to=query.to,
            status=query.status,
            shown_since=None if paged else self._now() - _SHOWN_AFTER_END_S,
        )
        first = (max(query.page or 1, 1) - 1) * query.page_size
        total, found = await self._database.read(
            partial(
                calls.page,
                account_sid=account_sid,
                wanted=wanted,
                box=self._box,
                offset=first,
                limit=query.page_size if paged else _UNPAGED_MOST,
            )
        )
        return CallPage(total, found)

    async def count_open(self, account_sid: str) -> dict[str, int]:
        return await self._database.read(partial(calls.count_open, account_sid=account_sid))

    async def hide(self, call_sid: str) -> bool:
        return await self._database.write(partial(calls.hide, call_sid=call_sid))

    async def events(
        self, call_sid: str, *, after: int, limit: int, wait_s: float
    ) -> Sequence[CallEvent]:
        question = partial(events.after, call_sid=call_sid, seq=after, limit=limit)
        deadline = self._clock.monotonic() + wait_s
        while True:
            found = await self._database.read(question)
            left = deadline - self._clock.monotonic()
            if found or left <= 0:
                return found
            if not await self._more_may_come(call_sid, after, left):
                return await self._database.read(question)

    async def _more_may_come(self, call_sid: str, after: int, left: float) -> bool:
        """Wait for an event behind `after`, at most `left` seconds; False: the log is complete."""
        if self._journal.open_log(call_sid) is not None:
            waiter = self._journal.waiter(call_sid, after + 1)
            if waiter is not None:
                await asyncio.wait([waiter], timeout=left)
                waiter.cancel()
            return True
        call = await self.get(call_sid)
        if call is None or call.ended_at is not None:
            return False
        await asyncio.sleep(min(_POLL_S, left))  # another process runs it
        return True

    def _now(self) -> float:
        return self._clock.wall()


_remembered = idempotency.remembered  # the port's parameter has the module's name


def _repeated(call_sid: str, call_id: str, *, same_body: bool) -> Repeated:
    if not same_body:
        raise IdempotencyConflict("the Idempotency-Key was used for a request with another body")
    return Repeated(call_sid, call_id)
