import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from unit.media.streams import WAIT_S, Listening, on_a_loop, running
from voxgate.media import Codec, MediaEngine
from voxgate.model.audio import Audio
from voxgate.testing.rtp import RtpPeer, longest_gap, tone

LOW_HZ, HIGH_HZ, THIRD_HZ = 400, 1000, 1700


class Party:
    """Somebody on the telephone: a stream and the far end that talks to it."""

    def __init__(self, near: Listening, peer: RtpPeer) -> None:
        self.near = near
        self.stream = near.stream
        self.peer = peer

    def heard(self, ms: int) -> Audio:
        """The last so many milliseconds."""
        audio = self.peer.heard()
        return Audio(audio.samples[-16 * ms :], audio.rate_hz)

    def level(self, frequency: float, ms: int = 200) -> float:
        """How loud a tone is in what was heard last, relative to full scale; 0 is silence."""
        samples = array("h", self.heard(ms).samples)
        turn = 2 * math.pi * frequency / 8000
        real = sum(sample * math.cos(turn * n) for n, sample in enumerate(samples))
        imaginary = sum(sample * math.sin(turn * n) for n, sample in enumerate(samples))
        return 2 * math.hypot(real, imaginary) / max(1, len(samples)) / 32768

    def hears(self, frequency: float) -> bool:
        return self.level(frequency) > 0.1

    def silences(self) -> int:
        """The longest row of digital silence heard, in samples."""
        longest = row = 0
        for sample in array("h", self.peer.heard().samples):
            row = row + 1 if abs(sample) < 9 else 0
            longest = max(longest, row)
        return longest


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


@on_a_loop
async def test_two_in_a_room_hear_each_other_and_not_themselves():
    async with running() as engine, parties(engine, 2) as (a, b):
        room = engine.room()
        a.stream.join(room)
        b.stream.join(room)
        await talk(500, (a, LOW_HZ), (b, HIGH_HZ))

        assert a.hears(HIGH_HZ)
        assert not a.hears(LOW_HZ)
        assert b.hears(LOW_HZ)
        assert not b.hears(HIGH_HZ)
        assert longest_gap(a.peer.packets) == 1


@on_a_loop
async def test_three_in_a_room_hear_the_two_others():
    async with running() as engine, parties(engine, 3) as (a, b, c):
        room = engine.room()
        for party in (a, b, c):
            party.stream.join(room)
        await talk(500, (a, LOW_HZ), (b, HIGH_HZ), (c, THIRD_HZ))

        assert [a.hears(hz) for hz in (LOW_HZ, HIGH_HZ, THIRD_HZ)] == [False, True, True]
        assert [b.hears(hz) for hz in (LOW_HZ, HIGH_HZ, THIRD_HZ)] == [True, False, True]
        assert [c.hears(hz) for hz in (LOW_HZ, HIGH_HZ, THIRD_HZ)] == [True, True, False]
