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
