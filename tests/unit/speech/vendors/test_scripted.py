import asyncio
from typing import Any

import pytest

from voxgate.speech.recognition import Heard, Listening, Recognition, RecognitionFailed
from voxgate.speech.vendors.scripted import Scripted
from voxgate.testing.virtual_time import run_virtual


def wanted(*utterances: Any, interim: bool = False) -> Listening:
    options = {"scriptedOptions": {"utterances": list(utterances)}}
    return Listening(interim=interim, options=options)


def speak(recognition: Recognition, ms: int = 1000) -> None:
    recognition.turn(speaking=True)
    recognition.feed(bytes(16 * ms))
    recognition.turn(speaking=False)


async def results(recognition: Recognition) -> list[Heard]:
    found = []
    while (heard := await recognition.next()) is not None:
        found.append(heard)
    return found


def recite(listening: Listening, turns: int) -> list[Heard]:
    async def scenario() -> list[Heard]:
        recognition = await Scripted().open(listening)
        for _ in range(turns):
            speak(recognition)
        recognition.finish()
        return await results(recognition)

    return run_virtual(scenario())


def test_each_utterance_gives_the_next_entry_of_the_script():
    told = recite(wanted("yes", {"transcript": "no", "confidence": 0.4}), 3)

    assert [(heard.transcript, heard.confidence) for heard in told] == [
        ("yes", 0.9),
        ("no", 0.4),
        ("", 0.9),
    ]
    assert all(heard.is_final for heard in told)


def test_interim_texts_come_only_when_they_are_wanted():
    entry = {"transcript": "yes please", "interim": ["yes"]}

    assert [h.transcript for h in recite(wanted(entry), 1)] == ["yes please"]
    told = recite(wanted(entry, interim=True), 1)
    assert [(h.transcript, h.is_final) for h in told] == [("yes", False), ("yes please", True)]


def test_the_event_says_how_much_sound_was_fed():
    (told,) = recite(wanted("yes"), 1)

    assert told.event == {"transcript": "yes", "fedMs": 1000}


def test_an_error_in_the_script_fails_the_session():
    async def scenario() -> None:
        recognition = await Scripted().open(wanted({"error": "line broke"}))
        recognition.turn(speaking=True)
        await recognition.next()

    with pytest.raises(RecognitionFailed, match="line broke"):
        run_virtual(scenario())


def test_words_under_way_when_it_is_finished_are_not_lost():
    async def scenario() -> list[Heard]:
        recognition = await Scripted().open(wanted("goodbye"))
        recognition.turn(speaking=True)
        recognition.finish()
        return await results(recognition)

    assert [heard.transcript for heard in run_virtual(scenario())] == ["goodbye"]


def test_what_was_said_before_a_reset_is_no_result():
    async def scenario() -> list[Heard]:
        recognition = await Scripted().open(wanted("one", "two", "three"))
        speak(recognition)
        recognition.turn(speaking=True)
        recognition.reset()
        speak(recognition)
        recognition.finish()
        return await results(recognition)

    assert [heard.transcript for heard in run_virtual(scenario())] == ["three"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "scriptedOptions.utterances must be an array"),
        ({"scriptedOptions": {"utterances": [5]}}, r"utterances\[0\] is neither"),
        (
            {"scriptedOptions": {"utterances": [{"transcript": "x", "confidence": 2}]}},
            r"utterances\[0\].confidence must be from 0 to 1",
        ),
    ],
)
def test_a_script_that_cannot_be_read_is_refused_naming_the_place(options, complaint):
    with pytest.raises(RecognitionFailed, match=complaint) as refused:
        asyncio.run(Scripted().open(Listening(options=options)))

    assert refused.value.kind == "refused"
