"""Two hundred callees of every kind, and how many of them are taken for what they are."""

import asyncio

import pytest

from voxgate.model.audio import Audio
from voxgate.sandbox.variations import Answering, variation
from voxgate.sandbox.voice import Throat
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech
from voxgate.testing.amd import EXPECTED, judge, judged, recorded, share_right, table

VARIATIONS = 200
RIGHT_LEAST = 0.95


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.title)
def test_callees_are_taken_for_what_they_are_and_nothing_but_a_beep_for_one(kind):
    verdicts = asyncio.run(judged(kind, range(VARIATIONS)))

    wrong = [f"+{v.number}: {', '.join(v.told)}" for v in verdicts if not v.is_right]
    assert share_right(verdicts) >= RIGHT_LEAST, "\n".join([table(verdicts), *wrong])
    assert [v.number for v in verdicts if v.is_false_beep] == []


async def performed(kind: Answering, seed: int) -> Audio:
    throat = Throat(Speech(Registry.offline()))
    await throat.start()
    try:
        return await recorded(throat, variation(kind, seed))
    finally:
        await throat.close()


@pytest.mark.parametrize("kind", [Answering.BUSINESS, Answering.VOICEMAIL])
def test_a_recording_gets_the_same_verdict_wherever_its_packets_begin(kind):
    audio = asyncio.run(performed(kind, 3))

    verdicts = [
        judge(kind, 0, Audio(bytes(2 * 8 * shift_ms) + audio.samples)) for shift_ms in range(20)
    ]

    assert {verdict.told for verdict in verdicts} == {EXPECTED[kind]}
    moments = [verdict.first_ms - shift_ms for shift_ms, verdict in enumerate(verdicts)]
    assert max(moments) - min(moments) <= 40
