from hypothesis import given
from hypothesis import strategies as st

from voxgate.speech.chunks import chunks
from voxgate.speech.contract import Phrase, Silence


def test_what_fits_stays_together():
    segments = (Phrase("one"), Silence(500), Phrase("two"))

    assert chunks(segments, 20) == [segments]


def test_a_long_text_is_cut_at_sentence_ends_with_their_pause_kept():
    assert chunks([Phrase("One two. Three four! Five six?")], 12) == [
        (Phrase("One two."), Silence(300)),
        (Phrase("Three four!"), Silence(300)),
        (Phrase("Five six?"),),
    ]


def test_a_long_sentence_is_cut_between_words_without_a_pause():
    assert chunks([Phrase("one two, three four five")], 12) == [
        (Phrase("one two,"),),
        (Phrase("three four"),),
        (Phrase("five"),),
    ]


def test_chinese_is_cut_at_its_own_full_stops():
    text = "\u4f60\u597d\u3002\u518d\u89c1\u3002"

    assert chunks([Phrase(text)], 4) == [
        (Phrase("\u4f60\u597d\u3002"), Silence(300)),
        (Phrase("\u518d\u89c1\u3002"),),
    ]


def test_the_manner_of_a_cut_phrase_is_kept():
    pieces = chunks([Phrase("One. Two.", rate=0.5, gain_db=3)], 5)

    assert all(
        (part.rate, part.gain_db) == (0.5, 3)
        for piece in pieces
        for part in piece
        if isinstance(part, Phrase)
    )


@given(st.text(alphabet="ab .,!?\n\u3002", max_size=200), st.integers(1, 30))
def test_no_letter_is_lost_and_no_piece_is_too_long(text, limit):
    pieces = chunks([Phrase(text)], limit)

    said = [part.text for piece in pieces for part in piece if isinstance(part, Phrase)]
    assert "".join("".join(said).split()) == "".join(text.split())
    assert all(
        sum(len(p.text) for p in piece if isinstance(p, Phrase)) <= limit for piece in pieces
    )
