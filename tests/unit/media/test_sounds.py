import pytest

from voxgate.media import Codec, MediaError
from voxgate.media.sounds import SoundCache, resampled
from voxgate.model.audio import Audio
from voxgate.testing.rtp import frequency_hz, tone

SECOND = bytes(16_000)


def test_equal_audio_is_encoded_once_for_each_codec():
    cache = SoundCache()

    first = cache.encoded(Audio(SECOND), Codec.PCMU)

    assert cache.encoded(Audio(bytes(16_000)), Codec.PCMU) is first
    assert cache.encoded(Audio(SECOND), Codec.PCMA) is not first


def test_length_is_counted_at_eight_kilohertz():
    assert len(SoundCache().encoded(Audio(SECOND, 16_000), Codec.PCMU)) == 4000


def test_the_sound_not_played_for_longest_is_forgotten_first():
    cache = SoundCache(samples_max=16_000)
    sounds = [Audio(bytes([number]) * 16_000) for number in range(3)]
    old, used = (cache.encoded(sound, Codec.PCMU) for sound in sounds[:2])
    cache.encoded(sounds[0], Codec.PCMU)
    cache.encoded(sounds[2], Codec.PCMU)

    assert cache.encoded(sounds[0], Codec.PCMU) is old
    assert cache.encoded(sounds[1], Codec.PCMU) is not used


def test_a_sound_larger_than_the_cache_is_still_played():
    cache = SoundCache(samples_max=10)

    assert len(cache.encoded(Audio(SECOND), Codec.PCMU)) == 8000
    assert len(cache.encoded(Audio(SECOND[:16]), Codec.PCMU)) == 8


@pytest.mark.parametrize("audio", [Audio(b"\x00"), Audio(b"\x00\x00", 0)])
def test_what_is_no_pcm_is_refused(audio):
    with pytest.raises(ValueError, match=r"samples|rate_hz"):
        SoundCache().encoded(audio, Codec.PCMU)


def test_a_sound_at_another_rate_keeps_its_pitch_and_length():
    changed = resampled(tone(440, 500), 24_000)

    assert (changed.rate_hz, changed.duration_ms) == (24_000, 500)
    assert frequency_hz(changed) == pytest.approx(440, rel=0.01)


def test_half_a_sample_is_refused():
    with pytest.raises(MediaError, match="two bytes"):
        resampled(Audio(b"abc"), 16_000)
