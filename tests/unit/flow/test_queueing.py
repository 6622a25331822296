import asyncio

from unit.flow.room_stage import Stage, settle, verbs
from voxgate.flow.queueing import Queueing
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.rooms import QueueWish, Taking, Told

DONE = Told(Hook("/done"), "q")


class Hall:
    def __init__(self):
        self.stage = Stage()
        self.tasks = []

    def enqueue(self, sid, **wish):
        session = self.stage.call(sid)
        part = Queueing(session)
        work = part.enqueue(QueueWish("line", **wish), session.leg.stream, DONE)
        self.tasks.append(asyncio.ensure_future(work))
        return session, part, self.tasks[-1]

    def dequeue(self, sid, **taking):
        session = self.stage.call(sid)
        part = Queueing(session)
        work = part.dequeue(Taking("line", **taking), session.leg.stream, DONE)
        self.tasks.append(asyncio.ensure_future(work))
        return session, part, self.tasks[-1]


def in_hall(story):
    async def told():
        hall = Hall()
        try:
            await story(hall)
        finally:
            for task in hall.tasks:
                task.cancel()
            await asyncio.gather(*hall.tasks, return_exceptions=True)

    run_virtual(told())


def test_two_meet_in_a_room_of_their_own_and_part_together():
    async def story(hall):
        caller, _, waiting = hall.enqueue("caller")
        await asyncio.sleep(7)
        agent, agents, taking = hall.dequeue("agent")
        await settle()
        (room,), (seat,) = caller.leg.stream.rooms, caller.leg.stream.seats
        assert agent.leg.stream.rooms == [room]
        assert seat.relays
        assert agents.mute(muted=True)
        assert agent.leg.stream.seats[0].muted

        taking.cancel()
        result = await waiting

        assert result == {
            "queue_sid": "queue:account:line",
            "queue_time": 7,
            "queue_result": "bridged",
        }
        assert room.is_closed
        assert hall.stage.queues.lengths("account") == {}
        assert not agents.mute(muted=True)

    in_hall(story)


def test_who_gets_another_application_at_the_moment_it_is_taken_lets_the_other_go():
    async def story(hall):
        _, _, waiting = hall.enqueue("caller")
        await settle()
        _, _, taking = hall.dequeue("agent")
        while not taking.done():
            await asyncio.sleep(0)
            waiting.cancel()

        assert (await taking) == {"dequeue_result": "complete"}

    in_hall(story)


def test_a_taker_waits_no_longer_than_it_wants():
    async def story(hall):
        _, _, taking = hall.dequeue("agent", timeout_s=5)

        assert (await taking) == {"dequeue_result": "timeout"}
        assert asyncio.get_running_loop().time() == 5
        assert hall.stage.queues.lengths("account") == {}

    in_hall(story)


def test_the_wait_hook_hears_how_things_stand_and_leave_ends_it():
    async def story(hall):
        hall.enqueue("first")
        await settle()
        session, part, waiting = hall.enqueue("second", wait_hook=Hook("/wait"))
        session.application.answers["/wait"] = verbs({"verb": "pause", "length": 2})
        await asyncio.sleep(3)
        part.leave()

        assert (await waiting)["queue_result"] == "leave"
        asked = [facts for url, facts, _ in session.application.asked if url == "/wait"]
        assert [facts["queue_time"] for facts in asked] == [0, 2]
        assert asked[0] | {"queue_time": 0} == {
            "queue_sid": "queue:account:line",
            "queue_time": 0,
            "queue_size": 2,
            "queue_position": 1,
            "call_sid": "second",
            "call_id": "call-id",
        }
        part.leave()  # nobody waits: nothing happens

    in_hall(story)


def test_the_account_and_the_action_hook_are_told_when_a_waiting_call_ends():
    async def story(hall):
        session, _, waiting = hall.enqueue("caller")
        await settle()
        session.ending.set_result(None)
        waiting.cancel()
        await settle()

        asked = session.application.asked
        events = [facts for url, facts, _ in asked if url == "https://account.example/queue"]
        assert [(facts["event"], facts["length"]) for facts in events] == [
            ("join", 1),
            ("leave", 0),
        ]
        assert events[1]["leave_reason"] == "abandoned"
        (done,) = [facts for url, facts, _ in asked if url == "/done"]
        assert done["queue_result"] == "hangup"

    in_hall(story)


def test_one_who_wants_somebody_and_hangs_up_tells_so():
    async def story(hall):
        session, _, taking = hall.dequeue("agent")
        await settle()
        session.ending.set_result(None)
        taking.cancel()
        await settle()

        assert session.application.asked == [("/done", {"dequeue_result": "hangup"}, "q")]

    in_hall(story)


class TestConfirming:
    """FS#83: who takes a caller is asked first, by itself."""

    def test_the_caller_waits_on_until_the_verbs_for_the_taker_are_over(self):
        async def story(hall):
            caller, _, waiting = hall.enqueue("caller", wait_hook=Hook("/wait"))
            caller.application.answers["/wait"] = verbs({"verb": "pause", "length": 2})
            agent, _, taking = hall.dequeue("agent", confirm_hook=Hook("/confirm"))
            agent.application.answers["/confirm"] = verbs({"verb": "pause", "length": 5})

            await asyncio.sleep(4.5)
            assert not caller.leg.stream.rooms
            waited = [facts for url, facts, _ in caller.application.asked if url == "/wait"]
            assert [facts["queue_time"] for facts in waited] == [0, 2, 4]
            await asyncio.sleep(1)
            assert caller.leg.stream.rooms == agent.leg.stream.rooms != []

            facts = {"queue_sid": "queue:account:line", "queued_call_sid": "caller"}
            assert agent.application.asked[0] == ("/confirm", facts, None)
            taking.cancel()
            assert (await waiting)["queue_result"] == "bridged"
            assert hall.stage.queues.lengths("account") == {}

        in_hall(story)

    def test_who_refuses_leaves_the_caller_at_its_place_for_the_next(self):
        async def story(hall):
            first, _, _ = hall.enqueue("first")
            await settle()
            hall.enqueue("second")
            agent, part, taking = hall.dequeue("agent", confirm_hook=Hook("/confirm"))
            agent.application.answers["/confirm"] = verbs({"verb": "pause", "length": 5})
            await asyncio.sleep(1)
            part.leave()

            assert (await taking) == {"dequeue_result": "declined"}
            assert hall.stage.queues.lengths("account") == {"line": 2}
            other, _, _ = hall.dequeue("other")
            await settle()
            assert other.leg.stream.rooms == first.leg.stream.rooms != []

        in_hall(story)

    def test_a_hook_that_fails_joins_nobody(self):
        async def story(hall):
            hall.enqueue("caller")
            agent, _, taking = hall.dequeue("agent", confirm_hook=Hook("/confirm"))
            agent.application.failing.add("/confirm")

            assert (await taking) == {"dequeue_result": "declined"}
            assert hall.stage.queues.lengths("account") == {"line": 1}

        in_hall(story)

    def test_who_hangs_up_while_it_is_asked_leaves_the_caller_in_the_queue(self):
        async def story(hall):
            caller, _, waiting = hall.enqueue("caller")
            agent, _, taking = hall.dequeue("agent", confirm_hook=Hook("/confirm"))
            agent.application.answers["/confirm"] = verbs({"verb": "pause", "length": 5})
            await asyncio.sleep(1)
            assert hall.stage.queues.lengths("account") == {"line": 0}
            agent.ending.set_result(None)
            taking.cancel()
            await settle()

            assert hall.stage.queues.lengths("account") == {"line": 1}
            assert agent.application.asked[-1][1] == {"dequeue_result": "hangup"}
            assert not waiting.done()
            assert not caller.leg.stream.rooms

        in_hall(story)

    def test_a_caller_who_goes_meanwhile_makes_the_taker_wait_for_the_next(self):
        async def story(hall):
            _, _, waiting = hall.enqueue("caller")
            agent, _, taking = hall.dequeue("agent", timeout_s=10, confirm_hook=Hook("/confirm"))
            agent.application.answers["/confirm"] = verbs({"verb": "pause", "length": 20})
            await asyncio.sleep(15)
            waiting.cancel()
            await asyncio.sleep(4)
            assert not taking.done()
            await asyncio.sleep(6)

            assert (await taking) == {"dequeue_result": "timeout"}
            assert hall.stage.queues.lengths("account") == {}

        in_hall(story)
