"""Group commits: what was handed in within some milliseconds is written in one transaction."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.secrets import SecretBox
from voxgate.base.tasks import Nursery
from voxgate.model.calls import CallEvent
from voxgate.records import batch
from voxgate.records.batch import Batch, Known
from voxgate.store.engine import Database, StoreUnavailable

log = get_logger("journal")

Answers = list[Known | None]

_PACE_S = 0.003
_PACE_MOST_S = 0.025
_SHARE = 2  # commits may take half of the time: a POST waits less, slow disks get larger groups
_LAZY_PACE_S = 0.250  # for what nobody waits for: delivery cursors
_RETRY_FIRST_S = 0.050
_RETRY_MOST_S = 5.0
_FLUSH_S = 10.0


class GroupWriter:
    """Takes what stands in `waiting` and writes it, one group at a time.

    `settle` is called on the loop with every group that became durable. While the database is
    away a group is kept and tried again; its creations are refused at once.
    """

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        clock: Clock,
        settle: Callable[[Batch, Answers], None],
    ) -> None:
        self._database = database
        self._box = box
        self._clock = clock
        self._settle = settle
        self._nursery = Nursery("journal")
        self._flushes: list[asyncio.Future[None]] = []
        self._go = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # of the timer
        self._writing = False
        self._wants_urgent = False
        self._last_started = float("-inf")
        self._pace_s = _PACE_S
        self.waiting = Batch()
        self.available = True

    def start(self) -> None:
        self._nursery.start(self._write_forever(), name="writer")

    async def close(self) -> None:
        """Write what is left, for ten seconds at most, and stop."""
        try:
            async with asyncio.timeout(_FLUSH_S):
                await self.settled()
        except TimeoutError:
            log.critical("journal_lost", events=len(self.waiting.events))
        await self._nursery.close()
        self._refuse(self.waiting, StoreUnavailable("the journal is closed"))

    def ask(self, *, urgent: bool = False, lazy: bool = False) -> None:
        """See to it that `waiting` is written: at once, within 3 ms, or when convenient.

        Even urgent groups keep a distance (3 ms, more on a slow disk), so that under load they
        grow instead of becoming more.
        """
        if self._writing:
            self._wants_urgent = self._wants_urgent or urgent
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if urgent:
            due = max(now, self._last_started + self._pace_s)
        else:
            due = now + (_LAZY_PACE_S if lazy else _PACE_S)
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = loop.call_at(due, self._go.set)

    async def settled(self) -> None:
        """Return once everything that was handed in so far is durable."""
        if not self._writing and not len(self.waiting):
            return
        done = asyncio.get_running_loop().create_future()
        self._flushes.append(done)
        self.ask(urgent=True)
        await done

    async def _write_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._go.wait()
            self._go.clear()
            self._timer = None
            self._last_started = loop.time()
            self._writing, self._wants_urgent = True, False
            group, self.waiting = self.waiting, Batch()
            flushes, self._flushes = self._flushes, []
            await self._commit(group)
            took_s = loop.time() - self._last_started
            self._pace_s = min(max(_PACE_S, (self._pace_s + _SHARE * took_s) / 2), _PACE_MOST_S)
            for flush in flushes:
                if not flush.done():
                    flush.set_result(None)
            self._writing = False
            if len(self.waiting) or self._flushes:
                self.ask(urgent=self._wants_urgent)

    async def _commit(self, group: Batch) -> None:
        try:
            answers = await self._write(group)
        except StoreUnavailable as failure:
            await self._commit_later(group, failure)
        except Exception:  # boundary: one row that cannot be stored spoils its group
            log.exception("journal_group_failed")
            await self._commit_apart(group)
        else:
            self._settle(group, answers)

    async def _commit_later(self, group: Batch, failure: StoreUnavailable) -> None:
        """Keep trying. Creations are refused, and undone in case their commit did happen."""
        pause_s = _RETRY_FIRST_S
        self.available = False
        log.error("journal_unavailable", reason=str(failure))
        while True:
            self._refuse(group, failure)
            self._refuse(self.waiting, failure)
            group.repeated = True
            await asyncio.sleep(pause_s)
            pause_s = min(_RETRY_MOST_S, pause_s * 2)
            try:
                answers = await self._write(group)
            except StoreUnavailable:
                continue
            except Exception:  # boundary: as in _commit
                log.exception("journal_group_failed")
                self._note_available()
                await self._commit_apart(group)
                return
            self._note_available()
            self._settle(group, answers)
            return

    def _note_available(self) -> None:
        self.available = True
        log.info("journal_available")

    @staticmethod
    def _refuse(group: Batch, failure: StoreUnavailable) -> None:
        for creation in group.creations:
            group.undone.append(creation.call.call_sid)
            if not creation.answer.done():
                creation.answer.set_exception(failure)
        group.creations = []

    async def _commit_apart(self, group: Batch) -> None:
        for part in group.parts():
            try:
                answers = await self._write_part(part)
            except StoreUnavailable as failure:
                await self._commit_later(part, failure)
            except Exception as failure:  # boundary: this is the row
                log.exception("journal_row_failed")
                self._give_up(part, failure)
            else:
                self._settle(part, answers)

    async def _write_part(self, part: Batch) -> Answers:
        try:
            return await self._write(part)
        except StoreUnavailable:
            raise
        except Exception:  # boundary: the second try may go well for two reasons:
            # another process claimed the same Idempotency-Key in the same moment and has it now,
            # or the data was not JSON and is made so.
            part.events = [_storable(event) for event in part.events]
            return await self._write(part)

    def _give_up(self, part: Batch, failure: Exception) -> None:
        for creation in part.creations:
            if not creation.answer.done():
                creation.answer.set_exception(failure)
        # Whoever waits for one of its events must not wait forever.
        self._settle(Batch(events=part.events), [])

    async def _write(self, group: Batch) -> Answers:
        return await self._database.write(
            partial(batch.write, batch=group, box=self._box, now=self._clock.wall())
        )


def _storable(event: CallEvent) -> CallEvent:
    return replace(event, data=json.loads(json.dumps(event.data, default=repr, skipkeys=True)))
