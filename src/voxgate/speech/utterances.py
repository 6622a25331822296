"""A line's sound cut into utterances, by what its voice activity detector says."""

BYTES_PER_SAMPLE = 2
PREROLL_MS = 500  # the detector tells of speech when it has lasted a little
UTTERANCE_MS_MAX = 15_000  # longer speech is cut here


class Utterances:
    """Keeps the last moment while nobody speaks, and all of it while somebody does."""

    def __init__(self, rate_hz: int) -> None:
        self._bytes_per_ms = rate_hz * BYTES_PER_SAMPLE / 1000
        self._kept = bytearray()
        self.speaking = False

    @property
    def ms(self) -> int:
        """The length of what is kept, the moment before the speech included."""
        return round(len(self._kept) / self._bytes_per_ms)

    @property
    def is_full(self) -> bool:
        return self.ms >= UTTERANCE_MS_MAX

    @property
    def sound(self) -> bytes:
        return bytes(self._kept)

    def feed(self, pcm: bytes) -> None:
        self._kept += pcm
        limit_ms = UTTERANCE_MS_MAX if self.speaking else PREROLL_MS
        excess = len(self._kept) - round(limit_ms * self._bytes_per_ms) // 2 * 2
        if excess > 0:
            if self.speaking:
                del self._kept[-excess:]
            else:
                del self._kept[:excess]

    def take(self) -> bytes:
        """What was said, and begin anew."""
        sound = bytes(self._kept)
        self._kept.clear()
        return sound

    def clear(self) -> None:
        self._kept.clear()
        self.speaking = False
