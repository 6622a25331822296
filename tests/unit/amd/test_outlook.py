import pytest

from voxgate.amd.evidence import Beep, Evidence, Stretch
from voxgate.amd.options import AmdOptions, Timers
from voxgate.amd.outlook import Finding, Transcribed, decision, greeting_end


def outlook(*speech: Stretch, beeps: tuple[Beep, ...] = (), **more: object):
    transcribed = more.pop("transcribed", Transcribed())
    return decision(Evidence([*speech], [*beeps], **more), AmdOptions(), transcribed)


@pytest.mark.parametrize(
    ("spoken_ms", "pause_ms"), [(400, 800), (1500, 1200), (3500, 1200), (4500, 1800)]
)
def test_the_longer_the_greeting_the_longer_the_pause_that_asks_for_an_answer(spoken_ms, pause_ms):
    found = outlook(Stretch(100, 100 + spoken_ms))

    assert (found.finding, found.at_ms) == (Finding.HUMAN, 100 + spoken_ms + pause_ms)


def test_speech_that_goes_on_is_a_machines_at_a_moment_known_ahead():
    assert outlook(Stretch(100, 2000), Stretch(2500)).at_ms == 2500 + 6300 - 1900


def test_nothing_is_certain_before_every_sound_of_its_time_was_told():
    found = outlook(Stretch(100, 500))

    assert found.certain_ms > found.at_ms


def test_an_unsure_tone_delays_only_what_comes_after_it():
    speech = Stretch(100, 500)

    assert outlook(speech, unsure_ms=900).certain_ms > outlook(speech).certain_ms
    assert outlook(speech, unsure_ms=1400) == outlook(speech)


def test_a_recogniser_is_given_time_for_its_words_and_they_count():
    expected = outlook(Stretch(100, 500), transcribed=Transcribed(is_expected=True))
    understood = outlook(Stretch(100, 500), transcribed=Transcribed(is_expected=True, words=12))

    assert expected.at_ms == outlook(Stretch(100, 500)).at_ms + 1500
    assert (expected.reason, understood.reason) == ("short greeting", "timing")


def test_a_greeting_is_over_two_seconds_after_its_last_sound_or_one_after_its_beep():
    words = Evidence([Stretch(0, 5000), Stretch(6500, 8000), Stretch(10_100, 11_000)])
    beep = Evidence([Stretch(0, 5000)], [Beep(5500, 6000)])
    sounding = Evidence([Stretch(0, 5000)], [Beep(5500)])

    assert greeting_end(words, 4000, [], 2000).at_ms == 10_000
    assert greeting_end(beep, 4000, [], 2000).at_ms == 7000
    assert greeting_end(beep, 4000, [], 500).at_ms == 5500
    assert greeting_end(sounding, 4000, [], 2000) is None


def test_timers_are_those_of_the_order():
    options = AmdOptions(timers=Timers(no_speech_ms=900, decision_ms=700))

    assert decision(Evidence(), options, Transcribed()).finding is Finding.UNDECIDED
