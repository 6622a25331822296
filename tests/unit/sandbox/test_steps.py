from voxgate.sandbox.script import Script
from voxgate.sandbox.steps import Beep, Busy, Noise, Ringback, Say


def test_steps_are_written_without_what_goes_without_saying():
    steps = (Say("Hi"), Beep(), Ringback(), Busy(), Noise(-50.0))

    written = [str(step) for step in steps]

    assert written == ['say "Hi"', "beep 1000Hz 0.4s", "ringback 3s", "busy 5s", "noise -50dB"]


def test_steps_are_written_with_everything_else():
    say = Say("Hi", "de-DE", voice="f2", rate=0.9, pitch=1.2, level_db=-6.0)
    steps = (say, Beep(850, 0.3, 1100, -20.0), Ringback(4.0, "de"), Busy(2.0, "fr"))

    written = "; ".join(str(step) for step in steps)

    assert written == (
        'say "Hi" in de-DE as f2 rate 0.9 pitch 1.2 at -6dB; '
        "beep 850+1100Hz 0.3s at -20dB; ringback 4s in de; busy 2s in fr"
    )
    assert Script.parse(f"answer; {written}").steps[1:] == steps
