import asyncio

from voxgate.base.clock import SystemClock
from voxgate.model.hooks import Hook
from voxgate.records.turns import Turns
from voxgate.testing.virtual_time import run_virtual

HOOK = Hook("https://a.example/status")
OTHER = Hook("https://b.example/status")


class LoopClock(SystemClock):
    """The wall clock of a loop whose time jumps."""

    def wall(self):
        return asyncio.get_running_loop().time()


class Begun:
    """What began, in order; `turns` is set by the test."""

    def __init__(self, *, expires_s=86400.0):
        self.keys = []
        self.lanes = {}
        self.refilled = []
        self.turns = Turns(LoopClock(), self.begin, self.refilled.append, expires_s=expires_s)

    def begin(self, key, lane):
        self.keys.append((key[0], asyncio.get_running_loop().time()))
        self.lanes[key[0]] = lane

    def put(self, name, hook=HOOK, due=None):
        return self.turns.put((name, "status"), self.turns.lane(hook), due)

    def done(self, name):
        self.turns.done(self.lanes.pop(name))


def test_what_is_due_begins_at_once_and_the_rest_when_it_is_due():
    async def story():
        begun = Begun()
        begun.put("later", due=30.0)
        begun.put("now")
        begun.put("soon", due=10.0)
        await asyncio.sleep(60)
        return begun.keys

    assert run_virtual(story()) == [("now", 0.0), ("soon", 10.0), ("later", 30.0)]


def test_a_host_that_is_full_holds_back_nobody_else():
    async def story():
        begun = Begun()
        for number in range(100):
            begun.put(f"a{number}")
        at_first = len(begun.keys)
        begun.put("b", OTHER)
        begun.done("a0")
        return at_first, begun.keys[at_first:], len(begun.turns)

    at_first, then, left = run_virtual(story())

    assert at_first == 64
    assert then == [("b", 0.0), ("a64", 0.0)]
    assert left == 100


def test_a_host_that_is_down_is_probed_after_a_pause():
    async def story():
        begun = Begun()
        begun.put("first")
        lane = begun.lanes["first"]
        for _ in range(3):
            lane.missed(0.0)
        begun.done("first")
        begun.put("second")
        begun.put("third")
        await asyncio.sleep(100)
        return begun.keys

    assert run_virtual(story()) == [("first", 0.0), ("second", 1.0)]


def test_a_lane_with_nothing_left_is_forgotten_and_made_anew():
    async def story():
        begun = Begun()
        begun.put("x")
        first = begun.lanes["x"]
        begun.done("x")
        return first, begun.turns.lane(HOOK), len(begun.turns)

    first, second, left = run_virtual(story())

    assert first is not second
    assert left == 0


def test_a_lane_that_had_to_leave_keys_on_disk_asks_for_them_when_it_is_empty():
    async def story():
        begun = Begun()
        begun.put("x")
        begun.lanes["x"].spilled = True
        begun.done("x")
        return begun.refilled

    assert run_virtual(story()) == ["https://a.example"]


def test_after_closing_nobody_s_turn_comes():
    async def story():
        begun = Begun()
        begun.put("later", due=10.0)
        begun.turns.close()
        begun.put("now")
        await asyncio.sleep(60)
        return begun.keys

    assert run_virtual(story()) == []
