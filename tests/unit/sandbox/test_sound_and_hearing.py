import io
import wave

import numpy as np
import pytest

from voxgate.sandbox.hearing import as_wav, measure
from voxgate.sandbox.sound import beep, ringback, special_information_tones


def strongest_hz(samples: bytes) -> float:
    pcm = np.frombuffer(samples, np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum)) * 8000 / len(pcm)


@pytest.mark.parametrize("hz", [440, 1000, 1400])
def test_a_beep_has_the_pitch_and_length_asked_for(hz):
    audio = beep(hz, 0.5)

    assert audio.duration_ms == 500
    assert strongest_hz(audio.samples) == pytest.approx(hz, abs=3)


def test_information_tones_are_three_rising_notes_and_silence():
    samples = special_information_tones().samples
    note = 2 * 2640

    heard = [strongest_hz(samples[part * note : (part + 1) * note]) for part in range(3)]

    assert heard == pytest.approx([950, 1400, 1800], abs=5)
    assert not any(samples[3 * note :])


def test_ringing_tone_stops_for_four_seconds():
    samples = ringback(7.0).samples

    assert len(samples) == 2 * 56000
    assert not any(samples[2 * 16000 : 2 * 48000])
    assert any(samples[2 * 48000 :])


def test_hearing_counts_the_audible_part_and_where_it_began():
    heard = measure(bytes(2 * 1600) + beep(1000, 0.4).samples + bytes(2 * 800))

    assert heard.received_ms == 700
    assert heard.audible_ms == 400
    assert heard.first_ms == 200


def test_line_noise_is_not_audible():
    noise = np.random.default_rng(1).normal(0, 30, 8000).astype(np.int16).tobytes()

    assert measure(noise).audible_ms == 0
    assert measure(noise).first_ms is None


@pytest.mark.parametrize("samples", [b"", b"\x01", bytes(7)])
def test_a_scrap_of_sound_is_no_sound(samples):
    assert measure(samples).audible_ms == 0


def test_a_wav_holds_the_samples_it_was_made_from():
    samples = beep(1000, 0.1).samples

    with wave.open(io.BytesIO(as_wav(samples))) as wav:
        assert wav.getframerate() == 8000
        assert wav.readframes(10_000) == samples
