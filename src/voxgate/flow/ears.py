"""Recognising speech on a call: for gather, in the background, as a transcript."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

from voxgate.base.clock import Clock
from voxgate.flow.hearing import Hearing
from voxgate.flow.session import Session
from voxgate.flow.transcription import Transcription
from voxgate.model.calls import Json
from voxgate.model.speech import Ear
from voxgate.speech.latency import RecognitionTimes
from voxgate.speech.recognition import Heard
from voxgate.verbs.capabilities.ears import (
    BackgroundGather,
    EarEvent,
    TranscriptOrder,
    VoiceBegan,
    VoiceEnded,
)
from voxgate.verbs.listening import gather_over
from voxgate.verbs.say import Say

GATHER, TRANSCRIBE, RECOGNISER = "background gather", "background transcription", "recogniser"
EVENTS_MAX = 256  # heard and not yet read
PROMPTS = frozenset({"say", "play"})


class CallEars:
    """The Ears of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ordered = session.call.record.request.recognizer.ear
        self._preferred: Ear | None = None
        self._hearing: Hearing | None = None
        self._hearing_in_use = asyncio.Lock()
        self._foreground = 0
        self._background_may_run = asyncio.Event()
        self._background_may_run.set()
        self._background_must_rest = asyncio.Event()

    def prefer(self, ear: Ear | None) -> None:
        self._preferred = ear

    def resolved(self, ear: Ear) -> Ear:
        session = self._ordered if self._preferred is None else self._preferred.over(self._ordered)
        return ear.over(session)

    @asynccontextmanager
    async def listen(self, ear: Ear) -> AsyncIterator["EarQueue"]:
        events = EarQueue(self._session.ports.clock)
        async with self._hearing_in_use, self._open_hearing().open(ear, events.put):
            events.is_timed = self._session.settings.notify_stt_latency
            yield events

    def _open_hearing(self) -> Hearing:
        if self._hearing is None:
            self._hearing = Hearing(self._session)
            self._session.background.start(RECOGNISER, _kept_open(self._hearing))
        return self._hearing

    @asynccontextmanager
    async def foreground(self) -> AsyncIterator[None]:
        self._foreground += 1
        self._background_may_run.clear()
        self._background_must_rest.set()
        try:
            yield
        finally:
            self._foreground -= 1
            if not self._foreground:
                self._background_must_rest.clear()
                self._background_may_run.set()

    def report_barge_in(self, by: Literal["dtmf", "speech"]) -> None:
        self._session.report_playback(f"{by}-bargein-detected")

    # In the background.

    def background_gather(self, gather: BackgroundGather | None) -> None:
        if gather is None:
            self._session.background.stop(GATHER)
        else:
            self._session.background.start(GATHER, self._gather_beside(gather))

    async def _gather_beside(self, gather: BackgroundGather) -> None:
        async with asyncio.TaskGroup() as telling:
            one_by_one = asyncio.Lock()
            while True:
                await self._background_may_run.wait()
                result = await self._gather_once(gather)
                if result is None or result["reason"] == "timeout":
                    continue
                telling.create_task(self._report(gather, result, one_by_one))
                if not gather.sticky or result["reason"] == "error":
                    return

    async def _gather_once(self, gather: BackgroundGather) -> Json | None:
        """None when a gather in the foreground took over."""
        async with asyncio.TaskGroup() as tasks:
            work = gather_over(self._session.aside(), gather.order, self._cut_prompt)
            gathering = tasks.create_task(work)
            resting = tasks.create_task(self._background_must_rest.wait())
            await asyncio.wait({gathering, resting}, return_when=asyncio.FIRST_COMPLETED)
            gathering.cancel()
            resting.cancel()
        return None if gathering.cancelled() else gathering.result()

    def _cut_prompt(self) -> None:
        """What streams falls silent but stays open; other prompts are over."""
        self._session.aside().tokens.interrupt()
        runner = self._session.runner
        if runner is not None and not (isinstance(runner.verb, Say) and runner.verb.stream):
            runner.cut(PROMPTS)

    async def _report(
        self, gather: BackgroundGather, result: Json, one_by_one: asyncio.Lock
    ) -> None:
        if gather.hook is not None:
            async with one_by_one:
                await self._session.report(gather.hook, result, gather.order.verb_id)

    # Transcripts.

    async def transcribe(self, order: TranscriptOrder) -> None:
        await self._transcription(order).run()

    def background_transcription(self, order: TranscriptOrder | None) -> None:
        if order is None:
            self._session.background.stop(TRANSCRIBE)
        else:
            self._session.background.start(TRANSCRIBE, self._transcription(order).run())

    def _transcription(self, order: TranscriptOrder) -> Transcription:
        return Transcription(self._session, replace(order, ear=self.resolved(order.ear)))

    def pause_transcription(self, *, paused: bool) -> None:
        self._session.transcripts.pause(paused=paused)


async def _kept_open(hearing: Hearing) -> None:
    """The recogniser's session ends with the call."""
    try:
        await asyncio.Event().wait()
    finally:
        await hearing.close()


class EarQueue:
    """The EarReader of one gather."""

    def __init__(self, clock: Clock) -> None:
        self.is_timed = False  # whether the application wants to know the times
        self._clock = clock
        self._times = RecognitionTimes(self._now_ms())
        self._events: asyncio.Queue[EarEvent] = asyncio.Queue(EVENTS_MAX)

    def _now_ms(self) -> int:
        return round(self._clock.wall() * 1000)

    def put(self, event: EarEvent) -> None:
        """What nobody reads is dropped: its gather is long over."""
        match event:
            case VoiceBegan():
                self._times.voice(self._now_ms(), on=True)
            case VoiceEnded():
                self._times.voice(self._now_ms(), on=False)
            case Heard() if event.transcript:
                self._times.heard(self._now_ms())
            case _:
                pass
        if not self._events.full():
            self._events.put_nowait(event)

    async def next(self) -> EarEvent:
        return await self._events.get()

    def times(self) -> Json:
        return self._times.facts() if self.is_timed else {}
