import numpy as np
import pytest

from voxgate.sandbox.sound import beep, ringback, special_information_tones


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
