from array import array

import pytest

from voxgate.flow.ringtone import ringing


@pytest.mark.parametrize(
    ("cadence", "sounds_ms", "whole_ms"),
    [
        ("eu", [(0, 1000)], 5000),
        ("us", [(0, 2000)], 6000),
        ("uk", [(0, 400), (600, 1000)], 3000),
    ],
)
def test_a_country_rings_in_its_own_rhythm(cadence, sounds_ms, whole_ms):
    audio = ringing(cadence)
    assert audio is not None
    samples = array("h", audio.samples)

    loud = {at for at in range(0, whole_ms, 100) if max(samples[at * 8 : at * 8 + 800]) > 3000}

    assert audio.duration_ms == whole_ms
    assert loud == {at for since, until in sounds_ms for at in range(since, until, 100)}
    assert max(samples) < 20000


def test_off_is_nothing():
    assert ringing("off") is None
