from voxgate.speech.utterances import PREROLL_MS, UTTERANCE_MS_MAX, Utterances

MS = 16  # bytes of one at 8 kHz


def test_the_moment_before_the_speech_is_kept_because_it_is_told_late():
    utterances = Utterances(8000)
    utterances.feed(bytes(2000 * MS))
    utterances.feed(b"\1" * MS)

    assert utterances.ms == PREROLL_MS
    assert utterances.sound.endswith(b"\1" * MS)


def test_while_somebody_speaks_everything_is_kept_up_to_the_longest_utterance():
    utterances = Utterances(8000)
    utterances.speaking = True
    utterances.feed(bytes(2000 * MS))
    assert (utterances.ms, utterances.is_full) == (2000, False)

    utterances.feed(bytes(UTTERANCE_MS_MAX * MS))
    assert (utterances.ms, utterances.is_full) == (UTTERANCE_MS_MAX, True)


def test_taking_an_utterance_begins_a_new_one():
    utterances = Utterances(8000)
    utterances.speaking = True
    utterances.feed(b"\1" * MS)

    assert utterances.take() == b"\1" * MS
    assert utterances.ms == 0
    assert utterances.speaking


def test_what_is_cleared_is_forgotten_and_nobody_speaks():
    utterances = Utterances(8000)
    utterances.speaking = True
    utterances.feed(bytes(100))

    utterances.clear()

    assert (utterances.sound, utterances.speaking) == (b"", False)
