from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.contract import NEXT, Need


def test_answer_takes_the_call_and_goes_on():
    call = FakeCall()

    assert run(verb("answer"), call) is NEXT
    assert call.log == [("answer", 0.0)]


def test_answer_needs_audio_so_that_the_runner_answers_even_without_running_it():
    assert verb("answer").needs is Need.AUDIO
