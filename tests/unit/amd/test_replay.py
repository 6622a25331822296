from voxgate.amd.options import AmdOptions
from voxgate.amd.replay import replay
from voxgate.media.events import VoiceStarted, VoiceStopped


def test_what_was_heard_is_judged_as_if_it_were_told_again():
    heard = [(800, VoiceStarted(500)), (1520, VoiceStopped(1000, 500))]

    told = replay(heard, 10_000, AmdOptions())

    assert [dated.event.type for dated in told] == ["amd_human_detected", "amd_stopped"]
    assert told[0].at_ms == 1000 + 800 + 400


def test_a_recording_that_ends_too_soon_has_no_verdict():
    assert replay([(800, VoiceStarted(500))], 2000, AmdOptions()) == []
