"""A media engine, and streams whose events can be waited for."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from voxgate.media import Codec, MediaEngine, MediaEvent, MediaSettings, Stream
from voxgate.testing.rtp import RtpPeer

WAIT_S = 15

E = TypeVar("E")


def on_a_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test's story on a fresh loop."""

    @functools.wraps(story)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(story(*args, **kwargs))

    return run


class Listening:
    """A stream and what it told so far."""

    def __init__(self, engine: MediaEngine) -> None:
        self.events: list[MediaEvent] = []
        self._changed = asyncio.Event()
        self.stream: Stream = engine.open(self._on_event)

    def _on_event(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[E], count: int = 1) -> E:
        """The `count`th event of a kind, as soon as it is told."""
        async with asyncio.timeout(WAIT_S):
            while len(self.told(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.told(kind)[count - 1]


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[MediaEngine]:
    engine = MediaEngine(MediaSettings(**{"rtp_ports": (31000, 31999), **settings}))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@asynccontextmanager
async def talking(
    codec: Codec = Codec.PCMU, **changes: Any
) -> AsyncIterator[tuple[Listening, RtpPeer]]:
    """A stream connected to a peer that talks back to it."""
    async with running() as engine, RtpPeer.listening(codec=codec) as peer:
        near = Listening(engine)
        near.stream.connect(replace(peer.plan(), **changes))
        peer.aim(near.stream.port)
        yield near, peer


async def happens(condition: Callable[[], bool]) -> None:
    """Look at something that tells nobody of its changes until it is so."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - statistics have no event
            await asyncio.sleep(0.01)
