import espeakng_loader
import pytest

from voxgate.speech.espeak_worker import Espeak, SpeakError


def test_a_voice_that_is_not_there_is_refused_and_the_next_request_is_spoken():
    espeak = Espeak(espeakng_loader.get_library_path(), espeakng_loader.get_data_path())
    phrase = {"text": "hello", "rate": 1.0, "pitch": 1.0, "gain_db": 0.0}

    with pytest.raises(SpeakError, match="no voice tlh"):
        espeak.speak("tlh", [phrase])

    assert len(espeak.speak("gmw/en-US", [phrase])) > espeak.rate_hz // 4
