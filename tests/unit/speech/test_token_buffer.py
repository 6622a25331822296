from hypothesis import given
from hypothesis import strategies as st

from voxgate.speech.token_buffer import CHUNK_MAX, HIGH_WATER, IDLE_S, LOW_WATER, TokenBuffer


def filled(*tokens: str, at: float = 0.0) -> TokenBuffer:
    buffer = TokenBuffer()
    for token in tokens:
        assert buffer.put(token, at)
    return buffer


def test_a_sentence_is_spoken_as_soon_as_something_follows_it():
    """jambonz FS#1454: speech began two seconds late."""
    buffer = filled("Hello the", "re. How a")

    assert buffer.take(0.1) == "Hello there."
    assert buffer.take(0.1) is None
    assert buffer.chars == len(" How a")


def test_a_point_inside_a_number_ends_nothing():
    assert filled("It is 3.5 degrees").take(0.1) is None


def test_sentences_without_spaces_between_them_end_too():
    assert filled("你好。我").take(0.1) == "你好。"


def test_what_has_no_end_is_spoken_after_a_second():
    buffer = filled("and then", at=5.0)

    assert buffer.wait_s(5.5) == IDLE_S - 0.5
    assert buffer.take(5.9) is None
    assert buffer.take(6.0) == "and then"
    assert buffer.wait_s(6.0) is None


def test_a_flush_does_not_wait():
    buffer = filled("and then")
    buffer.flush()

    assert buffer.take(0.0) == "and then"


def test_what_comes_after_a_flush_waits_for_its_own_end():
    buffer = filled("one")
    buffer.flush()
    buffer.put(" two", 0.0)

    assert buffer.take(0.0) == "one"
    assert buffer.take(0.0) is None


def test_a_full_buffer_takes_no_more_until_most_of_it_is_spoken():
    text = "x" * 394 + ". "
    buffer = filled(text, text)

    assert not buffer.put("y" * (HIGH_WATER - 791), 0.0)
    assert buffer.is_paused
    assert not buffer.put("y", 0.0), "not even a little, once it was full"
    while buffer.chars > LOW_WATER:
        assert buffer.is_paused
        assert buffer.take(IDLE_S) is not None
    assert not buffer.is_paused
    assert buffer.put("y", 0.0)


def test_one_long_message_is_taken_when_nothing_waits():
    buffer = filled("word " * 1000)

    spoken = ""
    while (chunk := buffer.take(0.0)) is not None:
        assert len(chunk) <= CHUNK_MAX
        assert chunk.endswith(" ")
        spoken += chunk
    assert spoken + "word " * ((5000 - len(spoken)) // 5) == "word " * 1000


def test_what_is_cleared_is_not_spoken_and_makes_room():
    buffer = filled("x" * HIGH_WATER)
    buffer.put("y", 0.0)

    buffer.clear()

    assert (buffer.chars, buffer.is_paused, buffer.take(9.0)) == (0, False, None)


@given(st.lists(st.text("ab .!\n。", max_size=40), max_size=30))
def test_no_character_is_lost_or_said_twice(tokens):
    buffer = TokenBuffer()
    spoken, taken = "", ""
    for token in tokens:
        if buffer.put(token, 0.0):
            taken += token
        spoken += buffer.take(0.0) or ""
    buffer.flush()
    while (chunk := buffer.take(0.0)) is not None:
        spoken += chunk

    assert spoken == taken
