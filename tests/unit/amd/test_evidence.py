from voxgate.amd.evidence import Beep, Evidence, Stretch
from voxgate.media.events import (
    FirstPacket,
    ToneHeard,
    ToneKind,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
)


def evidence(*events: object, origin_ms: int = 0) -> Evidence:
    found = Evidence()
    for event in events:
        found.take(event, origin_ms)
    return found


def test_speech_and_beeps_are_kept_with_their_times():
    found = evidence(
        VoiceStarted(300),
        VoiceStopped(900, 600),
        ToneStarted(ToneKind.BEEP, 1000.0, 1500, 0.2),
        ToneStopped(ToneKind.BEEP, 1900, 400),
        VoiceStarted(2500),
        FirstPacket(0),
    )

    assert found.speech == [Stretch(300, 900), Stretch(2500)]
    assert found.beeps == [Beep(1500, 1900, 1000.0, 0.2)]


def test_what_was_over_before_the_answer_is_left_out_and_the_rest_is_cut():
    found = evidence(
        VoiceStarted(100),
        VoiceStopped(900, 800),
        VoiceStarted(950),
        VoiceStopped(1500, 550),
        VoiceStopped(1600, 700),
        origin_ms=1000,
    )

    assert found.speech == [Stretch(0, 500)]


def test_other_tones_are_no_beeps_but_settle_an_unsure_one():
    found = evidence(ToneHeard(200))
    assert found.unsure_ms == 200

    found.take(ToneStarted(ToneKind.RINGBACK, 425.0, 200, 0.1), 0)
    found.take(ToneStopped(ToneKind.RINGBACK, 1200, 1000), 0)

    assert (found.unsure_ms, found.beeps) == (None, [])
