from unit.verbs.fakes import FakeCall, run
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import Taking, Told
from voxgate.verbs.contract import NEXT, Replace
from voxgate.verbs.vocabulary import parse_document


class Queue:
    def __init__(self):
        self.asked = []

    async def dequeue(self, taking, done):
        self.asked.append((taking, done))
        return {"dequeue_result": "timeout"}


def read(**properties):
    (verb,) = parse_document([{"verb": "dequeue", "name": "line", **properties}], strict=True).verbs
    return verb


def test_a_timeout_of_zero_is_for_ever():
    call = FakeCall()
    call.rooms = Queue()

    assert run(read(timeout=0), call) is NEXT
    run(read(timeout=2.5, beep=True, callSid="x"), call)

    assert call.rooms.asked == [
        (Taking("line"), None),
        (Taking("line", 2.5, True, "x"), None),
    ]


def test_the_action_hooks_answer_goes_on():
    """gotcha 71: its verbs replace those that are left."""
    call = FakeCall(answer_document=[{"verb": "hangup"}])
    call.rooms = Queue()

    assert isinstance(run(read(id="d", actionHook="/done"), call), Replace)

    assert call.rooms.asked[0][1] == Told(Hook("/done"), "d")
    assert call.told("ask") == [("ask", 0.0, "/done", {"dequeue_result": "timeout"}, "d")]
