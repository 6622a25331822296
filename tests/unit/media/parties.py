"""Far ends that talk in tones, and what they hear of each other."""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

from unit.media.streams import WAIT_S, Listening
from voxgate.media import Codec, MediaEngine, Room, Seat
from voxgate.testing.rtp import RtpPeer, tone

LOW_HZ, HIGH_HZ, THIRD_HZ = 400, 1000, 1700
TONES_HZ = (LOW_HZ, HIGH_HZ, THIRD_HZ)


class Party:
    """Somebody on the telephone: a stream and the far end that talks to it."""

    def __init__(self, near: Listening, peer: RtpPeer) -> None:
        self.near = near
        self.stream = near.stream
        self.peer = peer

    def level(self, frequency: float, *, ms: int = 200) -> float:
        """How loud a tone was in the last milliseconds, relative to full scale; 0 is silence."""
        samples = array("h", self.peer.heard().samples[-16 * ms :])
        turn = 2 * math.pi * frequency / 8000
        real = sum(sample * math.cos(turn * n) for n, sample in enumerate(samples))
        imaginary = sum(sample * math.sin(turn * n) for n, sample in enumerate(samples))
        return 2 * math.hypot(real, imaginary) / max(1, len(samples)) / 32768

    def hears(self) -> set[float]:
        """Which of the tones of these tests it heard last."""
        return {frequency for frequency in TONES_HZ if self.level(frequency) > 0.02}

    def longest_silence(self) -> int:
        """In samples, between the first sound it heard and the last."""
        samples = array("h", self.peer.heard().samples)
        loud = [place for place, sample in enumerate(samples) if abs(sample) > 300]
        return max(after - before for before, after in pairwise(loud))


@asynccontextmanager
async def parties(engine: MediaEngine, count: int, **changes: Any) -> AsyncIterator[list[Party]]:
    """So many far ends, each connected to a stream of its own."""
    codec = changes.get("codec", Codec.PCMU)
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT_S):
        made: list[Party] = []
        for _ in range(count):
            peer = await stack.enter_async_context(RtpPeer.listening(codec=codec))
            near = Listening(engine)
            near.stream.connect(replace(peer.plan(), **changes))
            peer.aim(near.stream.port)
            made.append(Party(near, peer))
        yield made


async def talk(ms: int, *tones: tuple[Party, float]) -> None:
    """Everybody says a tone at once; the rest is silent."""
    async with asyncio.TaskGroup() as group:
        for party, frequency in tones:
            group.create_task(party.peer.send(tone(frequency, ms)))


def all_join(room: Room, made: Sequence[Party]) -> list[Seat]:
    return [party.stream.join(room) for party in made]


def decibels(after: float, before: float) -> float:
    return 20 * math.log10(after / before)
