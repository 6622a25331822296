import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.contract import NEXT, InvalidDocument, Need, NotNow
from voxgate.verbs.dtmf import Dtmf
from voxgate.verbs.vocabulary import parse_document


class Keypad:
    def __init__(self, *, deaf: bool = False) -> None:
        self.sent: list[tuple[str, int]] = []
        self.deaf = deaf

    async def send_digits(self, digits: str, duration_ms: int) -> None:
        if self.deaf:
            raise NotNow("the far end takes no keys")
        self.sent.append((digits, duration_ms))


def pressed(*, deaf: bool = False, **properties: object) -> FakeCall:
    call = FakeCall()
    call.dialling = Keypad(deaf=deaf)
    assert run(verb("dtmf", **properties), call) is NEXT
    return call


def test_keys_are_half_a_second_long_unless_said_otherwise():
    assert pressed(dtmf="1a#").dialling.sent == [("1A#", 500)]
    assert pressed(dtmf="5", duration=80).dialling.sent == [("5", 80)]


def test_a_far_end_without_keys_is_an_alert():
    assert "takes no keys" in pressed(dtmf="1", deaf=True).alerts[0]


def test_it_answers_the_call_first():
    assert Dtmf.needs is Need.AUDIO


@pytest.mark.parametrize(
    "properties", [{}, {"dtmf": ""}, {"dtmf": "1x"}, {"dtmf": "1", "duration": 10}, {"dtmf": 5}]
)
def test_what_cannot_be_pressed_is_refused(properties):
    with pytest.raises(InvalidDocument):
        parse_document([{"verb": "dtmf", **properties}], strict=True)
