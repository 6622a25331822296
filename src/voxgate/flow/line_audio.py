"""What the far end of a stream says, as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from voxgate.base.tasks import Nursery
from voxgate.media.errors import StreamClosed
from voxgate.media.stream import Stream

EVERY_S = 0.06
LIMIT_MS = 5_000


@asynccontextmanager
async def far_end_audio(stream: Stream, on_pcm: Callable[[bytes], None]) -> AsyncIterator[None]:
    """Call `on_pcm` with 16-bit little endian, 8 kHz, until the block is left."""
    nursery = Nursery("line-audio")
    stream.start_capture(limit_ms=LIMIT_MS)

    async def pump() -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            if pcm := stream.take_capture():
                on_pcm(pcm)

    nursery.start(pump(), name="pump")
    try:
        yield
    finally:
        await nursery.close()
        try:
            stream.stop_capture()
            stream.take_capture()
        except StreamClosed:
            pass
