import pytest

from voxgate.sandbox.reading import WrongStep, read_step
from voxgate.sandbox.steps import Beep, Busy, Say


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("beep", Beep()),
        ("beep 2s", Beep(for_s=2.0)),
        ("BEEP 440hz", Beep(440)),
        ("beep 440Hz at -20dB", Beep(440, level_db=-20.0)),
        ("busy in de", Busy(country="de")),
        ('say "Hi" at 3dB in fr', Say("Hi", "fr", level_db=3.0)),
    ],
)
def test_a_step_may_leave_out_what_goes_without_saying(words, step):
    assert read_step(words) == step


def test_an_unknown_step_is_told_all_that_are_known():
    with pytest.raises(WrongStep, match="beep, busy, challenge"):
        read_step("whistle")
