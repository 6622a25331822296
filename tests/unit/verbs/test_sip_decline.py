import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.contract import ENDED, NEXT, InvalidDocument, Need


def test_the_call_is_refused_with_status_reason_and_headers():
    call = FakeCall()

    order = verb("sip:decline", status=486, reason="Busy Here", headers={"Retry-After": 30})

    assert run(order, call) is ENDED
    assert call.log == [("decline", 486, "Busy Here", {"Retry-After": "30"})]


def test_it_is_skipped_on_answered_calls():
    """Gotcha 63: on an outbound call it does not end the session by accident."""
    assert verb("sip:decline", status=486).needs is Need.UNANSWERED


def test_a_call_that_has_its_response_goes_on():
    assert run(verb("sip:decline", status=486), FakeCall(declines=False)) is NEXT


@pytest.mark.parametrize("status", [200, 183, 700, "486", None, 486.5])
def test_only_final_refusals_are_taken(status):
    with pytest.raises(InvalidDocument):
        verb("sip:decline", **({} if status is None else {"status": status}))


def test_a_reason_cannot_smuggle_a_header():
    call = FakeCall()
    run(verb("sip:decline", status=603, reason="No\r\nX-Evil: 1"), call)

    assert call.log[0][2] == "NoX-Evil: 1"
