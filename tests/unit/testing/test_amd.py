from voxgate.amd.detector import AmdType
from voxgate.amd.options import AmdOptions
from voxgate.media.events import VoiceStarted, VoiceStopped
from voxgate.sandbox.variations import Answering
from voxgate.testing.amd import Verdict, replay, table


def test_what_was_heard_is_judged_as_if_it_were_told_again():
    heard = [(800, VoiceStarted(500)), (1520, VoiceStopped(1000, 500))]

    told = replay(heard, 10_000, AmdOptions())

    assert [dated.event.type for dated in told] == ["amd_human_detected", "amd_stopped"]
    assert told[0].at_ms == 1000 + 800 + 450


def test_a_recording_that_ends_too_soon_has_no_verdict():
    assert replay([(800, VoiceStarted(500))], 2000, AmdOptions()) == []


def test_the_table_counts_what_was_told_and_what_was_right():
    verdicts = [
        Verdict(Answering.SHORT_HUMAN, 0, (AmdType.HUMAN,), 900, beeps=0),
        Verdict(Answering.SHORT_HUMAN, 1, (AmdType.MACHINE, AmdType.TONE), 900, beeps=1),
    ]

    row = table(verdicts).splitlines()[1].split()

    assert row == ["short", "human", "1", "1", "0", "0", "1", "1", "50.0%"]
