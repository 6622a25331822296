"""A far end for tests that speaks plain RTP (RFC 3550), G.711 and telephone events (RFC 4733).

It shares no code with the media core, so that the two check each other.
"""

import asyncio
import math
import struct
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from voxgate.media.plan import Codec, MediaPlan
from voxgate.model.audio import Audio
from voxgate.testing.g711 import decode, encode

RATE_HZ = 8000
FRAME = 160  # samples in 20 ms
FRAME_S = 0.02
KEYS = "0123456789*#ABCDF"
EVENT_VOLUME = 10
END_PACKETS = 3

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet as it came."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    source: tuple[str, int]

    @classmethod
    def parse(cls, datagram: bytes, source: tuple[str, int]) -> "RtpPacket":
        _, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
        marker, payload_type = second >= 128, second % 128
        return cls(marker, payload_type, sequence, timestamp, ssrc, datagram[12:], source)


@dataclass(frozen=True, slots=True)
class HeardEvent:
    """One telephone event: its key, its last duration, and how often its end was sent."""

    key: str
    duration_ms: int
    ends: int


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, on_datagram: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._on_datagram = on_datagram

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._on_datagram(data, addr)


class RtpPeer:
    """Use `async with RtpPeer.listening() as peer`, and connect a stream to `peer.plan()`.

    Received packets are in `packets` and RTCP datagrams in `reports`, both without end: it is made
    for tests of seconds.
    """

    def __init__(self, codec: Codec, dtmf_payload_type: int) -> None:
        self.codec = codec
        self.dtmf_payload_type = dtmf_payload_type
        self.packets: list[RtpPacket] = []
        self.reports: list[bytes] = []
        self.ssrc = 0x7E57_0001
        self.sequence = 65_530  # soon wraps
        self.timestamp = 4_294_967_000  # likewise
        self._changed = asyncio.Event()
        self._target: tuple[str, int] | None = None
        self.ip = ""
        self.port = 0
        self.rtcp_port = 0
        self._rtp: asyncio.DatagramTransport
        self._rtcp: asyncio.DatagramTransport

    @classmethod
    @asynccontextmanager
    async def listening(
        cls, *, codec: Codec = Codec.PCMU, dtmf_payload_type: int = 101, ip: str = "127.0.0.1"
    ) -> AsyncIterator["RtpPeer"]:
        """A peer on two free ports."""
        peer = cls(codec, dtmf_payload_type)
        loop = asyncio.get_running_loop()
        peer._rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(peer._on_rtp), local_addr=(ip, 0)
        )
        peer._rtcp, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(peer._on_rtcp), local_addr=(ip, 0)
        )
        peer.ip, peer.port = peer._rtp.get_extra_info("sockname")
        peer.rtcp_port = peer._rtcp.get_extra_info("sockname")[1]
        try:
            yield peer
        finally:
            peer._rtp.close()
            peer._rtcp.close()

    def plan(self) -> MediaPlan:
        """What a stream that talks to this peer has negotiated."""
        return MediaPlan(
            self.ip,
            self.port,
            self.rtcp_port,
            codec=self.codec,
            dtmf_payload_type=self.dtmf_payload_type,
        )

    def aim(self, port: int, ip: str = "127.0.0.1") -> None:
        """Send to this RTP port from now on, and RTCP to the next."""
        self._target = (ip, port)

    # -- talking

    def send_datagram(self, datagram: bytes) -> None:
        """Send any bytes as they are."""
        self._rtp.sendto(datagram, self._target)

    def send_report(self, datagram: bytes) -> None:
        """Send any bytes from the RTCP port."""
        if self._target is None:
            raise AssertionError("aim the peer first")
        ip, port = self._target
        self._rtcp.sendto(datagram, (ip, port + 1))

    def send_packet(
        self, payload: bytes, *, payload_type: int | None = None, marker: bool = False, age: int = 0
    ) -> None:
        """Send one packet at the peer's present place in its sequence."""
        number = int(self.codec) if payload_type is None else payload_type
        timestamp = (self.timestamp - age) % 2**32
        header = _HEADER.pack(0x80, marker << 7 | number, self.sequence, timestamp, self.ssrc)
        self.sequence = (self.sequence + 1) % 2**16
        self.send_datagram(header + payload)

    async def send(self, audio: Audio) -> None:
        """Say something at 8 kHz, a packet every 20 ms; the last one is filled with silence."""
        if audio.rate_hz != RATE_HZ:
            raise AssertionError("the peer speaks at 8 kHz only")
        sound = encode(audio.samples, self.codec)
        silence = encode(bytes(2), self.codec)
        frames = [sound[start : start + FRAME] for start in range(0, len(sound), FRAME)]
        await self._pace([partial(self._say, frame, silence) for frame in frames])

    async def send_silence(self, ms: int) -> None:
        await self.send(Audio(bytes(ms * 16), RATE_HZ))

    async def press(self, keys: str, *, duration_ms: int = 100, ends: int = END_PACKETS) -> None:
        """Send telephone events with their ends as often as told, 40 ms of pause after each."""
        for key in keys:
            await self._pace(self._event_steps(key, duration_ms, ends))
            await self.send_silence(40)

    async def _pace(self, steps: Sequence[Callable[[], None]]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number, step in enumerate(steps):
            await asyncio.sleep(started + number * FRAME_S - loop.time())
            step()

    def _say(self, frame: bytes, silence: bytes) -> None:
        self.send_packet(frame + silence * (FRAME - len(frame)))
        self.timestamp = (self.timestamp + FRAME) % 2**32

    def _event_steps(self, key: str, duration_ms: int, ends: int) -> list[Callable[[], None]]:
        code, total = KEYS.index(key), duration_ms * 8
        durations = [*range(FRAME, total, FRAME), *[total] * max(1, ends)]
        last = len(durations) - ends

        def step(number: int, duration: int) -> None:
            end = number >= last
            payload = _EVENT.pack(code, end << 7 | EVENT_VOLUME, duration)
            kind = self.dtmf_payload_type
            self.send_packet(payload, payload_type=kind, marker=number == 0, age=number * FRAME)
            self.timestamp = (self.timestamp + FRAME) % 2**32

        return [partial(step, number, duration) for number, duration in enumerate(durations)]

    # -- listening

    def heard(self) -> Audio:
        """All sound so far in the order of its time stamps; what is missing is left out."""
        sound = [packet for packet in self.packets if packet.payload_type == int(self.codec)]
        if not sound:
            return Audio(b"", RATE_HZ)
        first = sound[0].timestamp
        sound.sort(key=lambda packet: (packet.timestamp - first) % 2**32)
        return Audio(b"".join(decode(packet.payload, self.codec) for packet in sound), RATE_HZ)

    def events(self) -> list[HeardEvent]:
        """The telephone events so far, told apart by their time stamps."""
        heard: dict[int, HeardEvent] = {}
        for packet in self.packets:
            if packet.payload_type == self.dtmf_payload_type:
                code, flags, duration = _EVENT.unpack_from(packet.payload)
                before = heard.get(packet.timestamp)
                ends = (before.ends if before else 0) + (flags >= 128)
                heard[packet.timestamp] = HeardEvent(KEYS[code], duration // 8, ends)
        return list(heard.values())

    def digits(self) -> str:
        """The keys of all events that ended."""
        return "".join(event.key for event in self.events() if event.ends)

    async def until(self, happened: Callable[["RtpPeer"], bool]) -> None:
        """Return once `happened(self)` is true; it is asked again with every datagram."""
        while not happened(self):
            self._changed.clear()
            await self._changed.wait()

    def _on_rtp(self, datagram: bytes, source: tuple[str, int]) -> None:
        self.packets.append(RtpPacket.parse(datagram, source))
        self._changed.set()

    def _on_rtcp(self, datagram: bytes, _source: tuple[str, int]) -> None:
        self.reports.append(datagram)
        self._changed.set()


def tone(frequency_hz: float, ms: int, *, level: float = 0.3) -> Audio:
    """A sine at 8 kHz; `level` 1.0 is full scale."""
    peak = 32767 * level
    step = 2 * math.pi * frequency_hz / RATE_HZ
    samples = array("h", (int(peak * math.sin(n * step)) for n in range(ms * 8)))
    return Audio(samples.tobytes(), RATE_HZ)


def frequency_hz(audio: Audio) -> float:
    """The frequency of a tone, from its upward zero crossings; 0 for silence."""
    samples = array("h", audio.samples)
    loud = max((abs(sample) for sample in samples), default=0) // 4
    crossings: list[int] = []
    armed = False
    for place, sample in enumerate(samples):
        if sample < -loud:
            armed = True
        elif armed and sample > loud:
            crossings.append(place)
            armed = False
    if not loud or len(crossings) < 2:
        return 0.0
    return audio.rate_hz * (len(crossings) - 1) / (crossings[-1] - crossings[0])


def longest_gap(packets: Sequence[RtpPacket]) -> int:
    """The largest step between neighbours in sequence; 1 when none is missing."""
    steps = [(after.sequence - before.sequence) % 2**16 for before, after in pairwise(packets)]
    return max(steps, default=0)
