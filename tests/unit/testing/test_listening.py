import asyncio
import random
from array import array

import pytest

from voxgate.model.speech import Voice
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech
from voxgate.testing.listening import score, was_said

CLINIC = "Hello, this is the clinic. Please call us back tomorrow."
ORDER = "Your order number four five six has been shipped and will arrive on Friday."


@pytest.fixture(scope="module")
def lines() -> dict[str, bytes]:
    """Both sentences as a telephone line carries them: quieter, and not without noise."""

    async def render() -> dict[str, bytes]:
        speech = Speech(Registry.offline())
        await speech.start()
        try:
            return {t: (await speech.render(t, Voice())).samples for t in (CLINIC, ORDER)}
        finally:
            await speech.close()

    noise = random.Random(1)
    return {
        text: array(
            "h", [int(sample * 0.7) + round(noise.gauss(0, 15)) for sample in array("h", samples)]
        ).tobytes()
        for text, samples in asyncio.run(render()).items()
    }


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("call us back", CLINIC),
        ("the clinic", CLINIC),
        ("order number four five six", ORDER),
        ("arrive on friday", ORDER),
    ],
)
def test_what_was_said_is_found_in_what_was_heard(phrase, text, lines):
    assert was_said(phrase, lines[text])


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("call me back", CLINIC),
        ("call us back", ORDER),
        ("order number four five six", CLINIC),
        ("credit card", ORDER),
    ],
)
def test_what_was_not_said_is_not_found_however_near(phrase, text, lines):
    assert not was_said(phrase, lines[text])


def test_in_silence_nothing_was_said():
    assert score("hello", bytes(16_000)) == float("inf")
    assert not was_said("hello", b"")
