import pytest

from voxgate.flow.fallback import instructions
from voxgate.verbs.vocabulary import parse_document


def test_a_number_is_dialled_with_the_reason_in_a_header():
    (dial,) = instructions(
        {"type": "dial", "to": "+49301", "trunk": "a", "caller_id": "+49302", "timeout": 20},
        "failed to connect to https://app.example/",
    )

    assert dial == {
        "verb": "dial",
        "target": [{"type": "phone", "number": "+49301", "trunk": "a"}],
        "headers": {"X-Reason": "failed to connect to https://app.example/"},
        "timeout": 20,
        "answerOnBridge": True,
        "callerId": "+49302",
    }


def test_a_refer_answers_first_because_only_an_answered_call_can_be_referred():
    answer, refer = instructions(
        {"type": "refer", "to": "sip:desk@pbx.example", "referred_by": "sip:bot@vg.example"}, "gone"
    )

    assert answer == {"verb": "answer"}
    assert (refer["referTo"], refer["referredBy"]) == ("sip:desk@pbx.example", "sip:bot@vg.example")


@pytest.mark.parametrize(
    "fallback",
    [
        {"type": "dial", "to": "+49301"},
        {"type": "dial", "to": "sip:desk@pbx.example", "trunk": "unused"},
        {"type": "refer", "to": "+49301"},
    ],
)
def test_what_it_says_is_a_valid_document_whatever_the_reason_holds(fallback):
    document = parse_document(instructions(fallback, "line\r\nbreak" * 100), strict=True)

    assert document.warnings == ()
