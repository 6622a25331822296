"""From a text to sound that can be played while the rest of it is still being rendered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from voxgate.base.tasks import Nursery
from voxgate.model.audio import Audio
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.speech.cache import AudioCache
from voxgate.speech.chunks import chunks
from voxgate.speech.contract import Segment, SpeechAlert, SpeechFailed, Utterance
from voxgate.speech.fallback import Fallback
from voxgate.speech.registry import Registry
from voxgate.speech.ssml import parse


@dataclass(frozen=True, slots=True)
class Spoken:
    """One piece of a text as sound, and what its account should hear about."""

    audio: Audio
    alerts: tuple[SpeechAlert, ...] = ()


class Speech:
    """All of the process's voices; one object, started and closed by whoever builds it."""

    def __init__(self, registry: Registry, cache: AudioCache | None = None) -> None:
        self._registry = registry
        self._cache = cache or AudioCache()

    async def start(self) -> None:
        await self._registry.start()

    async def close(self) -> None:
        await self._cache.close()
        await self._registry.close()

    def speaker(self, rate_hz: int = 8000) -> "Speaker":
        """The voices of one call."""
        return Speaker(Fallback(self._registry, self._cache), rate_hz)

    async def render(self, text: str, voice: Voice = Voice()) -> Audio:
        """A whole text at once, for prompts; raises SpeechFailed."""
        async with self.speaker().speaking(text, voice) as parts:
            spoken = [part.audio.samples async for part in parts]
        return Audio(b"".join(spoken))


class Speaker:
    """Speaks on one call, in the session's voice unless told otherwise."""

    def __init__(self, fallback: Fallback, rate_hz: int) -> None:
        self._fallback = fallback
        self._rate_hz = rate_hz
        self._untold: tuple[SpeechAlert, ...] = ()  # found while preparing

    @asynccontextmanager
    async def speaking(
        self,
        text: str,
        session: Voice,
        choice: SynthesizerChoice | None = None,
        *,
        cached: bool = True,
    ) -> AsyncIterator["Parts"]:
        """The text's pieces in order, each rendered while the one before it is played.

        A text without words has no pieces. Iterating raises SpeechFailed where rendering failed.
        """
        script = parse(text)
        faults = tuple(
            SpeechAlert("tts-failure", fault, is_failover=False) for fault in script.faults
        )
        asked = choice or SynthesizerChoice()
        wanted = self._wanted(asked, session)
        parts = Parts()
        nursery = Nursery("speaker")
        pieces = chunks(script.segments)
        job = _Job(pieces, wanted, asked.fallback, faults, cached)
        nursery.start(self._render(job, parts), name="render")
        try:
            yield parts
        finally:
            await nursery.close()

    async def prepare(
        self, text: str, session: Voice, choice: SynthesizerChoice | None = None
    ) -> None:
        """Render the beginning into the cache. Alerts and failures wait until it is spoken."""
        asked = choice or SynthesizerChoice()
        for piece in chunks(parse(text).segments)[:1]:
            wanted = replace(self._wanted(asked, session), segments=piece)
            try:
                rendered = await self._fallback.render(wanted, asked.fallback)
            except SpeechFailed:
                return
            self._untold += rendered.alerts

    def _wanted(self, asked: SynthesizerChoice, session: Voice) -> Utterance:
        return Utterance(
            (),
            asked.resolve(session),
            asked.gender,
            self._rate_hz,
            asked.engine or "neural",
            asked.options,
            asked.instructions,
        )

    async def _render(self, job: "_Job", parts: "Parts") -> None:
        alerts, self._untold = (*job.faults, *self._untold), ()
        for piece in job.pieces:
            try:
                rendered = await self._fallback.render(
                    replace(job.wanted, segments=piece), job.fallback, cached=job.cached
                )
            except SpeechFailed as failure:
                await parts.put(failure)
                return
            await parts.put(Spoken(rendered.audio, (*alerts, *rendered.alerts)))
            alerts = ()
        await parts.put(None)


@dataclass(frozen=True, slots=True)
class _Job:
    pieces: Sequence[tuple[Segment, ...]]
    wanted: Utterance
    fallback: Voice | None
    faults: tuple[SpeechAlert, ...]
    cached: bool


class Parts:
    """The pieces of one text; at most one waits, rendered, for the one being played."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Spoken | SpeechFailed | None] = asyncio.Queue(1)

    async def put(self, part: Spoken | SpeechFailed | None) -> None:
        """None: that was all. A failure is raised to the listener."""
        await self._queue.put(part)

    def __aiter__(self) -> "Parts":
        return self

    async def __anext__(self) -> Spoken:
        part = await self._queue.get()
        if part is None:
            raise StopAsyncIteration
        if isinstance(part, SpeechFailed):
            raise part
        return part
