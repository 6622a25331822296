from array import array

from voxgate.flow.sounds import BEEP, tone
from voxgate.testing.rtp import frequency_hz


def test_a_tone_has_its_length_and_frequency_and_does_not_click():
    sound = tone(1000, ms=500)
    samples = array("h", sound.samples)

    assert sound.duration_ms == 500
    assert abs(frequency_hz(sound) - 1000) < 5
    assert max(abs(samples[0]), abs(samples[-1])) < 300
    assert max(samples) > 5000


def test_the_beep_is_short():
    assert BEEP.duration_ms == 250
