"""Sounds at other rates, and sounds encoded once and shared by every stream that plays them."""

from collections import OrderedDict

from voxgate.media import _core
from voxgate.media.errors import core_errors
from voxgate.media.plan import Codec
from voxgate.model.audio import Audio

# An hour of telephone audio. What falls out is encoded again when it is played again.
SAMPLES_MAX = 3600 * 8000


def resampled(audio: Audio, rate_hz: int) -> Audio:
    """The same sound at another rate. Raises MediaError for audio that is no 16-bit PCM."""
    if audio.rate_hz == rate_hz:
        return audio
    with core_errors():
        return Audio(_core.resample(audio.samples, audio.rate_hz, rate_hz), rate_hz)


class SoundCache:
    """The most recently played sounds, by their content."""

    def __init__(self, samples_max: int = SAMPLES_MAX) -> None:
        self._samples_max = samples_max
        self._samples = 0
        self._sounds: OrderedDict[tuple[bytes, int, Codec], _core.Sound] = OrderedDict()

    def encoded(self, audio: Audio, codec: Codec) -> _core.Sound:
        """Raises ValueError for audio that is no 16-bit PCM."""
        key = (audio.samples, audio.rate_hz, codec)
        sound = self._sounds.get(key)
        if sound is None:
            sound = self._sounds[key] = _core.Sound(audio.samples, audio.rate_hz, int(codec))
            self._samples += len(sound)
            self._forget()
        else:
            self._sounds.move_to_end(key)
        return sound

    def _forget(self) -> None:
        while self._samples > self._samples_max and self._sounds:
            _, forgotten = self._sounds.popitem(last=False)
            self._samples -= len(forgotten)
