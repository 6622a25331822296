from hypothesis import given
from hypothesis import strategies as st

from voxgate.flow.keys import KeySequences


def pressed(keys: str, *sequences: str) -> list[str]:
    watching = KeySequences(sequences)
    return [found for key in keys if (found := watching.press(key)) is not None]


def test_a_sequence_is_found_wherever_it_ends():
    assert pressed("12*9", "*9") == ["*9"]


def test_the_longest_sequence_that_fits_is_meant():
    assert pressed("*2", "2", "*2") == ["*2"]


def test_keys_that_were_used_count_for_no_other_sequence():
    assert pressed("*1*1", "*1*1") == ["*1*1"]
    assert pressed("*1*", "*1", "1*") == ["*1"]


def test_a_wrong_key_in_between_spoils_it():
    assert pressed("*01", "*1") == []


@given(st.text("0123456789*#", max_size=40), st.text("0123456789*#", min_size=1, max_size=5))
def test_a_sequence_is_found_as_often_as_it_is_pressed(noise: str, sequence: str):
    keys = noise + sequence

    assert len(pressed(keys, sequence)) == keys.count(sequence)
