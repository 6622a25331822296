"""The results of one recognition on their way to whoever waits for them."""

import asyncio
from collections import deque

from voxgate.speech.recognition import Heard, RecognitionFailed

WAITING_MAX = 64  # results nobody has taken; the oldest is of least interest


class Results:
    """Filled by the vendor's side, emptied by `next`."""

    def __init__(self) -> None:
        self._waiting: deque[Heard] = deque(maxlen=WAITING_MAX)
        self._failure: RecognitionFailed | None = None
        self._complete = False
        self._news = asyncio.Event()

    def put(self, heard: Heard) -> None:
        self._waiting.append(heard)
        self._news.set()

    def fail(self, failure: RecognitionFailed) -> None:
        """What waits is told first."""
        self._failure = self._failure or failure
        self._news.set()

    def complete(self) -> None:
        """Nothing will follow."""
        self._complete = True
        self._news.set()

    def clear(self) -> None:
        self._waiting.clear()

    async def next(self) -> Heard | None:
        while True:
            if self._waiting:
                return self._waiting.popleft()
            if self._failure is not None:
                failed = self._failure
                raise RecognitionFailed(failed.kind, failed.vendor, failed.detail)
            if self._complete:
                return None
            self._news.clear()
            await self._news.wait()
