"""Rendered speech, kept while there is room and rendered once however many calls ask for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from voxgate.base.lru import Lru
from voxgate.base.tasks import Nursery
from voxgate.model.audio import Audio
from voxgate.speech.contract import SpeechFailed

BYTES_MAX = 64 * 1024 * 1024  # over an hour of telephone speech


class AudioCache:
    """Least recently used sound goes first."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._kept: Lru[Hashable, Audio] = Lru(bytes_max, lambda audio: len(audio.samples))
        self._rendering: dict[Hashable, asyncio.Task[Audio | SpeechFailed]] = {}
        self._nursery = Nursery("speech-cache")

    async def get(self, key: Hashable, render: Callable[[], Awaitable[Audio]]) -> Audio:
        """The sound under `key`; `render` is called when there is none and nobody is at it.

        A caller who is cancelled leaves the rendering to the others. A SpeechFailed goes to
        all who wait and is not kept.
        """
        if (kept := self._kept.get(key)) is not None:
            return kept
        task = self._rendering.get(key)
        if task is None:
            task = self._nursery.start(self._render(key, render), name="render")
            self._rendering[key] = task
        rendered = await asyncio.shield(task)
        if isinstance(rendered, SpeechFailed):
            raise rendered.again()
        return rendered

    async def close(self) -> None:
        await self._nursery.close()

    async def _render(
        self, key: Hashable, render: Callable[[], Awaitable[Audio]]
    ) -> Audio | SpeechFailed:
        try:
            audio = await render()
        except SpeechFailed as failure:
            return failure
        finally:
            del self._rendering[key]
        self._kept.put(key, audio)
        return audio
