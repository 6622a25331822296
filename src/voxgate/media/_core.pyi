"""The compiled media core. Use it through `voxgate.media`."""

from typing import Any

class NoPortsLeft(Exception): ...
class StreamClosed(Exception): ...
class Overloaded(Exception): ...

class Sound:
    """A sound encoded for one codec; streams share it. Its length is in samples at 8 kHz."""

    def __new__(cls, samples: bytes, rate_hz: int, codec: int) -> Sound: ...
    def __len__(self) -> int: ...

class Engine:
    """Starts its threads when made and ends them with `stop`, or when it is dropped."""

    def __new__(cls, bind_ip: str, low: int, high: int, shards: int) -> Engine: ...
    def event_descriptor(self) -> int:
        """Readable while events wait."""
    def open(self) -> Stream: ...
    def take_events(self) -> list[tuple[int, str, tuple[Any, ...]]]:
        """Everything that happened since the last time: stream, kind, arguments."""
    def stats(self) -> tuple[int, int, int, int, int, int]:
        """Open streams, late ticks, packets sent, received, unsent, events dropped."""
    def stop(self) -> None: ...

class Hearing:
    """What a stream hears of recorded sound: 16-bit PCM at 8 kHz, as if in packets of 20 ms."""

    def __new__(cls, codec: int) -> Hearing: ...
    def hear(self, samples: bytes) -> list[tuple[int, str, tuple[Any, ...]]]:
        """When each thing was told, in milliseconds; its kind and arguments."""

class Stream:
    """Dropping it closes it."""

    @property
    def id(self) -> int: ...
    @property
    def port(self) -> int: ...
    def connect(
        self,
        *,
        remote_ip: str,
        remote_port: int,
        remote_rtcp_port: int,
        codec: int,
        payload_type: int,
        dtmf_payload_type: int | None,
        ptime_ms: int,
        send: bool,
        receive: bool,
        rtp_timeout_ms: int,
        latch: bool,
        expected_ip: str | None,
    ) -> None: ...
    def play(self, sound: Sound, loops: int, offset_ms: int) -> int: ...
    def queue(self, sound: Sound) -> int: ...
    def stop_playback(self) -> None: ...
    def send_digits(self, digits: str, duration_ms: int, gap_ms: int) -> int: ...
    def watch_silence(self, ms: int) -> None: ...
    def watch_tones(self, on: bool) -> None: ...
    def age_ms(self) -> int: ...
    def start_capture(self, limit_ms: int) -> None: ...
    def stop_capture(self) -> None: ...
    def take_capture(self) -> bytes: ...
    def stats(
        self,
    ) -> tuple[
        int,
        int,
        int,
        int,
        int,
        int,
        float,
        float | None,
        str | None,
        int | None,
        int | None,
        int,
    ]:
        """In the order of the fields of `StreamStats`."""
    def close(self) -> None: ...
