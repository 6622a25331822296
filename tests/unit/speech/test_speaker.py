import asyncio
from typing import Any

import pytest

from unit.speech.fakes import FakeVendor, words
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.speech.contract import SpeechFailed
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech, Spoken

SESSION = Voice("builtin", "en-US", "anna")


def spoken(
    text: str, choice: SynthesizerChoice | None = None, vendor: FakeVendor | None = None
) -> list[Spoken]:
    async def scenario() -> list[Spoken]:
        speech = Speech(Registry({"builtin": vendor or FakeVendor()}))
        async with speech.speaker().speaking(text, SESSION, choice) as parts:
            return [part async for part in parts]

    return asyncio.run(scenario())


def test_a_short_text_is_one_part():
    (part,) = spoken("hello there")

    assert (words(part.audio), part.alerts) == ("hello there", ())


def test_a_text_without_words_has_no_parts():
    assert spoken("<speak><!-- nothing --></speak>") == []


def test_a_long_text_comes_in_parts_that_add_up():
    text = "This is one sentence of many. " * 100

    parts = spoken(text)

    assert len(parts) > 1
    said = "".join(words(part.audio) for part in parts)
    assert "".join(said.split()) == "".join(text.split())


def test_only_one_part_is_rendered_ahead_of_the_one_being_played():
    vendor = FakeVendor()

    async def scenario() -> None:
        speech = Speech(Registry({"builtin": vendor}))
        text = " ".join(f"Sentence number {n} goes on." for n in range(400))
        async with speech.speaker().speaking(text, SESSION) as parts:
            await anext(parts)
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(vendor.spoken) == 3  # played, waiting, and the one that waits to wait

    asyncio.run(scenario())


def test_leaving_early_stops_the_rendering():
    vendor = FakeVendor()

    async def scenario() -> None:
        vendor.gate = asyncio.Event()
        speech = Speech(Registry({"builtin": vendor}))
        async with speech.speaker().speaking("hello", SESSION, cached=False):
            await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


def test_malformed_ssml_is_spoken_with_an_alert_on_the_first_part():
    (part,) = spoken("<speak>Tom & Jerry</speak>")

    assert words(part.audio) == "Tom & Jerry"
    assert [alert.alert_type for alert in part.alerts] == ["tts-failure"]


def test_the_cache_looks_a_text_up_by_everything_that_makes_its_sound():
    """FS#1059: the key left out the model, and one voice was heard for another."""
    vendor = FakeVendor()
    manners = [
        None,
        SynthesizerChoice(language="de-DE"),
        SynthesizerChoice(voice="bert"),
        SynthesizerChoice(gender="MALE"),
        SynthesizerChoice(engine="generative"),
        SynthesizerChoice(options='{"model": "a"}'),
        SynthesizerChoice(options='{"model": "b"}'),
        SynthesizerChoice(instructions="whisper"),
    ]

    async def scenario() -> None:
        speaker = Speech(Registry({"builtin": vendor})).speaker()
        for choice in (*manners, *manners):
            async with speaker.speaking("hello", SESSION, choice) as parts:
                assert [part async for part in parts]

    asyncio.run(scenario())

    assert len(vendor.spoken) == len(set(vendor.spoken)) == len(manners)


def test_ssml_reaches_a_vendor_as_words_and_manner_so_that_a_voice_need_not_know_it():
    """FS#377: SSML for a voice without SSML was silence; what nobody understands is an alert."""
    vendor = FakeVendor()
    text = '<speak>Wait <break time="300ms"/><prosody rate="slow">here</prosody><dance/></speak>'

    parts = spoken(text, vendor=vendor)

    assert "".join("".join(words(part.audio) for part in parts).split()) == "Waithere"
    assert all("<" not in words(part.audio) for part in parts)
    assert {type(each).__name__ for each in vendor.spoken[0].segments} == {"Phrase", "Silence"}
    assert [alert.alert_type for alert in parts[0].alerts] == ["tts-failure"]


def test_a_failure_is_raised_to_whoever_listens():
    broken = FakeVendor(failure=SpeechFailed("failed", "builtin", "no library"))

    with pytest.raises(SpeechFailed, match="no library"):
        spoken("hello", vendor=broken)


def test_speech_prepared_while_it_rang_is_not_rendered_again_and_its_alerts_are_not_lost():
    vendor = FakeVendor()

    async def scenario() -> list[Spoken]:
        speaker = Speech(Registry({"builtin": vendor})).speaker()
        choice = SynthesizerChoice(vendor="acme")
        await speaker.prepare("hello", SESSION, choice)
        assert len(vendor.spoken) == 1
        async with speaker.speaking("hello", SESSION, choice) as parts:
            return [part async for part in parts]

    (part,) = asyncio.run(scenario())

    assert len(vendor.spoken) == 1
    assert [alert.alert_type for alert in part.alerts] == ["no-tts"]


def test_preparing_never_raises():
    broken = FakeVendor(failure=SpeechFailed("failed", "builtin", "no library"))

    async def scenario() -> None:
        speaker = Speech(Registry({"builtin": broken})).speaker()
        await speaker.prepare("hello", Voice())

    asyncio.run(scenario())

    assert len(broken.spoken) == 1


def test_a_whole_text_can_be_had_at_once():
    vendor = FakeVendor()

    async def scenario() -> Any:
        speech = Speech(Registry({"builtin": vendor}))
        await speech.start()
        audio = await speech.render("Hello. " * 300, SESSION)
        await speech.close()
        return audio

    assert words(asyncio.run(scenario())).count("Hello.") == 300
    assert (vendor.started, vendor.closed) == (True, True)
