"""The real recogniser in its real process, with the built-in voice as the speaker."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from voxgate.model.speech import Voice
from voxgate.speech.recognition import Heard, Listening, Recognition, RecognitionFailed
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech
from voxgate.speech.vendors.pocketsphinx import Pocketsphinx

Result = TypeVar("Result")

HINTS = ("yes please", "No", "operator", "billing department", "1 2 3")
BATCH = 20 * 16
SILENCE = bytes(400 * 16)


def with_ears(story: Callable[[Pocketsphinx], Awaitable[Result]]) -> Result:
    async def scenario() -> Result:
        ears = Pocketsphinx()
        try:
            return await story(ears)
        finally:
            await ears.close()

    return asyncio.run(scenario())


async def sound_of(*texts: str) -> list[bytes]:
    speech = Speech(Registry.offline())
    try:
        return [(await speech.render(text, Voice(voice="m3"))).samples for text in texts]
    finally:
        await speech.close()


def say(recognition: Recognition, sound: bytes) -> None:
    """As a call feeds it: the detector tells of the speech after it began and after it ended."""
    recognition.feed(SILENCE + sound[:1600])
    recognition.turn(speaking=True)
    for start in range(1600, len(sound), BATCH):
        recognition.feed(sound[start : start + BATCH])
    recognition.feed(SILENCE)
    recognition.turn(speaking=False)


async def results(recognition: Recognition) -> list[Heard]:
    recognition.finish()
    found = []
    while (heard := await recognition.next()) is not None:
        found.append(heard)
    await recognition.close()
    return found


def test_it_tells_which_of_the_hints_was_said_in_the_words_of_the_hint():
    async def story(ears: Pocketsphinx) -> list[Heard]:
        recognition = await ears.open(Listening(hints=HINTS))
        for sound in await sound_of("yes please", "no", "one two three"):
            say(recognition, sound)
        return await results(recognition)

    told = with_ears(story)

    assert [heard.transcript for heard in told] == ["yes please", "No", "1 2 3"]
    assert all(heard.is_final and heard.vendor == "pocketsphinx" for heard in told)
    assert all(0 < heard.confidence <= 1 for heard in told)


def test_silence_is_no_words():
    async def story(ears: Pocketsphinx) -> list[Heard]:
        recognition = await ears.open(Listening(hints=HINTS))
        say(recognition, bytes(16000))
        return await results(recognition)

    assert with_ears(story) == []


def test_what_is_understood_so_far_is_told_while_it_is_said():
    async def story(ears: Pocketsphinx) -> list[Heard]:
        recognition = await ears.open(Listening(hints=HINTS, interim=True))
        (sound,) = await sound_of("billing department")
        say(recognition, sound)
        return await results(recognition)

    told = with_ears(story)

    assert told[-1].is_final
    assert told[-1].transcript == "billing department"


def test_speech_before_a_reset_is_forgotten():
    async def story(ears: Pocketsphinx) -> list[Heard]:
        recognition = await ears.open(Listening(hints=HINTS))
        yes, no = await sound_of("yes please", "no")
        say(recognition, yes)
        recognition.reset()
        say(recognition, no)
        return await results(recognition)

    assert [heard.transcript for heard in with_ears(story)] == ["No"]


@pytest.mark.parametrize(
    ("listening", "kind", "complaint"),
    [
        (Listening(), "refused", "it needs from 1 to 200 hints"),
        (Listening(hints=("Xyzzyx",)), "refused", "no hint is in the dictionary: xyzzyx"),
        (Listening(language="de-DE", hints=("ja",)), "unknown-language", "English only"),
        (Listening(hints=("a",), rate_hz=16000), "refused", "8000 Hz only"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(listening, kind, complaint):
    async def story(ears: Pocketsphinx) -> None:
        with pytest.raises(RecognitionFailed, match=complaint) as refused:
            await ears.open(listening)
        assert refused.value.kind == kind

    with_ears(story)


def test_hints_with_a_word_that_cannot_be_understood_are_warned_of():
    async def story(ears: Pocketsphinx) -> tuple[str, ...]:
        recognition = await ears.open(Listening(hints=("yes", "yes Xyzzyx")))
        await recognition.close()
        return recognition.cautions

    assert with_ears(story) == ("hints: nobody knows how xyzzyx is said",)
