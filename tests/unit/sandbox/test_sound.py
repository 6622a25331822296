import numpy as np
import pytest

from voxgate.model.audio import Audio
from voxgate.sandbox.sound import (
    amplified,
    beep,
    busy,
    line_noise,
    over_noise,
    ringback,
    special_information_tones,
)


def strongest_hz(samples: bytes) -> float:
    pcm = np.frombuffer(samples, np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum)) * 8000 / len(pcm)


@pytest.mark.parametrize("hz", [440, 1000, 1400])
def test_a_beep_has_the_pitch_and_length_asked_for(hz):
    audio = beep((hz,), 0.5)

    assert audio.duration_ms == 500
    assert strongest_hz(audio.samples) == pytest.approx(hz, abs=3)


def test_information_tones_are_three_rising_notes_and_silence():
    samples = special_information_tones().samples
    note = 2 * 2640

    heard = [strongest_hz(samples[part * note : (part + 1) * note]) for part in range(3)]

    assert heard == pytest.approx([950, 1400, 1800], abs=5)
    assert not any(samples[3 * note :])


def test_ringing_tone_stops_for_four_seconds():
    samples = ringback(7.0, "us").samples

    assert len(samples) == 2 * 56000
    assert not any(samples[2 * 16000 : 2 * 48000])
    assert any(samples[2 * 48000 :])


def rms_db(audio: Audio) -> float:
    pcm = np.frombuffer(audio.samples, np.int16).astype(float)
    return float(20 * np.log10(np.sqrt(np.mean(pcm**2)) / 32767))


def test_two_tones_at_once_share_the_level_of_one():
    chord = beep((850, 1100), 0.5, -20.0)

    assert rms_db(chord) == pytest.approx(-20 - 3 - 3, abs=0.5)


@pytest.mark.parametrize(("country", "hz", "on"), [("us", 620, 0.5), ("gb", 400, 0.375)])
def test_busy_tone_is_that_of_its_country(country, hz, on):
    samples = busy(2 * on, country).samples
    half = len(samples) // 2

    spectrum = np.abs(np.fft.rfft(np.frombuffer(samples[:half], np.int16).astype(float)))
    assert spectrum[round(hz * on)] > 0.3 * spectrum.max()
    assert not any(samples[half:])


def test_noise_has_the_level_asked_for_and_lies_behind_what_is_said():
    noise = line_noise(-40.0)

    assert rms_db(noise) == pytest.approx(-40, abs=0.3)
    silence = over_noise(Audio(bytes(2 * 80_000)), noise)
    assert silence.duration_ms == 10_000
    assert rms_db(silence) == pytest.approx(-40, abs=0.3)


def test_what_does_not_fit_is_clipped():
    loud = amplified(beep((1000,), 0.2, -3.0), 12.0)

    assert max(np.frombuffer(loud.samples, np.int16)) == 32767
    assert max(np.frombuffer(over_noise(loud, line_noise(-10.0)).samples, np.int16)) == 32767
