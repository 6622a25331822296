"""Two hundred callees of every kind, and how many of them are taken for what they are."""

import asyncio
import random
from pathlib import Path

import espeakng_loader
import pytest

from voxgate.media import ToneStarted, hear
from voxgate.model.audio import Audio
from voxgate.sandbox.steps import Say
from voxgate.sandbox.variations import BUSINESS, MAILBOX, Answering, variation
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


async def tones_in_speech(count: int) -> list[str]:
    """Every voice there is, at ordinary paces and pitches: what was taken for a tone."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    voices = sorted(file.name for file in folder.iterdir())
    throat = Throat(Speech(Registry.offline()))
    await throat.start()

    async def tones(seed: int) -> list[str]:
        draw = random.Random(seed)
        text, language = draw.choice((*BUSINESS, *MAILBOX))
        rate, pitch = draw.uniform(0.8, 1.25), draw.uniform(0.7, 1.5)
        step = Say(text, language, voices[seed % len(voices)], round(rate, 2), round(pitch, 2))
        heard = hear(await throat.sound_of(step))
        return [f"{step}: {one.event}" for one in heard if isinstance(one.event, ToneStarted)]

    try:
        found = await asyncio.gather(*map(tones, range(count)))
    finally:
        await throat.close()
    return [tone for each in found for tone in each]


def test_no_voice_is_taken_for_a_tone():
    assert asyncio.run(tones_in_speech(220)) == []


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
