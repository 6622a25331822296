import io
import wave

import numpy as np
import pytest

from voxgate.sandbox.hearing import as_wav, measure
from voxgate.sandbox.sound import beep


def test_hearing_counts_the_audible_part_and_where_it_began():
    heard = measure(bytes(2 * 1600) + beep((1000,), 0.4).samples + bytes(2 * 800))

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
    samples = beep((1000,), 0.1).samples

    with wave.open(io.BytesIO(as_wav(samples))) as wav:
        assert wav.getframerate() == 8000
        assert wav.readframes(10_000) == samples
