import asyncio
from contextlib import asynccontextmanager

import pytest

from unit.records.samples import BOX, STATUS_DATA, sample_call
from voxgate.base.clock import SystemClock
from voxgate.model.calls import CallEvent, EventType
from voxgate.records.batch import Batch, Creation
from voxgate.records.writer import GroupWriter
from voxgate.store.engine import StoreUnavailable
from voxgate.testing.virtual_time import run_virtual


class Database:
    """Takes groups when told to; `fails` are raised first, one per attempt."""

    def __init__(self, *fails):
        self.fails = list(fails)
        self.groups = []
        self.at = []
        self.commit_s = 0.0
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self, change):
        await self.gate.wait()
        group = change.keywords["batch"]
        if self.fails and (failure := self.fails.pop(0)) is not None:
            raise failure
        self.at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.commit_s)
        self.groups.append([event.seq for event in group.events])
        return [None] * len(group.creations)


class Settled:
    def __init__(self):
        self.seqs = []
        self.created = []

    def __call__(self, group, _answers):
        self.seqs += [event.seq for event in group.events]
        self.created += [creation.call.call_sid for creation in group.creations]


@asynccontextmanager
async def writing(*fails):
    database, settled = Database(*fails), Settled()
    writer = GroupWriter(database, BOX, SystemClock(), settled)
    writer.start()
    try:
        yield writer, database, settled
    finally:
        database.gate.set()
        await writer.close()


def put(writer, *seqs, **how):
    writer.waiting.events += [
        CallEvent("call", seq, 1.0, EventType.STATUS, STATUS_DATA) for seq in seqs
    ]
    writer.ask(**how)


def creation():
    call = sample_call()
    event = CallEvent(call.call_sid, 1, 1.0, EventType.CREATED, {})
    return Creation(call, event, (), None, asyncio.get_running_loop().create_future())


def test_what_comes_together_is_written_together_and_what_comes_meanwhile_next():
    async def story():
        async with writing() as (writer, database, settled):
            database.gate.clear()
            put(writer, 1)
            put(writer, 2, urgent=True)
            await asyncio.sleep(0.001)
            put(writer, 3)
            put(writer, 4)
            database.gate.set()
            await writer.settled()

            assert database.groups == [[1, 2], [3, 4]]
            assert settled.seqs == [1, 2, 3, 4]

    run_virtual(story())


def test_how_long_a_group_waits_for_company_depends_on_who_waits_for_it():
    async def story():
        async with writing() as (writer, database, _):
            await asyncio.sleep(1)  # nothing was written for a while
            for how in ({"urgent": True}, {}, {"lazy": True}):
                await asyncio.sleep(1)
                put(writer, 1, **how)
                await asyncio.sleep(1)

            waited = [round(at % 1, 3) for at in database.at]
            assert waited == [0.0, 0.003, 0.25]

    run_virtual(story())


def test_something_urgent_takes_the_lazy_along():
    async def story():
        async with writing() as (writer, database, _):
            await asyncio.sleep(1)
            put(writer, 1, lazy=True)
            put(writer, 2, urgent=True)
            await asyncio.sleep(1)

            assert database.groups == [[1, 2]]
            assert database.at == [1.0]

    run_virtual(story())


def test_urgent_groups_keep_a_distance_that_grows_with_the_disk_s_slowness():
    async def story(commit_s):
        async with writing() as (writer, database, _):
            database.commit_s = commit_s
            for seq in range(2000):
                put(writer, seq, urgent=True)
                await asyncio.sleep(0.001)
            return len(database.groups)

    assert 500 <= run_virtual(story(0.0)) <= 670
    assert 60 <= run_virtual(story(0.010)) <= 105


def test_a_group_is_kept_until_the_database_is_back_and_creations_are_refused():
    async def story():
        away = StoreUnavailable("disk full")
        async with writing(away, away) as (writer, database, settled):
            refused = creation()
            writer.waiting.creations.append(refused)
            put(writer, 1, urgent=True)
            with pytest.raises(StoreUnavailable, match="disk full"):
                await refused.answer
            while_away = writer.available
            put(writer, 2)
            await writer.settled()

            assert (while_away, writer.available) == (False, True)
            assert settled.seqs == [1, 2]
            assert settled.created == []
            assert database.groups == [[1], [2]]

    run_virtual(story())


def test_a_group_that_fails_for_another_reason_is_written_row_by_row():
    async def story():
        # The whole group, then row 1 twice; the others go well.
        broken = ValueError("row 1")
        fails = (broken, None, broken, broken)
        async with writing(*fails) as (writer, database, settled):
            put(writer, 1, 2, 3, urgent=True)
            await writer.settled()

            assert [group for group in database.groups if group] == [[2], [3]]
            assert sorted(settled.seqs) == [1, 2, 3]
            assert writer.available

    run_virtual(story())


def test_closing_writes_what_is_left_and_refuses_what_comes_after():
    async def story():
        async with writing() as (writer, database, _):
            put(writer, 1, lazy=True)
            await writer.close()
            assert database.groups == [[1]]

    run_virtual(story())


def test_nothing_waiting_is_settled_at_once():
    async def story():
        async with writing() as (writer, database, _):
            async with asyncio.timeout(1):
                await writer.settled()
            assert database.groups == []
            assert len(Batch()) == 0

    run_virtual(story())
