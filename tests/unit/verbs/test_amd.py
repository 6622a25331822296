from unit.verbs.fakes import FakeCall, run, verb
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.amd import AmdOrder
from voxgate.verbs.contract import NEXT, Need, NotNow


class Detection:
    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.orders: list[AmdOrder] = []

    def start(self, order: AmdOrder) -> None:
        if self.refusal:
            raise NotNow(self.refusal)
        self.orders.append(order)


def test_it_starts_the_detection_and_goes_on_at_once():
    call = FakeCall()
    call.amd = Detection()

    assert run(verb("amd", actionHook="/amd"), call) is NEXT

    (order,) = call.amd.orders
    assert order == AmdOrder(Hook("/amd"))
    assert verb("amd", actionHook="/amd").need is Need.AUDIO


def test_a_call_without_media_is_a_note_and_the_next_verb():
    call = FakeCall()
    call.amd = Detection("the call has no media")

    assert run(verb("amd", actionHook="/amd"), call) is NEXT

    assert call.notes == [{"error": "the call has no media"}]
