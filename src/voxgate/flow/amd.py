"""Answering machine detection on an answered call: what its stream hears becomes events for a hook."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from pydantic import ValidationError

from voxgate.amd.detector import AmdEvent, AmdType, Detector, Transcript
from voxgate.flow.hearing import Hearing
from voxgate.flow.session import Session
from voxgate.media.events import MediaEvent
from voxgate.media.stream import Stream
from voxgate.model.calls import EventType, Json
from voxgate.model.speech import Ear
from voxgate.speech.recognition import Heard
from voxgate.speech.registry import OFFLINE_EAR
from voxgate.verbs.answering import AmdObject
from voxgate.verbs.capabilities.amd import AmdOrder
from voxgate.verbs.capabilities.ears import Deaf, EarEvent
from voxgate.verbs.contract import NotNow

ACTIVITY = "amd"
UNTOLD_MAX = 64  # events of one detection; there are hardly ten


def _first_problem(wrong: ValidationError) -> str:
    error = wrong.errors()[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


class CallAmd:
    """The `amd` capability: listens to one call, tells another one's application, or its own."""

    def __init__(self, session: Session, told: Session | None = None) -> None:
        self._session = session
        self._told = told or session

    def start(self, order: AmdOrder) -> None:
        leg = self._session.leg
        if leg is None:
            raise NotNow("the call has no media")
        watch = AnswerWatch(self._session, self._told, leg.stream, order)
        self._session.background.start(ACTIVITY, watch.run())

    def start_as_ordered(self, wire: Json) -> None:
        """Begin as the `amd` object of a request says; its recogniser is read only now."""
        try:
            order = AmdObject.model_validate(wire).order
        except ValidationError as wrong:
            self._session.call.alert("invalid-app-payload", f"amd: {_first_problem(wrong)}")
            order = AmdObject.model_validate({**wire, "recognizer": None}).order
        self.start(order)

    def stop(self) -> None:
        self._session.background.stop(ACTIVITY)


class AnswerWatch:
    """One detection, from its start to `amd_stopped`."""

    def __init__(self, heard: Session, told: Session, stream: Stream, order: AmdOrder) -> None:
        self._heard = heard
        self._told = told
        self._stream = stream
        self._hook = order.hook
        self._ear = _ear(order, told)
        language = None if self._ear is None else self._ear.language
        self._detector = Detector(
            replace(order.options, language=language),
            heard.ports.amd_hints(),
            answered_ms=stream.age_ms(),
            rang_ms=_rang_ms(heard),
            is_transcribed=self._ear is not None,
        )
        self._untold: asyncio.Queue[AmdEvent] = asyncio.Queue(UNTOLD_MAX)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        stop_listening = self._heard.listen_to_media(self._on_media)
        stop_watching = self._stream.watch_tones()
        # What was found is told even if the call ends over it.
        self._told.last_words(self._tell_all())
        try:
            async with self._transcribed():
                await self._keep_time()
        finally:
            stop_listening()
            stop_watching()
            self._happened(self._detector.stop())

    @asynccontextmanager
    async def _transcribed(self) -> AsyncIterator[None]:
        """With the words of the call's recogniser, if there is one."""
        if self._ear is None:
            yield
            return
        hearing = Hearing(self._heard)
        try:
            async with hearing.open(self._ear, self._on_ear):
                yield
        finally:
            await hearing.close()

    def _on_media(self, event: MediaEvent) -> None:
        self._happened(self._detector.hear(event, self._stream.age_ms()))

    def _on_ear(self, event: EarEvent) -> None:
        match event:
            case Heard():
                words = Transcript(event.transcript, event.is_final, event.language)
                self._happened(self._detector.read(words, self._stream.age_ms()))
            case Deaf(details) if self._ear is not None:
                self._happened(self._detector.fail(self._ear.vendor or OFFLINE_EAR, details))
            case _:
                pass

    async def _keep_time(self) -> None:
        """Look again whenever something was heard or has become certain."""
        while not self._detector.is_over:
            self._changed.clear()
            deadline_ms = self._detector.deadline_ms
            wait_ms = None if deadline_ms is None else deadline_ms - self._stream.age_ms()
            try:
                async with asyncio.timeout(None if wait_ms is None else max(0, wait_ms) / 1000):
                    await self._changed.wait()
            except TimeoutError:
                self._happened(self._detector.on_time(self._stream.age_ms()))

    def _happened(self, events: Sequence[AmdEvent]) -> None:
        for event in events:
            if not self._heard.call.ended:
                self._heard.call.note(EventType.AMD, event.to_json())
            if not self._untold.full():
                self._untold.put_nowait(event)
        self._changed.set()

    async def _tell_all(self) -> None:
        """In order, one after the other; `amd_stopped` is the last."""
        while True:
            event = await self._untold.get()
            await self._told.report(self._hook, event.to_json())
            if event.type is AmdType.STOPPED:
                return


def _rang_ms(heard: Session) -> int | None:
    """How long who was called let it ring; who called us let nothing ring."""
    return heard.call.rang_ms if heard.call.record.direction == "outbound" else None


def _ear(order: AmdOrder, told: Session) -> Ear | None:
    """The order's recogniser, else the session's; None: the times of sounds have to do.

    The offline recogniser understands only phrases it was given, so it serves when it is named.
    """
    wish = order.ear or Ear()
    if told.context is not None:
        ear = told.context.ears.resolved(wish)
    else:
        ear = wish.over(told.call.record.request.recognizer.ear)
    if ear.vendor is None or (order.ear is None and ear.vendor == OFFLINE_EAR):
        return None
    return replace(ear, interim=True)
