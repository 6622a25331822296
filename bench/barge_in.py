"""How soon a caller who speaks up, or presses a key, hears the prompt end; all calls play.

From the trigger to the last outbound packet of the prompt that the far end receives. The trigger
of a key is its first telephone-event packet; that of a voice the packet with which the detector
has heard enough to be sure (three loud frames in a row), whose distance from the onset is told
beside it. Packets are timed as they are sent, and as the kernel receives them. A
figure is the median of the rounds'; the first is the worse of key and voice.
"""

import asyncio
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.meter import Window
from bench.results import Result, percentile
from bench.rtp_farm import SO_TIMESTAMPNS
from bench.stage import FARM_PORT, LoadSide, stage

CALLS = 200
SETUP_RATE = 25
ROUNDS = 5
ROUND_S = 4.0  # a trigger in each call, at a random moment of the first half; then the prompt again
SETTLE_S = 2.0
FRAME_S = 0.020
SLICES = 10
QUIET_AFTER_S = 1.2  # what plays later than this is the next prompt
DETECTED_FRAMES = 3  # 60 ms, what the core's detector takes to be sure
VOICE_FRAMES = 20
KEY_FRAMES, KEY_ENDS = 5, 3
EVENT_TYPE = 101
SILENCE = b"\xff" * 160

_RTP = struct.Struct("!BBHII")
_STAMP = struct.Struct("=qq")

KEYS: list[dict[str, object]] = [
    {
        "verb": "gather",
        "input": ["digits"],
        "numDigits": 4,
        "interDigitTimeout": 1.3,
        "timeout": 60,
        "play": {"url": "TONE_URL"},
    }
]
VOICES: list[dict[str, object]] = [
    {
        "verb": "gather",
        "input": ["speech"],
        "bargein": True,
        "minBargeinWordCount": 0,
        "timeout": 60,
        "recognizer": {
            "vendor": "scripted",
            "asrTimeout": 0.9,
            "scriptedOptions": {"utterances": ["yes"] * 3 * ROUNDS},
        },
        "play": {"url": "TONE_URL"},
    }
]


def _voice() -> bytes:
    """A frame that is loud to any detector."""
    dice = random.Random(1)
    return bytes(dice.randrange(0x80, 0xA0) ^ (dice.randrange(2) << 7) for _ in range(160))


@dataclass
class Flow:
    """One call as its far end sees it. Times: seconds since 1970."""

    address: tuple[str, int]
    slice: int
    sequence: int = 0
    begin_at: float | None = None  # of the next key or voice
    step: int = 0  # of the one that is going on
    onset_at: float = 0.0
    trigger_at: float = 0.0
    last_at: float = 0.0  # of the prompt, after the trigger
    plays: bool = False

    def settle(self) -> tuple[float, float] | None:
        """Milliseconds from trigger to silence, and from onset to trigger, of this round."""
        heard = bool(self.trigger_at) and self.plays
        span_s, onset_s = self.last_at - self.trigger_at, self.trigger_at - self.onset_at
        self.trigger_at, self.plays = 0.0, False
        return (1000 * max(0.0, span_s), 1000 * onset_s) if heard else None


class FarEnd(threading.Thread):
    """All callees on one port: sends silence, voices and keys, and hears when prompts end."""

    def __init__(self, peers: Sequence[tuple[str, int]], *, keys: bool) -> None:
        super().__init__(name="far-end")
        self.flows = {peer: Flow(peer, number % SLICES) for number, peer in enumerate(peers)}
        self._keys = keys
        self._voice = _voice()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind(("127.0.0.1", FARM_PORT))
        self._socket.setblocking(False)
        self._over = threading.Event()

    def stop(self) -> None:
        self._over.set()
        self.join()
        self._socket.close()

    def start_round(self) -> None:
        """Each far end speaks up at some moment of the next half round."""
        now = time.time()
        for flow in self.flows.values():
            flow.begin_at = now + random.random() * ROUND_S / 2

    def settle(self) -> list[tuple[float, float]]:
        """What became of the round."""
        return [told for flow in self.flows.values() if (told := flow.settle()) is not None]

    def run(self) -> None:
        by_slice = [
            [flow for flow in self.flows.values() if flow.slice == number]
            for number in range(SLICES)
        ]
        beat, due = 0, time.monotonic()
        while not self._over.is_set():
            for flow in by_slice[beat % SLICES]:
                self._send(flow, beat // SLICES)
            self._receive()
            beat += 1
            due += FRAME_S / SLICES
            time.sleep(max(0.0, due - time.monotonic()))

    def _send(self, flow: Flow, frame: int) -> None:
        if flow.begin_at is not None and time.time() >= flow.begin_at:
            flow.begin_at, flow.step = None, 1
        kind, marker, payload = 0, 0, SILENCE
        timestamp = frame * 160
        if flow.step and self._keys:
            kind, marker, timestamp, payload = self._key(flow, timestamp)
        elif flow.step:
            payload = self._voice
        flow.sequence = (flow.sequence + 1) & 0xFFFF
        head = _RTP.pack(0x80, marker << 7 | kind, flow.sequence, timestamp & 0xFFFFFFFF, 7)
        sent_at = time.time()
        self._socket.sendto(head + payload, flow.address)
        self._advance(flow, sent_at)

    def _key(self, flow: Flow, timestamp: int) -> tuple[int, int, int, bytes]:
        held = min(flow.step, KEY_FRAMES)
        end = 0x80 if flow.step > KEY_FRAMES else 0
        began = timestamp - 160 * (flow.step - 1)
        return (
            EVENT_TYPE,
            int(flow.step == 1),
            began,
            struct.pack("!BBH", 5, end | 10, 160 * held),
        )

    def _advance(self, flow: Flow, sent_at: float) -> None:
        if not flow.step:
            return
        if flow.step == 1:
            flow.onset_at = sent_at
        if flow.step == (1 if self._keys else DETECTED_FRAMES):
            flow.trigger_at = flow.last_at = sent_at
        flow.step += 1
        if flow.step > (KEY_FRAMES + KEY_ENDS if self._keys else VOICE_FRAMES):
            flow.step = 0

    def _receive(self) -> None:
        while True:
            try:
                data, control, _, address = self._socket.recvmsg(400, 64)
            except BlockingIOError:
                return
            flow = self.flows.get(address)
            if flow is None or len(data) < 100 or data.count(data[12], 12) > 100:
                continue
            seconds, nanoseconds = _STAMP.unpack_from(control[0][2])
            at = seconds + nanoseconds / 1e9
            if not flow.trigger_at:
                flow.plays = True
            elif flow.trigger_at < at < flow.trigger_at + QUIET_AFTER_S:
                flow.last_at = at


async def _answered(load: LoadSide) -> None:
    await load.offer_at(SETUP_RATE, CALLS)
    for _ in range(600):
        if load.answered >= CALLS:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"only {load.answered} of {CALLS} calls were answered")


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds: the machine is shared, one disturbed round must not decide."""

    p50_ms: float
    p99_ms: float
    onset_ms: float
    samples: int


async def _measure(document: list[dict[str, object]], *, keys: bool) -> Figures:
    async with stage(document * (ROUNDS + 2)) as (gateway, load):
        load.callee.hear_keys(EVENT_TYPE)
        await _answered(load)
        far_end = FarEnd(load.media, keys=keys)
        far_end.start()
        try:
            await asyncio.sleep(SETTLE_S)
            rounds = []
            window = Window(gateway.pid, load_pids=(os.getpid(),))
            for _ in range(ROUNDS):
                far_end.start_round()
                await asyncio.sleep(ROUND_S)
                rounds.append(far_end.settle())
            print(
                f"barge-in by {'key' if keys else 'voice'}: the gateway took "
                f"{100 * window.used_s / window.seconds:.0f} % of a core, strangers "
                f"{window.foreign_pct:.0f} %"
            )
        finally:
            far_end.stop()
    spans = [[span for span, _ in told] for told in rounds]
    return Figures(
        median(percentile(each, 0.5) for each in spans),
        median(percentile(each, 0.99) for each in spans),
        median(onset for told in rounds for _, onset in told),
        sum(len(told) for told in rounds),
    )


async def measure_barge_in() -> list[Result]:
    key = await _measure(KEYS, keys=True)
    voice = await _measure(VOICES, keys=False)
    worst, both = max(key.p99_ms, voice.p99_ms), key.samples + voice.samples
    return [
        Result("barge_in_ms_p99", worst, "ms", 100, "lower", both),
        Result("barge_in_key_ms_p50", key.p50_ms, "ms", None, "lower", key.samples),
        Result("barge_in_key_ms_p99", key.p99_ms, "ms", None, "lower", key.samples),
        Result("barge_in_voice_ms_p50", voice.p50_ms, "ms", None, "lower", voice.samples),
        Result("barge_in_voice_ms_p99", voice.p99_ms, "ms", None, "lower", voice.samples),
        Result("barge_in_onset_ms_p50", voice.onset_ms, "ms", None, "lower", voice.samples),
    ]
