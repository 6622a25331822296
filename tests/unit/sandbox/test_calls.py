import asyncio

from unit.sandbox.records import record
from voxgate.sandbox.calls import CallBook


def test_old_calls_and_captures_make_room_for_new_ones():
    async def run() -> None:
        calls = CallBook(calls_max=2, capture_bytes_max=1000)
        first, second, third = record("1"), record("2"), record("3")
        calls.add(first)
        calls.add(second)
        calls.keep_capture(first, bytes(600))
        calls.keep_capture(second, bytes(600))
        assert not first.captured
        assert first.capture_dropped
        assert len(second.captured) == 600

        calls.add(third)
        assert calls.get("1") is None
        assert [call.call_id for call in calls.newest_first()] == ["3", "2"]

    asyncio.run(run())


def test_a_capture_that_made_room_is_said_to_be_gone():
    async def run() -> None:
        calls = CallBook(capture_bytes_max=1000)
        first, second = record("1"), record("2")
        for call in (first, second):
            calls.add(call)
            calls.keep_capture(call, bytes(800))

        assert first.to_json()["heard"]["capture_dropped"]
        assert not second.to_json()["heard"]["capture_dropped"]

    asyncio.run(run())


def test_the_newest_call_of_a_call_id_counts():
    async def run() -> None:
        calls = CallBook()
        calls.add(record("same", started_at=1.0))
        calls.add(record("same", started_at=2.0))

        assert calls.get("same").started_at == 2.0
        assert len(calls.newest_first()) == 1

    asyncio.run(run())


def test_waiting_gives_up_with_what_there_is():
    async def run() -> None:
        calls = CallBook()
        assert await calls.wait_for("nobody", ended=False, within_s=0.01) is None
        assert await calls.wait_at("1", within_s=0.01) == []
        call = record("here")
        calls.add(call)

        assert await calls.wait_for("here", ended=False, within_s=0.01) is call
        assert await calls.wait_for("here", ended=True, within_s=0.01) is call

    asyncio.run(run())
