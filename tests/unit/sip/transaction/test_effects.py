import dataclasses

import pytest

from voxgate.sip.transaction.effects import Send


def test_an_effect_says_whether_it_repeats_an_earlier_one_and_cannot_be_changed():
    first, again = Send(b"x"), Send(b"x", repeated=True)

    assert first != again
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.payload = b"y"  # type: ignore[misc]
