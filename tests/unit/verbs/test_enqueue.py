import pytest

from unit.verbs.fakes import FakeCall, run
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import QueueWish, Told
from voxgate.verbs.contract import NEXT
from voxgate.verbs.vocabulary import parse_document

RESULT = {"queue_sid": "q", "queue_time": 3, "queue_result": "bridged"}


class Queue:
    def __init__(self):
        self.asked = []

    async def enqueue(self, wish, done):
        self.asked.append((wish, done))
        return RESULT


def read(**properties):
    (verb,) = parse_document([{"verb": "enqueue", "name": "line", **properties}], strict=True).verbs
    return verb


@pytest.mark.parametrize(("priority", "taken"), [(None, 999), (0, 0), (7, 7), (-1, 999)])
def test_a_negative_priority_counts_as_the_last(priority, taken):
    call = FakeCall()
    call.rooms = Queue()

    assert run(read(**({} if priority is None else {"priority": priority})), call) is NEXT

    assert call.rooms.asked == [(QueueWish("line", taken, None), None)]


def test_the_action_hook_gets_the_result():
    call = FakeCall()
    call.rooms = Queue()

    run(read(id="q", waitHook="/wait", actionHook="/done"), call)

    assert call.rooms.asked == [(QueueWish("line", 999, Hook("/wait")), Told(Hook("/done"), "q"))]
    assert call.told("ask") == [("ask", 0.0, "/done", RESULT, "q")]
    assert call.notes == [{"queue_result": "bridged"}]
