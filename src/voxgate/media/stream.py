"""One RTP session with one far end, as the rest of the gateway sees it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from voxgate.media import _core
from voxgate.media.errors import MediaError, StreamClosed, core_errors, require
from voxgate.media.events import PlaybackId
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.room import Room, Seat
from voxgate.media.sounds import SoundCache
from voxgate.media.taps import Tapped
from voxgate.media.track import TRACKS_MAX, Track, require_gain
from voxgate.model.audio import Audio

# Longest event a telephone-event packet can express at 8 kHz (RFC 4733 section 2.3.5).
DIGIT_MS_MAX = 8191

# An hour at a time, 55 MiB.
CAPTURE_MS_MAX = 3_600_000

UINT32_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counters since the stream was opened, a tick old at most. Bytes are those of payloads.

    `remote_ip` and `remote_port` are where packets go, after latching; None before `connect`.
    """

    packets_sent: int
    bytes_sent: int
    packets_received: int
    bytes_received: int
    packets_refused: int
    lost: int
    jitter_ms: float
    rtt_ms: float | None
    remote_ip: str | None
    remote_port: int | None
    last_packet_age_ms: int | None
    capture_dropped_ms: int


class Stream(Tapped):
    """Made by `MediaEngine.open`. Every method returns at once; what follows is told by events.

    All methods but `close`, `stats` and `take_capture` raise StreamClosed after `close`.
    """

    def __init__(
        self,
        core: _core.Stream,
        advertised_ip: str,
        sounds: SoundCache,
        on_close: Callable[[int], None],
    ) -> None:
        super().__init__(core)
        self.id = core.id
        self.port = core.port
        self.advertised_ip = advertised_ip
        self._sounds = sounds
        self._on_close = on_close
        self._codec = Codec.PCMU
        self._digits: dict[int, str] = {}
        self._watcher = 0
        self._tracks: dict[str, Track] = {}
        self._gains_db = (0.0, 0.0)

    def connect(self, plan: MediaPlan) -> None:
        """Begin to talk, or talk on under another plan: silence is sent while nothing plays.

        Opens the latch anew. Raises MediaError naming the field that cannot be carried out.
        """
        plan.check()
        with core_errors():
            self._core.connect(
                remote_ip=plan.remote_ip,
                remote_port=plan.remote_port,
                remote_rtcp_port=plan.rtcp_port,
                codec=int(plan.codec),
                payload_type=plan.wire_payload_type,
                dtmf_payload_type=plan.dtmf_payload_type,
                dtmf_receive_payload_type=plan.wire_dtmf_receive_payload_type,
                ptime_ms=plan.ptime_ms,
                send=plan.send,
                receive=plan.receive,
                rtp_timeout_ms=round(plan.rtp_timeout_s * 1000),
                latch=plan.latch,
                expected_ip=plan.expected_ip,
            )
        self._codec = plan.codec

    def play(self, audio: Audio, *, loops: int = 1, offset_ms: int = 0) -> PlaybackId:
        """Play at once, `loops` times (0 for ever), the first time from `offset_ms`.

        What plays or waits is cut. Before `connect` the sound waits; while the far end holds the
        call it goes on unheard, so that its end comes when it is expected.
        """
        require("loops", loops, 0, UINT32_MAX)
        require("offset_ms", offset_ms, 0, UINT32_MAX)
        with core_errors():
            sound = self._sounds.encoded(audio, self._codec)
            return PlaybackId(self._core.play(sound, loops, offset_ms))

    def queue(self, audio: Audio) -> PlaybackId:
        """Play after what plays and waits, without a gap. Raises Overloaded when 1024 wait."""
        with core_errors():
            return PlaybackId(self._core.queue(self._sounds.encoded(audio, self._codec)))

    def stop_playback(self) -> None:
        """Cut what plays and what waits."""
        with core_errors():
            self._core.stop_playback()

    def send_digits(self, digits: str, *, duration_ms: int = 160, gap_ms: int = 80) -> None:
        """Send 0-9, *, #, A-D and F (flash) after those that wait; sound pauses meanwhile.

        Raises MediaError if telephone-event was not negotiated.
        """
        require("duration_ms", duration_ms, 1, DIGIT_MS_MAX)
        require("gap_ms", gap_ms, 0, DIGIT_MS_MAX)
        with core_errors():
            self._digits[self._core.send_digits(digits, duration_ms, gap_ms)] = digits

    def join(self, room: Room, *, speaks: bool = True, hears: bool = True) -> Seat:
        """Take a seat in a room, and leave the room before, within a tick.

        What the stream plays meanwhile is mixed over the room for this far end only.
        """
        with core_errors():
            return Seat(self._core, self._core.join(room.core, speaks, hears), room)

    def gain(self, *, inbound_db: float | None = None, outbound_db: float | None = None) -> None:
        """Make what the far end says to a room, or all that it hears, louder or fainter.

        What is not given stays as it is; 0 is as it came.
        """
        inbound = self._gains_db[0] if inbound_db is None else inbound_db
        outbound = self._gains_db[1] if outbound_db is None else outbound_db
        require_gain("inbound_db", inbound)
        require_gain("outbound_db", outbound)
        with core_errors():
            self._core.gain(inbound, outbound)
        self._gains_db = (inbound, outbound)

    def track(self, name: str) -> Track:
        """The track of this name, made the first time. Raises MediaError beyond four."""
        track = self._tracks.get(name)
        if track is None:
            taken = {track.number for track in self._tracks.values()}
            number = next((n for n in range(TRACKS_MAX) if n not in taken), None)
            if number is None:
                raise MediaError(f"a stream has at most {TRACKS_MAX} tracks")
            track = self._tracks[name] = Track(
                self._core, number, self._sounds, lambda: self._tracks.pop(name, None)
            )
        return track

    def watch_silence(self, ms: int) -> None:
        """Tell when the far end has not spoken for `ms`, counted from now; 0 ends it."""
        require("ms", ms, 0, UINT32_MAX)
        with core_errors():
            self._core.watch_silence(ms)

    def watch_tones(self) -> Callable[[], None]:
        """Listen closely from now on; call the result to stop, which a later watcher takes over.

        Tells ToneHeard, ToneStarted, ToneStopped, VoiceStarted and VoiceStopped. Costs a spectrum
        every 10 ms.
        """
        with core_errors():
            self._core.watch_tones(on=True)
        self._watcher += 1
        watcher = self._watcher

        def stop() -> None:
            if watcher == self._watcher:
                with suppress(StreamClosed), core_errors():
                    self._core.watch_tones(on=False)

        return stop

    def age_ms(self) -> int:
        """Time since the first `connect`: the clock of the events."""
        return self._core.age_ms()

    def start_capture(self, *, limit_ms: int) -> None:
        """Keep what the far end says, at most `limit_ms` until it is taken; more is dropped.

        Lost packets become silence, late ones are put in their place.
        """
        require("limit_ms", limit_ms, 1, CAPTURE_MS_MAX)
        with core_errors():
            self._core.start_capture(limit_ms)

    def stop_capture(self) -> None:
        """Keep nothing more; what was kept can still be taken."""
        with core_errors():
            self._core.stop_capture()

    def take_capture(self) -> bytes:
        """Everything kept since the last time: PCM, 16-bit little endian, 8 kHz."""
        return self._core.take_capture()

    def stats(self) -> StreamStats:
        """Counters; those of a closed stream stay as they were."""
        return StreamStats(*self._core.stats())

    def close(self) -> None:
        """Take leave of the far end (RTCP BYE) and free the ports. No event comes after this.

        Safe to call again.
        """
        self._core.close()
        self.forget_parts()
        self._on_close(self.id)

    def digits_of(self, request: int) -> str:
        """The digits of a `send_digits` that is over. For the engine."""
        return self._digits.pop(request)
