import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from unit.records.samples import (
    ACCOUNT,
    BOX,
    ENDED_DATA,
    STATUS_DATA,
    ended,
    journal_in,
    sample_call,
)
from voxgate.base.clock import SystemClock
from voxgate.model.calls import EventType
from voxgate.model.deliveries import Idempotency
from voxgate.provisioning.calls import CallQuery, Created, IdempotencyConflict, Repeated
from voxgate.records.archive import Archive


@asynccontextmanager
async def archive_in(folder):
    async with journal_in(folder) as (journal, database):
        yield Archive(journal, database, BOX, SystemClock()), journal


async def end(journal, call):
    journal.update(ended(call))
    event = journal.append(call.call_sid, EventType.ENDED, ENDED_DATA)
    await journal.committed(call.call_sid, event.seq)


def test_a_call_can_be_looked_up_as_soon_as_it_was_created(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, _):
            call = sample_call()

            assert await archive.create(call, {}, None) == Created()
            assert await archive.get(call.call_sid) == call
            assert await archive.get("no-such-call") is None
            assert await archive.count_open(ACCOUNT) == {"outbound": 1}

    asyncio.run(story())


def test_a_key_brings_the_same_call_back_and_refuses_another_body(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, _):
            call = sample_call()
            key = Idempotency("k", "body")
            assert await archive.remembered(ACCOUNT, key) is None
            await archive.create(call, {}, key)

            same = Repeated(call.call_sid, call.call_id)
            assert await archive.create(sample_call(), {}, key) == same
            assert await archive.remembered(ACCOUNT, key) == same
            for ask in (
                archive.create(sample_call(), {}, Idempotency("k", "other")),
                archive.remembered(ACCOUNT, Idempotency("k", "other")),
            ):
                with pytest.raises(IdempotencyConflict, match="another body"):
                    await ask

    asyncio.run(story())


def test_the_list_without_pages_has_open_calls_and_those_of_the_last_hour(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, journal):
            now = SystemClock().wall()
            old, recent, running = (
                replace(sample_call(), created_at=now - age) for age in (7200, 1800, 60)
            )
            for call in (old, recent, running):
                await archive.create(call, {}, None)
            for call in (old, recent):
                await end(journal, call)

            page = await archive.list(ACCOUNT, CallQuery())
            first = await archive.list(ACCOUNT, CallQuery(page=1, page_size=2))
            second = await archive.list(ACCOUNT, CallQuery(page=2, page_size=2))
            ringing = await archive.list(ACCOUNT, CallQuery(status="trying"))

            assert [call.call_sid for call in page.calls] == [running.call_sid, recent.call_sid]
            assert (first.total, second.total) == (3, 3)
            assert [len(first.calls), len(second.calls)] == [2, 1]
            assert [call.call_sid for call in ringing.calls] == [running.call_sid]

    asyncio.run(story())


def test_only_an_ended_call_can_be_put_away(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, journal):
            call = sample_call()
            await archive.create(call, {}, None)

            while_running = await archive.hide(call.call_sid)
            await end(journal, call)
            once, twice = await archive.hide(call.call_sid), await archive.hide(call.call_sid)

            assert (while_running, once, twice) == (False, True, False)
            assert (await archive.list(ACCOUNT, CallQuery())).total == 0

    asyncio.run(story())


def test_events_come_in_pages_behind_the_last_one_seen(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, journal):
            call = sample_call()
            await archive.create(call, {}, None)
            for _ in range(4):
                journal.append(call.call_sid, EventType.STATUS, STATUS_DATA)
            await journal.settled()

            page = await archive.events(call.call_sid, after=1, limit=2, wait_s=0)
            rest = await archive.events(call.call_sid, after=3, limit=10, wait_s=0)

            assert [[e.seq for e in part] for part in (page, rest)] == [[2, 3], [4, 5]]

    asyncio.run(story())


def test_a_waiting_reader_gets_the_next_event_when_it_is_committed(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, journal), asyncio.TaskGroup() as tasks:
            call = sample_call()
            await archive.create(call, {}, None)

            reading = [
                tasks.create_task(archive.events(call.call_sid, after=1, limit=10, wait_s=30))
                for _ in range(3)
            ]
            early, _ = await asyncio.wait(reading, timeout=0.05)
            event = journal.append(call.call_sid, EventType.STATUS, STATUS_DATA)

            assert early == set()
            assert [await task for task in reading] == [[event]] * 3

    asyncio.run(story())


def test_a_reader_of_a_complete_log_does_not_wait(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, journal):
            call = sample_call()
            await archive.create(call, {}, None)
            await end(journal, call)

            async with asyncio.timeout(5):
                assert await archive.events(call.call_sid, after=2, limit=10, wait_s=30) == []
                assert await archive.events("no-such-call", after=0, limit=10, wait_s=30) == []

    asyncio.run(story())


def test_a_reader_that_waited_in_vain_gets_nothing(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, _):
            call = sample_call()
            await archive.create(call, {}, None)

            assert await archive.events(call.call_sid, after=1, limit=10, wait_s=0.05) == []

    asyncio.run(story())


def test_a_waiting_reader_learns_that_the_call_is_over(tmp_path):
    async def story():
        async with archive_in(tmp_path) as (archive, journal), asyncio.TaskGroup() as tasks:
            call = sample_call()
            await archive.create(call, {}, None)
            reading = tasks.create_task(archive.events(call.call_sid, after=2, limit=10, wait_s=30))
            await asyncio.sleep(0)

            async with asyncio.timeout(10):
                await end(journal, call)
                assert await reading == []

    asyncio.run(story())
