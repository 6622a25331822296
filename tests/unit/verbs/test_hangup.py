import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.contract import ENDED, InvalidDocument, Need


def test_hangup_ends_the_call_with_its_headers():
    call = FakeCall()

    assert run(verb("hangup", headers={"X-Reason": "done", "X-Count": 3}), call) is ENDED
    assert call.log == [("hang up", 0.0, {"X-Reason": "done", "X-Count": "3"})]


def test_hangup_is_for_answered_calls():
    assert verb("hangup").needs is Need.ANSWERED


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"Via": "x"}, "hangup: headers Via is written by the gateway itself"),
        ({"call-id": "x"}, "hangup: headers call-id is written by the gateway itself"),
        ({"X-A": "b\r\nVia: c"}, "hangup: headers X-A holds a line break"),
        ({"X A": "b"}, "hangup: headers 'X A' is not a SIP header name"),
        ({"X-A": ["b"]}, "hangup: headers X-A must be text"),
        ({"X-A": True}, "hangup: headers X-A must be text"),
        ("X-A: b", "hangup: headers must be an object"),
    ],
)
def test_a_header_that_could_break_the_bye_is_refused(headers, complaint):
    with pytest.raises(InvalidDocument) as refused:
        verb("hangup", headers=headers)

    assert str(refused.value).startswith(complaint)
