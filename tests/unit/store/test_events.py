import pytest

from unit.store.stories import on_database
from voxgate.model.calls import CallEvent, EventType
from voxgate.store import events
from voxgate.store.engine import AlreadyExists

SID = "0d0c2f5e-6f1b-4f0e-8a54-0f7b0e6d7a11"


def an_event(seq, data=None, *, call_sid=SID):
    return CallEvent(call_sid, seq, 100.0 + seq, EventType.STATUS, data or {"n": seq})


def test_events_come_back_in_order_from_any_point(database_url):
    log = [an_event(seq) for seq in range(1, 8)]

    async def story(database):
        await database.write(lambda c: events.append(c, [*log[3:], *log[:3]]))
        await database.write(lambda c: events.append(c, [an_event(9, call_sid="x" * 36)]))

        assert await database.read(lambda c: events.after(c, SID, 0, 100)) == log
        assert await database.read(lambda c: events.after(c, SID, 4, 2)) == log[4:6]
        assert await database.read(lambda c: events.after(c, SID, 7, 2)) == []
        assert await database.read(lambda c: events.last_seq(c, SID)) == 7
        assert await database.read(lambda c: events.last_seq(c, "y" * 36)) == 0

    on_database(database_url, story)


def test_a_seq_is_written_once(database_url):
    async def story(database):
        await database.write(lambda c: events.append(c, [an_event(1, {"first": True})]))
        with pytest.raises(AlreadyExists):
            await database.write(lambda c: events.append(c, [an_event(2), an_event(1)]))

        assert await database.read(lambda c: events.after(c, SID, 0, 9)) == [
            an_event(1, {"first": True})
        ]

    on_database(database_url, story)


def test_any_json_survives(database_url):
    data = {"text": 'a"b\\ \u0000 \u2028 日本 😀', "nested": [{"x": None}, 1.5, -3, True], "": {}}

    async def story(database):
        await database.write(lambda c: events.append(c, [an_event(1, data)]))

        assert (await database.read(lambda c: events.after(c, SID, 0, 1)))[0].data == data

    on_database(database_url, story)
