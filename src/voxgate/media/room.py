"""Rooms: streams that hear each other, two of them or many."""

from collections.abc import Callable, Iterable

from voxgate.media import _core
from voxgate.media.errors import core_errors, require
from voxgate.media.events import PlaybackId
from voxgate.media.plan import Codec
from voxgate.media.sounds import SoundCache
from voxgate.model.audio import Audio

UINT32_MAX = 2**32 - 1


class Room:
    """Made by `MediaEngine.room`; streams take seats in it with `Stream.join`.

    Two seats of one packet time that nothing is mixed for have their packets forwarded; everything
    else is decoded and mixed, each hearing all but itself. All methods but `close` raise
    StreamClosed after `close`.
    """

    def __init__(
        self, core: _core.Room, sounds: SoundCache, on_close: Callable[[int], None]
    ) -> None:
        self.id = core.id
        self._core = core
        self._sounds = sounds
        self._on_close = on_close

    @property
    def core(self) -> _core.Room:
        """For the streams that join."""
        return self._core

    def play(self, audio: Audio, *, loops: int = 1) -> PlaybackId:
        """Play to everybody who hears the room, `loops` times (0 for ever), under what is said.

        What plays or waits is cut. Time stands still while the room is empty. The end is told to
        the room's listener.
        """
        require("loops", loops, 0, UINT32_MAX)
        with core_errors():
            return PlaybackId(self._core.play(self._sounds.encoded(audio, Codec.PCMU), loops))

    def queue(self, audio: Audio) -> PlaybackId:
        """Play after what plays and waits, without a gap. Raises Overloaded when 1024 wait."""
        with core_errors():
            return PlaybackId(self._core.queue(self._sounds.encoded(audio, Codec.PCMU)))

    def stop_playback(self) -> None:
        """Cut what plays and what waits."""
        with core_errors():
            self._core.stop_playback()

    def close(self) -> None:
        """Everybody leaves. No event comes after this. Safe to call again."""
        self._core.close()
        self._on_close(self.id)


class Seat:
    """One stay of a stream in a room; once it has left, the methods do nothing.

    They raise StreamClosed once the stream is closed, all but `leave`.
    """

    def __init__(self, core: _core.Stream, seat: int, room: Room) -> None:
        self.id = seat
        self.room = room
        self._core = core

    def mute(self, muted: bool) -> None:  # noqa: FBT001 - the name says which
        """Be heard by nobody, or again."""
        with core_errors():
            self._core.mute(self.id, muted)

    def deafen(self, deaf: bool) -> None:  # noqa: FBT001 - likewise
        """Hear nothing of the room, or again; what the stream itself plays is still heard."""
        with core_errors():
            self._core.deafen(self.id, deaf)

    def coach(self, seats: Iterable["Seat"] | None) -> None:
        """Be heard by these seats only, or by all again (None)."""
        with core_errors():
            self._core.coach(self.id, None if seats is None else [seat.id for seat in seats])

    def relay_digits(self, relays: bool) -> None:  # noqa: FBT001 - likewise
        """Press what this far end presses for the other one too, while two are in the room.

        The stream's listener is told of the digits either way.
        """
        with core_errors():
            self._core.relay_digits(self.id, relays)

    def leave(self) -> None:
        """Go back to what the stream plays itself, else silence. Safe to call at any time."""
        try:
            self._core.leave(self.id)
        except _core.StreamClosed:
            return
