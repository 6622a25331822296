import asyncio
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import text

from unit.records.samples import (
    BOX,
    ENDED_DATA,
    STATUS_DATA,
    Witness,
    ended,
    journal_in,
    sample_call,
)
from voxgate.model.calls import EventType
from voxgate.model.deliveries import Idempotency
from voxgate.records.batch import Known
from voxgate.store import alerts, calls, events
from voxgate.store.engine import Database, StoreUnavailable


async def stored_events(database, call):
    return await database.read(lambda c: events.after(c, call.call_sid, 0, 1000))


def test_a_created_call_is_on_disk_with_its_first_event_when_create_returns(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            call = sample_call()

            answer = await journal.create(call, {"from": call.from_}, None)

            assert answer is None
            assert await database.read(lambda c: calls.get(c, call.call_sid, BOX)) == call
            first = (await stored_events(database, call))[0]
            assert (first.seq, first.type, first.data) == (
                1,
                EventType.CREATED,
                {"from": call.from_},
            )

    asyncio.run(story())


def test_events_get_gapless_seqs_and_are_told_only_after_their_commit(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            witness = Witness()
            journal.follow(witness)
            call = sample_call()
            await journal.create(call, {}, None)

            appended = [
                journal.append(call.call_sid, EventType.DIGIT, {"digit": str(n)}) for n in range(9)
            ]
            told_before_commit = list(witness.events)
            await journal.committed(call.call_sid, appended[-1].seq)

            assert told_before_commit == []
            assert [event.seq for event in appended] == list(range(2, 11))
            assert witness.events == appended
            assert (await stored_events(database, call))[1:] == appended

    asyncio.run(story())


def test_state_columns_are_written_with_the_events_and_carry_the_last_seq(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            call = sample_call()
            await journal.create(call, {}, None)

            over = ended(call)
            journal.update(over)
            event = journal.append(call.call_sid, EventType.ENDED, ENDED_DATA, urgent=True)
            await journal.committed(call.call_sid, event.seq)

            kept = await database.read(lambda c: calls.get(c, call.call_sid, BOX))
            assert (kept.status, kept.duration_s, kept.last_seq) == (over.status, 2, 2)

    asyncio.run(story())


def test_the_same_key_gives_the_same_call_even_within_one_group(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            first, second, third = sample_call(), sample_call(), sample_call()
            key = Idempotency("k", "body-1")

            answers = await asyncio.gather(
                journal.create(first, {}, key),
                journal.create(second, {}, key),
                journal.create(third, {}, Idempotency("k", "body-2")),
            )

            assert answers == [
                None,
                Known(first.call_sid, first.call_id, same_body=True),
                Known(first.call_sid, first.call_id, same_body=False),
            ]
            assert await database.read(lambda c: calls.get(c, second.call_sid, BOX)) is None

    asyncio.run(story())


def test_an_alert_event_has_an_alert_row_beside_it(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            call = sample_call()
            await journal.create(call, {}, None)

            data = {"alert_type": "no-tts", "message": "none for acme", "vendor": "acme"}
            journal.append(call.call_sid, EventType.ALERT, data)
            await journal.settled()

            wanted = alerts.AlertFilter(account_sid=call.account_sid)
            total, rows = await database.read(lambda c: alerts.page(c, wanted, offset=0, limit=10))
            assert total == 1
            assert (rows[0].alert_type, rows[0].target_sid, rows[0].vendor) == (
                "no-tts",
                call.call_sid,
                "acme",
            )

    asyncio.run(story())


def test_an_event_after_the_end_gets_the_next_seq_from_the_store(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            call = sample_call()
            await journal.create(call, {}, None)
            end = journal.append(call.call_sid, EventType.ENDED, ENDED_DATA)
            await journal.committed(call.call_sid, end.seq)

            late = journal.append(call.call_sid, EventType.DELIVERY, {"state": "failed"})
            journal.append("no-such-call", EventType.DELIVERY, {"state": "failed"})
            await journal.settled()

            assert late is None
            assert [(e.seq, e.type) for e in await stored_events(database, call)] == [
                (1, EventType.CREATED),
                (2, EventType.ENDED),
                (3, EventType.DELIVERY),
            ]

    asyncio.run(story())


def test_a_full_queue_drops_what_can_be_missed_before_it_has_a_seq(tmp_path):
    async def story():
        async with journal_in(tmp_path, queued_most=3) as (journal, database):
            call = sample_call()
            await journal.create(call, {}, None)

            digits = [
                journal.append(call.call_sid, EventType.DIGIT, {"digit": "1"}) for _ in range(5)
            ]
            status = journal.append(call.call_sid, EventType.STATUS, STATUS_DATA)
            await journal.settled()

            assert [digit.seq if digit else None for digit in digits] == [2, 3, 4, None, None]
            assert status.seq == 5
            assert journal.dropped == 2
            assert [e.seq for e in await stored_events(database, call)] == [1, 2, 3, 4, 5]

    asyncio.run(story())


def test_while_the_database_is_locked_creations_are_refused_and_events_wait(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            witness = Witness()
            journal.follow(witness)
            call, refused = sample_call(), sample_call()
            await journal.create(call, {}, None)

            other = sqlite3.connect(tmp_path / "voxgate.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            event = journal.append(call.call_sid, EventType.STATUS, STATUS_DATA, urgent=True)
            with pytest.raises(StoreUnavailable):
                await journal.create(refused, {}, None)
            while_locked = (journal.available, list(witness.events))
            with pytest.raises(StoreUnavailable):
                await journal.create(sample_call(), {}, None)
            other.execute("ROLLBACK")
            other.close()
            await journal.committed(call.call_sid, event.seq)

            assert while_locked == (False, [])
            assert journal.available
            assert witness.events == [event]
            assert await database.read(lambda c: calls.get(c, refused.call_sid, BOX)) is None

    asyncio.run(story())


def test_a_creation_whose_caller_went_away_leaves_no_call(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            call = sample_call()
            waiting = asyncio.get_running_loop().create_task(
                journal.create(call, {}, Idempotency("k", "b"))
            )
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await journal.settled()
            await journal.settled()

            assert await database.read(lambda c: calls.get(c, call.call_sid, BOX)) is None
            again = sample_call()
            assert await journal.create(again, {}, Idempotency("k", "b")) is None

    asyncio.run(story())


def test_data_that_is_not_json_spoils_neither_its_group_nor_its_log(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            call, other = sample_call(), sample_call()
            await journal.create(call, {}, None)
            await journal.create(other, {}, None)

            journal.append(call.call_sid, EventType.MEDIA, {"bad": {1, 2}})
            journal.append(other.call_sid, EventType.STATUS, STATUS_DATA)
            await journal.settled()

            assert (await stored_events(database, call))[1].data == {"bad": "{1, 2}"}
            assert (await stored_events(database, other))[1].data == STATUS_DATA

    asyncio.run(story())


def test_a_reopened_log_goes_on_where_the_stored_one_ends(tmp_path):
    async def story():
        call = sample_call()
        async with journal_in(tmp_path) as (journal, _):
            await journal.create(call, {}, None)
            journal.append(call.call_sid, EventType.STATUS, STATUS_DATA)

        async with journal_in(tmp_path) as (journal, database):
            await journal.reopen(call)
            event = journal.append(call.call_sid, EventType.ENDED, ENDED_DATA)
            await journal.settled()

            assert event.seq == 3
            assert [e.seq for e in await stored_events(database, call)] == [1, 2, 3]

    asyncio.run(story())


def test_both_kinds_of_database_keep_a_whole_call(database_url):
    async def story():
        async with journal_in(database_url) as (journal, database):
            call = sample_call()
            key = Idempotency("k", "body")
            assert await journal.create(call, {"from": call.from_}, key) is None
            journal.append(call.call_sid, EventType.STATUS, STATUS_DATA)
            over = replace(ended(call), outcome={"code": "completed"}, tag={"name": "Jürgen"})
            journal.update(over)
            journal.append(call.call_sid, EventType.ENDED, ENDED_DATA)
            await journal.settled()
            journal.append(call.call_sid, EventType.DELIVERY, {"state": "failed"})
            again = await journal.create(sample_call(), {}, key)
            await journal.settled()

            kept = await database.read(lambda c: calls.get(c, call.call_sid, BOX))
            assert kept == replace(over, last_seq=4)
            assert [e.data for e in await stored_events(database, call)] == [
                {"from": call.from_},
                STATUS_DATA,
                ENDED_DATA,
                {"state": "failed"},
            ]
            assert again == Known(call.call_sid, call.call_id, same_body=True)

    asyncio.run(story())


def test_connections_that_are_cut_lose_no_event_and_double_none(postgres):
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def story():
        url = postgres.url()
        async with journal_in(url) as (journal, database):
            saboteur = Database(url)
            call = sample_call()
            await journal.create(call, {}, None)
            for number in range(300):
                journal.append(call.call_sid, EventType.DIGIT, {"digit": str(number)})
                if number % 30 == 0:
                    await saboteur.read(lambda c: c.execute(cut).all())
                await asyncio.sleep(0.001)
            await journal.settled()
            await saboteur.close()

            kept = await stored_events(database, call)
            assert [event.seq for event in kept] == list(range(1, 302))
            assert [event.data["digit"] for event in kept[1:]] == [str(n) for n in range(300)]
            assert journal.available

    asyncio.run(story())
