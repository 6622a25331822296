"""Sounds under a call: tracks of a stream, mixed below everything else its far end hears."""

from collections.abc import Callable

from voxgate.media import _core
from voxgate.media.errors import core_errors, require
from voxgate.media.events import PlaybackId
from voxgate.media.plan import Codec
from voxgate.media.sounds import SoundCache
from voxgate.model.audio import Audio

TRACKS_MAX = 4
GAIN_DB = (-90.0, 40.0)

UINT32_MAX = 2**32 - 1


def require_gain(field: str, gain_db: float) -> None:
    """Raise MediaError naming the field unless the gain is one that makes sense."""
    require(field, gain_db, *GAIN_DB)


class Track:
    """Made by `Stream.track`. Methods raise StreamClosed once the stream is closed."""

    def __init__(
        self,
        core: _core.Stream,
        number: int,
        sounds: SoundCache,
        on_remove: Callable[[], object],
    ) -> None:
        self.number = number
        self._core = core
        self._sounds = sounds
        self._on_remove = on_remove

    def play(self, audio: Audio, *, loops: int = 1, gain_db: float = 0.0) -> PlaybackId:
        """Play at once, `loops` times (0 for ever); what this track plays is cut."""
        require("loops", loops, 0, UINT32_MAX)
        require_gain("gain_db", gain_db)
        with core_errors():
            sound = self._sounds.encoded(audio, Codec.PCMU)
            return PlaybackId(self._core.play_on_track(self.number, sound, loops, gain_db))

    def queue(self, audio: Audio) -> PlaybackId:
        """Play after what this track plays, as loud as that."""
        with core_errors():
            sound = self._sounds.encoded(audio, Codec.PCMU)
            return PlaybackId(self._core.queue_on_track(self.number, sound))

    def gain(self, gain_db: float) -> None:
        """Make what plays and what will be queued louder or fainter."""
        require_gain("gain_db", gain_db)
        with core_errors():
            self._core.set_track_gain(self.number, gain_db)

    def silence(self) -> None:
        """Cut what plays and what waits."""
        with core_errors():
            self._core.silence_track(self.number)

    def remove(self) -> None:
        """Silence it and let its place go to another name."""
        self._on_remove()
        self.silence()
