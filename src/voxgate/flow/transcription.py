"""What one leg says, told to the application as it is understood (contract 5.2, `transcribe`)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from voxgate.flow.hearing import Hearing
from voxgate.flow.session import Session
from voxgate.speech.recognition import Heard
from voxgate.verbs.capabilities.ears import Deaf, EarEvent, TranscriptOrder
from voxgate.verbs.speech_result import interim_result

DRAIN_S = 1.5
UNTOLD_MAX = 64  # results that wait for a slow hook; of more the interim ones go first
CALLER, CALLEE = 1, 2


class Transcription:
    """Of `session`'s far end; `told_to` asks the hook when another call's application does."""

    def __init__(
        self,
        session: Session,
        order: TranscriptOrder,
        *,
        channel: int = CALLER,
        told_to: Session | None = None,
    ) -> None:
        self._session = session
        self._told_to = told_to or session
        self._order = order
        self._channel = channel
        self._hearing = Hearing(session)
        self._untold: asyncio.Queue[Heard | Deaf] = asyncio.Queue(UNTOLD_MAX)
        self._paused = False

    def pause(self, *, paused: bool) -> None:
        """What is said meanwhile is not told, also not later."""
        self._paused = paused

    async def run(self) -> None:
        """Until cancelled, and then until the last words are told; or until nobody recognises."""
        transcripts = self._told_to.transcripts
        transcripts.add(self)
        try:
            async with self._hearing.open(self._order.ear, self._take):
                await self._tell_all()
        except asyncio.CancelledError:
            await self._tell_the_rest()
            raise
        finally:
            transcripts.remove(self)
            await self._hearing.close()

    def _take(self, event: EarEvent) -> None:
        match event:
            case Heard() as heard:
                wanted = heard.transcript and (heard.is_final or self._order.ear.interim)
                if wanted and not self._paused and not self._untold.full():
                    self._untold.put_nowait(heard)
            case Deaf() as deaf:
                if self._untold.full():
                    self._untold.get_nowait()
                self._untold.put_nowait(deaf)
            case _:
                pass

    async def _tell_all(self) -> None:
        while isinstance(event := await self._untold.get(), Heard):
            await self._tell(event)

    async def _tell_the_rest(self) -> None:
        """FS#997: the last words were lost at the hang-up."""
        try:
            async with asyncio.timeout(DRAIN_S):
                async for heard in self._rest():
                    await self._tell(heard)
        except TimeoutError:
            return

    async def _rest(self) -> AsyncIterator[Heard]:
        async for heard in self._hearing.drain():
            self._take(heard)
        while not self._untold.empty():
            event = self._untold.get_nowait()
            if isinstance(event, Heard):
                yield event

    async def _tell(self, heard: Heard) -> None:
        hook = self._order.hook
        if hook is None:
            return
        result = {"speech": interim_result(heard, channel=self._channel)}
        told_to, verb_id = self._told_to, self._order.verb_id
        document = await told_to.application.action(hook, result, verb_id)
        if document is not None and self._order.answer_counts:
            told_to.replace(document)


async def transcribe_beside(session: Session, order: TranscriptOrder, parent: Session) -> None:
    """A `transcribe` nested in a dial of `parent`, on that call or on the one it dialled.

    Returns at once when the order is not about this leg. The parent's application is told.
    """
    channel = CALLER if session is parent else CALLEE
    if order.channel not in {None, channel}:
        return
    if parent.context is not None:
        order = replace(order, ear=parent.context.ears.resolved(order.ear))
    await Transcription(session, order, channel=channel, told_to=parent).run()
