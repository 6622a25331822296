from unit.verbs.fakes import FakeCall, run_and_time, verb
from voxgate.verbs.contract import NEXT, Need


def test_pause_holds_the_call_for_its_length():
    assert run_and_time(verb("pause", length=2.5), FakeCall()) == (NEXT, 2.5)


def test_a_pause_of_nothing_goes_on_at_once():
    assert run_and_time(verb("pause", length=0), FakeCall()) == (NEXT, 0.0)


def test_pause_does_not_answer_the_call():
    assert verb("pause", length=1).needs is Need.NOTHING
