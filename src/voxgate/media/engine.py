"""The media core of a process: its threads, its ports, and the way its events reach asyncio."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voxgate.base.log import get_logger
from voxgate.media import _core
from voxgate.media.errors import MediaError, StreamClosed, core_errors
from voxgate.media.events import EVENTS, DigitsSent, MediaEvent
from voxgate.media.room import Room
from voxgate.media.sounds import SoundCache
from voxgate.media.stream import Stream

log = get_logger("media")

Listener = Callable[[MediaEvent], None]


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where media is sent from. `advertised_ip` is what far ends are told, by default `bind_ip`.

    `rtp_ports` are the first and last port; a stream takes an even one and the next. One shard
    (thread) carries well over a thousand calls.
    """

    bind_ip: str = "127.0.0.1"
    advertised_ip: str | None = None
    rtp_ports: tuple[int, int] = (20000, 29999)
    shards: int = 1


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counters of all streams since `start`. Late ticks began 10 ms late or were left out."""

    open_streams: int
    late_ticks: int
    packets_sent: int
    packets_received: int
    packets_unsent: int
    events_dropped: int


class MediaEngine:
    """Owns the shard threads, the RTP ports and one eventfd that wakes the asyncio loop."""

    def __init__(self, settings: MediaSettings) -> None:
        low, high = settings.rtp_ports
        if not (0 < low < high <= 65535):
            raise MediaError("rtp_ports must be two ports in order, 1 to 65535")
        if settings.shards < 1:
            raise MediaError("shards must be at least 1")
        self._settings = settings
        self._core: _core.Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sounds = SoundCache()
        self._streams: dict[int, tuple[Stream, Listener]] = {}
        self._rooms: dict[int, tuple[Room, Listener]] = {}

    async def start(self) -> None:
        """Start the threads. Listeners are called on the loop this runs on."""
        low, high = self._settings.rtp_ports
        with core_errors():
            self._core = _core.Engine(self._settings.bind_ip, low, high, self._settings.shards)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._core.event_descriptor(), self._deliver)

    async def stop(self) -> None:
        """Close every stream and wait until the threads have ended. Safe to call again."""
        if self._core is None or self._loop is None:
            return
        core, self._core = self._core, None
        self._loop.remove_reader(core.event_descriptor())
        for stream, _ in list(self._streams.values()):
            stream.close()
        for room, _ in list(self._rooms.values()):
            room.close()
        await asyncio.to_thread(core.stop)

    def open(self, listener: Listener) -> Stream:
        """Bind a pair of ports. The caller closes the stream.

        The listener is called on the loop, one event at a time and in order; it must not block.
        Raises NoPortsLeft when the range is used up.
        """
        if self._core is None:
            raise StreamClosed("the media engine is not running")
        with core_errors():
            core = self._core.open()
        advertised_ip = self._settings.advertised_ip or self._settings.bind_ip
        stream = Stream(core, advertised_ip, self._sounds, self._forget)
        self._streams[stream.id] = (stream, listener)
        return stream

    def room(self, listener: Listener | None = None) -> Room:
        """A room that nobody is in yet. The caller closes it.

        The listener is told when what is played to the room ends, like that of a stream.
        """
        if self._core is None:
            raise StreamClosed("the media engine is not running")
        with core_errors():
            core = self._core.room()
        room = Room(core, self._sounds, self._forget_room)
        self._rooms[room.id] = (room, listener or _tell_nobody)
        return room

    def stats(self) -> EngineStats:
        if self._core is None:
            raise StreamClosed("the media engine is not running")
        return EngineStats(*self._core.stats())

    def _forget(self, stream_id: int) -> None:
        self._streams.pop(stream_id, None)

    def _forget_room(self, room_id: int) -> None:
        self._rooms.pop(room_id, None)

    def _deliver(self) -> None:
        if self._core is None:
            return
        for source_id, kind, arguments in self._core.take_events():
            known = self._streams.get(source_id) or self._rooms.get(source_id)
            if known is None:
                continue
            source, listener = known
            try:
                if not (isinstance(source, Stream) and source.on_part(kind, arguments)):
                    listener(_event(source, kind, arguments))
            except Exception:  # boundary: one listener's fault must not silence the others
                log.exception("media_listener_failed", source_id=source_id, kind=kind)


def _tell_nobody(_event: MediaEvent) -> None:
    """For rooms whose playback ends unheeded."""


def _event(stream: Stream | Room, kind: str, arguments: tuple[Any, ...]) -> MediaEvent:
    if kind == "digits_sent" and isinstance(stream, Stream):
        return DigitsSent(stream.digits_of(*arguments))
    return EVENTS[kind](*arguments)
