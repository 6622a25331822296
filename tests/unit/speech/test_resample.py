import numpy as np
import pytest

from voxgate.speech.resample import CHUNK_SAMPLES, resampled

FROM_HZ, TO_HZ = 22050, 8000


def tone(hz: float, seconds: float = 2.0) -> bytes:
    at = np.arange(int(FROM_HZ * seconds)) / FROM_HZ
    return (10_000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()


def level_db(hz: float) -> float:
    """Of a tone after resampling, against what it was before."""
    sound = np.frombuffer(resampled(tone(hz), FROM_HZ, TO_HZ), "<i2").astype(float)[800:-800]
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) / (10_000 / np.sqrt(2)) + 1e-6))


@pytest.mark.parametrize("hz", [300, 1000, 2000, 3000, 3400])
def test_the_telephone_band_passes_unchanged(hz):
    assert level_db(hz) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("hz", [4300, 5000, 7000, 10_000])
def test_what_would_fold_back_into_the_band_is_gone(hz):
    assert level_db(hz) < -60


def test_rumble_is_taken_off():
    assert level_db(40) < -12


@pytest.mark.parametrize("seconds", [0.01, 1.0, 3.0 * CHUNK_SAMPLES / FROM_HZ])
def test_the_duration_stays_the_same(seconds):
    sound = resampled(tone(1000, seconds), FROM_HZ, TO_HZ)

    assert len(sound) / 2 / TO_HZ == pytest.approx(seconds, abs=0.001)


def test_nothing_stays_nothing_and_the_same_rate_the_same_sound():
    assert resampled(b"", FROM_HZ, TO_HZ) == b""
    assert resampled(b"abcd", TO_HZ, TO_HZ) == b"abcd"
