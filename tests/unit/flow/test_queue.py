import asyncio

import pytest

from unit.flow.room_stage import FakeRoom, settle
from voxgate.flow import queue as queues_module
from voxgate.flow.queue import Meeting, Queue, QueueFull, Queues, Waiter


def run(story):
    asyncio.run(story)


def waiting(queue, *ranked):
    waiters = [Waiter(sid, priority) for sid, priority in ranked]
    for waiter in waiters:
        queue.join(waiter)
    return waiters


def test_the_lowest_priority_is_taken_first_and_of_equal_ones_the_oldest():
    async def story():
        queue = Queue("q", "support")
        waiting(queue, ("a", 999), ("b", 5), ("c", 999), ("d", 5))

        assert [(await queue.take(None)).call_sid for _ in range(4)] == ["b", "d", "a", "c"]

    run(story())


def test_positions_count_from_the_head():
    async def story():
        queue = Queue("q", "support")
        a, b = waiting(queue, ("a", 9), ("b", 1))

        assert (queue.position(a), queue.position(b), len(queue)) == (1, 0, 2)

    run(story())


def test_a_certain_call_is_waited_for_and_others_stay():
    async def story():
        queue = Queue("q", "support")
        waiting(queue, ("a", 1))
        taking = asyncio.ensure_future(queue.take("b"))
        await settle()
        assert not taking.done()

        waiting(queue, ("b", 1))

        assert (await taking).call_sid == "b"
        assert len(queue) == 1

    run(story())


def test_who_asked_first_is_served_first():
    async def story():
        queue = Queue("q", "support")
        takers = [asyncio.ensure_future(queue.take(None)) for _ in range(2)]
        await settle()

        waiting(queue, ("a", 1), ("b", 0))

        assert [(await taker).call_sid for taker in takers] == ["a", "b"]

    run(story())


def test_who_is_taken_by_somebody_that_gives_up_keeps_its_place():
    async def story():
        queue = Queue("q", "support")
        taking = asyncio.ensure_future(queue.take(None))
        await settle()
        a, b = waiting(queue, ("a", 1), ("b", 1))
        taking.cancel()
        await settle()

        assert (queue.position(a), queue.position(b), len(queue)) == (0, 1, 2)

    run(story())


def test_who_left_at_that_moment_does_not_come_back():
    async def story():
        queue = Queue("q", "support")
        taking = asyncio.ensure_future(queue.take(None))
        await settle()
        (a,) = waiting(queue, ("a", 1))
        queue.leave(a)
        taking.cancel()
        await settle()

        assert (len(queue), queue.is_idle) == (0, True)

    run(story())


def test_a_queue_has_an_end(monkeypatch):
    monkeypatch.setattr(queues_module, "WAITING_MAX", 1)

    async def story():
        queue = Queue("q", "support")
        waiting(queue, ("a", 1))
        with pytest.raises(QueueFull):
            queue.join(Waiter("b", 1))

    run(story())


def test_names_belong_to_accounts_and_idle_queues_are_forgotten(monkeypatch):
    monkeypatch.setattr(queues_module, "QUEUES_MAX", 1)

    async def story():
        queues = Queues(FakeRoom)
        mine, theirs = queues.of("mine", "a:b"), queues.of("theirs", "a:b")
        assert mine is not theirs
        assert mine is queues.of("mine", "a:b")
        waiting(mine, ("x", 1))
        with pytest.raises(QueueFull):
            queues.of("mine", "other")

        queues.forget("mine", mine)
        queues.forget("theirs", theirs)

        assert queues.lengths("mine") == {"a:b": 1}
        assert queues.lengths("theirs") == {}

    run(story())


def test_a_meeting_is_over_once():
    async def story():
        meeting = Meeting(FakeRoom(), "taker")
        meeting.part()
        meeting.part()

        assert meeting.over.done()

    run(story())


def test_a_queue_is_not_forgotten_while_one_who_was_taken_may_come_back():
    async def story():
        queues = Queues(FakeRoom)
        queue = queues.of("account", "support")
        (waiter,) = waiting(queue, ("a", 1))
        assert await queue.take(None) is waiter

        queues.forget("account", queue)
        queue.give_back(waiter)

        assert queues.lengths("account") == {"support": 1}
        queue.leave(waiter)
        queues.forget("account", queue)
        assert queues.lengths("account") == {}

    run(story())
