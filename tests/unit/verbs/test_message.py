from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.contract import NEXT, Replace


def test_a_message_is_told_plainly_not_to_have_been_sent():
    call = FakeCall()

    outcome = run(
        verb("message", **{"from": "+44"}, to="+49", text="hi", message_sid="m1", actionHook="/m"),
        call,
    )

    ((_, _, hook, result, _),) = call.told("ask")
    assert (outcome, hook) == (NEXT, "/m")
    assert (result["message_status"], result["message_sid"]) == ("smpp configuration error", "m1")
    assert call.notes == [{"error": "smpp configuration error"}]


def test_the_application_may_answer_with_something_else():
    call = FakeCall(answer_document=[{"verb": "hangup"}])

    outcome = run(verb("message", **{"from": "+44"}, to="+49", actionHook="/m"), call)

    assert isinstance(outcome, Replace)


def test_without_a_hook_the_call_goes_on():
    call = FakeCall()

    assert run(verb("message", **{"from": "+44"}, to="+49"), call) is NEXT
    assert call.told("ask") == []
