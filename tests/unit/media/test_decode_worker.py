import io
import struct
import wave

import pytest

from voxgate.media import decode_worker
from voxgate.media.decode_worker import Unreadable, decoded


def wav(samples: int, rate_hz: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(struct.pack("<h", 1000) * samples)
    return out.getvalue()


def test_sound_that_needs_no_conversion_is_handed_on_sample_by_sample():
    assert decoded(wav(4000, 8000), 8000) == struct.pack("<h", 1000) * 4000


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 44100, 48000])
def test_no_rate_loses_the_end_of_the_file(rate_hz):
    assert len(decoded(wav(rate_hz, rate_hz), 8000)) / 2 == pytest.approx(8000, abs=2)


def test_a_file_without_samples_has_no_sound():
    with pytest.raises(Unreadable, match="there is no sound in it"):
        decoded(wav(0, 8000), 8000)


def test_a_small_file_that_unpacks_to_hours_is_refused(monkeypatch):
    monkeypatch.setattr(decode_worker, "DECODED_S_MAX", 1)

    with pytest.raises(Unreadable, match="it is longer than 1 seconds"):
        decoded(wav(80_000, 8000), 8000)
