"""The real espeak-ng in its real process: what comes out is measured, not listened to."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pytest

from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.speech.contract import Phrase, Segment, Silence, SpeechFailed, Utterance
from voxgate.speech.vendors.builtin import Builtin

Result = TypeVar("Result")
Sound = npt.NDArray[np.float64]

SENTENCE = "Hello, this is a test of the voice gateway. Please press one."
FULL_SCALE = 32768


def with_builtin(story: Callable[[Builtin], Awaitable[Result]]) -> Result:
    async def scenario() -> Result:
        builtin = Builtin()
        try:
            await builtin.start()
            return await story(builtin)
        finally:
            await builtin.close()

    return asyncio.run(scenario())


def utterance(
    *segments: Segment | str,
    language: str = "en-US",
    voice: str | None = None,
    gender: str | None = None,
    rate_hz: int = 8000,
) -> Utterance:
    parts = tuple(Phrase(part) if isinstance(part, str) else part for part in segments)
    return Utterance(parts, Voice("builtin", language, voice), gender, rate_hz)


def rendered(*wanted: Utterance) -> list[Audio]:
    async def story(builtin: Builtin) -> list[Audio]:
        return [await builtin.render(one) for one in wanted]

    return with_builtin(story)


def samples(audio: Audio) -> Sound:
    return np.frombuffer(audio.samples, "<i2").astype(float)


def level_db(sound: Sound) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) / FULL_SCALE + 1e-9))


def energy_share(audio: Audio, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples(audio))) ** 2
    pitch = np.fft.rfftfreq(len(samples(audio)), 1 / audio.rate_hz)
    return float(power[(pitch >= low_hz) & (pitch < high_hz)].sum() / power.sum())


def test_a_sentence_sounds_like_telephone_speech():
    (audio,) = rendered(utterance(SENTENCE))

    assert audio.rate_hz == 8000
    assert 3000 < audio.duration_ms < 5000
    assert -30 < level_db(samples(audio)) < -18
    assert np.abs(samples(audio)).max() < FULL_SCALE * 0.95
    assert energy_share(audio, 300, 3400) > 0.5
    assert energy_share(audio, 0, 80) < 0.01


def test_the_first_word_comes_with_the_first_packets_and_no_long_silence_follows_the_last():
    (audio,) = rendered(utterance(SENTENCE))

    loud = np.flatnonzero(np.abs(samples(audio)) > 200)
    assert loud[0] < 8 * 40
    assert len(samples(audio)) - loud[-1] < 8 * 60


def test_what_telephones_cannot_carry_is_filtered_out_instead_of_folding_back():
    narrow, wide = rendered(
        utterance("ssssssss sixty six shushing seas"),
        utterance("ssssssss sixty six shushing seas", rate_hz=22050),
    )
    hiss = energy_share(wide, 4200, 11025)
    assert hiss > 0.05

    below = energy_share(wide, 300, 3400) / energy_share(wide, 0, 3800)
    assert energy_share(narrow, 300, 3400) == pytest.approx(below, abs=0.03)


def test_a_break_is_exactly_as_long_as_asked_and_silent():
    plain, broken = rendered(
        utterance(Phrase("one"), Phrase("two")),
        utterance(Phrase("one"), Silence(1000), Phrase("two")),
    )

    assert broken.duration_ms - plain.duration_ms == pytest.approx(1000, abs=2)
    middle = samples(broken)[len(samples(broken)) // 2 - 2000 :][:4000]
    assert level_db(middle) < -70


def test_rate_changes_the_duration():
    slow, normal, fast = rendered(
        *(utterance(Phrase(SENTENCE, rate=rate)) for rate in (0.6, 1.0, 1.6))
    )

    assert slow.duration_ms > 1.3 * normal.duration_ms
    assert fast.duration_ms < 0.75 * normal.duration_ms


def test_volume_changes_the_level_by_as_much_as_asked():
    soft, normal, loud, silent = rendered(
        *(utterance(Phrase(SENTENCE, gain_db=gain)) for gain in (-6.0, 0.0, 3.0, -96.0))
    )

    assert level_db(samples(soft)) - level_db(samples(normal)) == pytest.approx(-6, abs=1)
    assert level_db(samples(loud)) - level_db(samples(normal)) == pytest.approx(3, abs=1)
    assert level_db(samples(silent)) < -60
    assert silent.duration_ms == pytest.approx(normal.duration_ms, rel=0.05)


def pitch_hz(audio: Audio) -> float:
    """The fundamental by autocorrelation over the loudest second."""
    sound = samples(audio)
    loudest = max(range(0, len(sound) - 8000, 800), key=lambda at: level_db(sound[at : at + 8000]))
    window = sound[loudest : loudest + 8000]
    spectrum = np.abs(np.fft.rfft(window, 16384)) ** 2
    likeness = np.fft.irfft(spectrum)
    shortest, longest = 8000 // 350, 8000 // 60
    return 8000 / (shortest + int(np.argmax(likeness[shortest:longest])))


def test_pitch_and_gender_change_the_fundamental():
    low, normal, high, female = rendered(
        utterance(Phrase(SENTENCE, pitch=0.7)),
        utterance(SENTENCE),
        utterance(Phrase(SENTENCE, pitch=1.4)),
        utterance(SENTENCE, gender="FEMALE"),
    )

    assert pitch_hz(low) < pitch_hz(normal) < pitch_hz(high)
    assert pitch_hz(female) > 1.3 * pitch_hz(normal)


def test_languages_speak_differently_and_every_one_of_them_speaks():
    texts = {"en-US": "six", "de-DE": "six", "fr-FR": "six", "cmn": "\u516d", "ru-RU": "\u0448"}

    sounds = rendered(*(utterance(text, language=code) for code, text in texts.items()))

    assert len({sound.samples for sound in sounds}) == len(texts)
    assert all(level_db(samples(sound)) > -40 for sound in sounds)


def test_a_language_that_is_not_there_is_spoken_by_its_nearest():
    text = "Ich freue mich, Ihnen heute zu begegnen."
    austrian, german, english = rendered(
        *(utterance(text, language=code) for code in ("de-AT", "de", "en"))
    )

    assert austrian.duration_ms == pytest.approx(german.duration_ms, rel=0.03)
    assert austrian.duration_ms != pytest.approx(english.duration_ms, rel=0.06)


def test_voices_can_be_named_in_any_case():
    plain, named, again = rendered(
        utterance(SENTENCE), utterance(SENTENCE, voice="f3"), utterance(SENTENCE, voice="F3")
    )

    assert pitch_hz(named) == pytest.approx(pitch_hz(again), rel=0.1)
    assert pitch_hz(named) > 1.3 * pitch_hz(plain)


@pytest.mark.parametrize("name", ["nobody", "../../lang/gmw/de", "f3+f4", ""])
def test_a_voice_that_is_not_there_is_named_in_the_failure(name):
    async def story(builtin: Builtin) -> None:
        with pytest.raises(SpeechFailed) as failed:
            await builtin.render(utterance("x", voice=name))
        assert failed.value.kind == "unknown-voice"
        assert name in failed.value.detail

    with_builtin(story)


@pytest.mark.parametrize(
    "text",
    ["", "...", "<speak>&</speak>", "[[h@l'oU]]", "\u200b", "\U0001f600", "a" * 5000, "%s%n"],
)
def test_odd_texts_are_survived(text):
    async def story(builtin: Builtin) -> Audio:
        await builtin.render(utterance(text))
        return await builtin.render(utterance("still here"))

    assert with_builtin(story).duration_ms > 300


def test_many_texts_at_once_all_come_out_right():
    texts = [utterance(" and ".join(["one"] * (n + 1))) for n in range(20)]

    async def story(builtin: Builtin) -> list[Audio]:
        return await asyncio.gather(*(builtin.render(text) for text in texts))

    durations = [audio.duration_ms for audio in with_builtin(story)]
    assert durations == sorted(durations)
    assert len(set(durations)) == len(texts)


def test_a_killed_process_is_replaced():
    async def story(builtin: Builtin) -> Audio:
        child = builtin._children._children[0]  # noqa: SLF001 - nobody else knows the process
        assert child._running is not None  # noqa: SLF001
        child._running.process.send_signal(signal.SIGKILL)  # noqa: SLF001
        with pytest.raises(SpeechFailed, match="ended unexpectedly"):
            await builtin.render(utterance("lost"))
        return await builtin.render(utterance("found"))

    assert with_builtin(story).duration_ms > 200
