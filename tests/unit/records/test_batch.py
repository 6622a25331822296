import asyncio

from unit.records.samples import BOX, STATUS_DATA, open_database, sample_call
from voxgate.model.calls import CallEvent, EventType
from voxgate.model.deliveries import Delivery, Idempotency
from voxgate.model.hooks import Hook
from voxgate.records.batch import Batch, Creation, Known, LateEvent, write
from voxgate.store import calls, deliveries, events, idempotency

HOOK = Hook("https://a.example/s", "POST", "me", "pass")


def creation(call, *, key=None):
    first = CallEvent(call.call_sid, 1, call.created_at, EventType.CREATED, {})
    rows = (Delivery(call.call_sid, "status", call.account_sid, HOOK, 1),)
    return Creation(call, first, rows, key, asyncio.get_running_loop().create_future())


def status(call, seq):
    return CallEvent(call.call_sid, seq, 2.0, EventType.STATUS, STATUS_DATA)


def on_database(folder, story):
    async def whole():
        database = await open_database(folder)

        async def commit(batch):
            return await database.write(lambda c: write(c, batch, BOX, now=100.0))

        try:
            return await story(commit, database.read)
        finally:
            await database.close()

    return asyncio.run(whole())


def test_a_creation_brings_call_event_receivers_and_key(tmp_path):
    async def story(commit, read):
        call = sample_call()
        assert await commit(Batch(creations=[creation(call, key=Idempotency("k", "f"))])) == [None]

        assert await read(lambda c: calls.get(c, call.call_sid, BOX)) == call
        assert await read(lambda c: events.last_seq(c, call.call_sid)) == 1
        (row,) = await read(lambda c: deliveries.pending(c, BOX))
        assert (row.hook, row.cursor) == (HOOK, 1)
        found = await read(lambda c: idempotency.remembered(c, call.account_sid, "k", now=100.0))
        assert found.call_sid == call.call_sid

    on_database(tmp_path, story)


def test_a_taken_key_keeps_its_creation_out_and_the_rest_of_the_group_in(tmp_path):
    async def story(commit, read):
        first, second, other = sample_call(), sample_call(), sample_call()
        await commit(Batch(creations=[creation(first, key=Idempotency("k", "f"))]))

        answers = await commit(
            Batch(creations=[creation(second, key=Idempotency("k", "f")), creation(other)])
        )

        assert answers == [Known(first.call_sid, first.call_id, same_body=True), None]
        assert await read(lambda c: calls.get(c, second.call_sid, BOX)) is None
        assert await read(lambda c: calls.get(c, other.call_sid, BOX)) == other

    on_database(tmp_path, story)


def test_a_batch_that_may_have_been_kept_can_be_written_again(tmp_path):
    async def story(commit, read):
        call = sample_call()
        await commit(Batch(creations=[creation(call)]))
        await commit(Batch(events=[status(call, 2)]))

        again = Batch(events=[status(call, 2), status(call, 3)], repeated=True)
        await commit(again)

        logged = await read(lambda c: events.after(c, call.call_sid, 0, 10))
        assert [event.seq for event in logged] == [1, 2, 3]

    on_database(tmp_path, story)


def test_what_is_undone_leaves_nothing_behind(tmp_path):
    async def story(commit, read):
        call = sample_call()
        await commit(Batch(creations=[creation(call, key=Idempotency("k", "f"))]))

        await commit(Batch(undone=[call.call_sid]))

        assert await read(lambda c: calls.get(c, call.call_sid, BOX)) is None
        assert await read(lambda c: events.last_seq(c, call.call_sid)) == 0
        assert await read(lambda c: deliveries.pending(c, BOX)) == []
        assert await commit(Batch(creations=[creation(call, key=Idempotency("k", "g"))])) == [None]

    on_database(tmp_path, story)


def test_receivers_progress_new_address_and_end_are_kept(tmp_path):
    async def story(commit, read):
        call, other = sample_call(), sample_call()
        await commit(Batch(creations=[creation(call), creation(other)]))
        moved = Delivery(
            call.call_sid, "status", call.account_sid, HOOK, 7, 2, next_at=9.0, first_failed_at=8.0
        )
        new_hook = Hook("https://b.example/s")
        readdressed = Delivery(other.call_sid, "status", other.account_sid, new_hook, 3)

        await commit(Batch(progress={(call.call_sid, "status"): moved}, readdressed=[readdressed]))
        rows = await read(lambda c: deliveries.pending(c, BOX))
        await commit(Batch(delivered={(call.call_sid, "status"), (other.call_sid, "status")}))

        assert sorted(rows, key=lambda row: row.cursor) == [readdressed, moved]
        assert await read(lambda c: deliveries.pending(c, BOX)) == []

    on_database(tmp_path, story)


def test_a_late_event_gets_the_next_seq_and_needs_its_call(tmp_path):
    async def story(commit, read):
        call = sample_call()
        await commit(Batch(creations=[creation(call)], events=[status(call, 2)]))

        late = [LateEvent(sid, 3.0, EventType.DELIVERY, {}) for sid in (call.call_sid, "removed")]
        await commit(Batch(late=late))

        logged = await read(lambda c: events.after(c, call.call_sid, 0, 10))
        assert [(event.seq, event.type) for event in logged][-1] == (3, EventType.DELIVERY)
        assert (await read(lambda c: calls.get(c, call.call_sid, BOX))).last_seq == 3
        assert await read(lambda c: events.last_seq(c, "removed")) == 0

    on_database(tmp_path, story)


def test_the_parts_of_a_batch_are_all_of_it():
    async def story():
        call = sample_call()
        whole = Batch(
            creations=[creation(call)],
            events=[status(call, 2), status(call, 3)],
            late=[LateEvent("x", 1.0, EventType.DELIVERY, {})],
            calls={call.call_sid: call},
            delivered={(call.call_sid, "status")},
            undone=["y"],
        )

        parts = list(whole.parts())

        assert sum(len(part) for part in parts) == len(whole) == 7
        assert max(len(part) for part in parts) == 1

    asyncio.run(story())
