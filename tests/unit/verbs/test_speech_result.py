from voxgate.speech.recognition import Alternative, Heard
from voxgate.verbs.speech_result import interim_result, speech_result

JA = Heard("acme", "de-DE", True, (Alternative(" ja ", 0.94), Alternative("na", 0.2)), {"raw": 1})
BITTE = Heard("acme", "de-DE", True, (Alternative("bitte", 0.5),), {"raw": 2})


def test_one_utterance_has_all_its_alternatives_and_the_vendors_event():
    assert speech_result([JA], channel=2) == {
        "language_code": "de-DE",
        "channel_tag": 2,
        "is_final": True,
        "alternatives": [
            {"transcript": "ja", "confidence": 0.94},
            {"transcript": "na", "confidence": 0.2},
        ],
        "vendor": {"name": "acme", "evt": {"raw": 1}},
    }


def test_several_utterances_are_joined_and_their_events_become_an_array():
    joined = speech_result([JA, BITTE])

    assert joined["alternatives"] == [{"transcript": "ja bitte", "confidence": 0.72}]
    assert joined["vendor"] == {"name": "acme", "evt": [{"raw": 1}, {"raw": 2}]}


def test_words_that_may_change_are_not_final():
    unsure = Heard("acme", "de-DE", False, (Alternative("j", 0.1),))

    assert interim_result(unsure)["is_final"] is False
