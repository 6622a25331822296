import pytest

from voxgate.speech.pocketsphinx_worker import GRAMMARS_MAX, Ear, Refused, words_of


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("Yes, please!", ["yes", "please"]),
        ("don't know", ["don't", "know"]),
        ("room 42", ["room", "four", "two"]),
        ("--", []),
    ],
)
def test_a_phrase_is_written_as_the_dictionary_writes_words(phrase, words):
    assert words_of(phrase) == words


def test_the_answer_does_not_depend_on_what_was_heard_before():
    ear = Ear()
    silence = bytes(16000)
    loud = b"\0\x20\0\xe0" * 4000
    before = ear.recognise(("yes", "no"), silence)

    ear.recognise(("yes", "no"), loud)

    assert ear.recognise(("yes", "no"), silence) == before


def test_hints_of_which_no_word_is_known_are_refused_and_the_others_still_work():
    ear = Ear()

    with pytest.raises(Refused, match="xyzzyx"):
        ear.recognise(("xyzzyx",), bytes(1600))

    assert ear.recognise(("xyzzyx", "yes"), bytes(1600))["phrase"] is None


def test_grammars_that_were_not_asked_for_lately_are_let_go_and_made_again():
    ear = Ear()
    for number in range(GRAMMARS_MAX + 2):
        ear.recognise(("yes", f"no {number}"), bytes(1600))

    assert ear.recognise(("yes", "no 0"), bytes(1600))["phrase"] is None
