"""A dialled call, from its first INVITE to its terminal event; the dial of another call rang it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.dial import Connected, Dial, NotConnected
from voxgate.call.leg import MediaSession
from voxgate.call.outcome import Cause
from voxgate.flow.application import NoDocument
from voxgate.flow.context import CallContext
from voxgate.flow.ports import CallPorts
from voxgate.flow.program import FirstDocument, carry_through, conduct, hang_up
from voxgate.flow.runner import Notes, Runner
from voxgate.flow.session import Ending, Session
from voxgate.model.calls import CallStatus, EventType, Json, Outcome
from voxgate.model.hooks import Hook
from voxgate.routing.outbound import RoutePlan
from voxgate.sip.dialog.events import Progress
from voxgate.verbs.contract import Document

log = get_logger("flow")

BUSY = (486, 600)
DIAL_CONFIRM = "dial:confirm"
ELSEWHERE = (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)


class ChildCall:
    """Run by one task of its own; the other methods are called from the same loop.

    `fate` is told once: that it was answered, and confirmed if that was asked for, or why not.
    After that it stands until it is released, its far end hangs up, or its own application ends.
    """

    def __init__(
        self,
        call: LiveCall,
        plan: RoutePlan,
        ports: CallPorts,
        *,
        confirm_hook: Hook | None,
        on_progress: Callable[["ChildCall", Progress], None],
    ) -> None:
        self.call = call
        self.session = Session(call, ports)
        self.session.abandon = self._abandon
        self.media: MediaSession | None = None
        self.fate: asyncio.Future[Connected | NotConnected] = (
            asyncio.get_running_loop().create_future()
        )
        self._plan = plan
        self._ports = ports
        self._confirm_hook = confirm_hook
        self._on_progress = on_progress
        self._dial: Dial | None = None
        self._given_up: tuple[Cause, tuple[tuple[str, str], ...]] | None = None
        self._adulthood: asyncio.Future[FirstDocument] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Never raises; ends with exactly one terminal event, also when cancelled."""
        try:
            await carry_through(self.call, self._run(), self._break_off)
        finally:
            self.session.release()
            self._on_progress = _nobody

    def _break_off(self, why: Outcome) -> None:
        if self.session.leg is not None:
            self.session.leg.hang_up({})
        status = CallStatus.COMPLETED if self.call.is_answered else CallStatus.FAILED
        self.call.end(status, why, by="jambonz")
        self._tell(NotConnected(status, why))

    def _tell(self, fate: Connected | NotConnected) -> None:
        if not self.fate.done():
            self.fate.set_result(fate)

    # The dial that rang it.

    def release(self, ending: Ending, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Stop ringing, with these headers on the CANCEL, or hang up."""
        if self.call.is_answered:
            self.session.end(ending)
        else:
            self._give_up(ending.cause, headers)

    def grow_up(self, first: FirstDocument) -> None:
        """From here on the call has an application of its own."""
        if not self._adulthood.done():
            self._adulthood.set_result(partial(self._introduced, first))

    async def _introduced(self, first: FirstDocument) -> Document:
        """Its application hears of it in its own right before it is asked."""
        parent = self._ports.session_of(self.call.record.request.parent_call_sid or "")
        if isinstance(parent, Session):
            await self.session.application.introduce(parent.call.record)
        return await first()

    def _abandon(self, cause: Cause) -> None:
        self._give_up(cause, ())

    def _give_up(self, cause: Cause, headers: tuple[tuple[str, str], ...]) -> None:
        if self._given_up is None:
            self._given_up = cause, headers
        if self._dial is not None:
            self._dial.cancel(cause, headers)

    # Its life.

    async def _run(self) -> None:
        try:
            await self._live()
        finally:
            await self.session.close()

    async def _live(self) -> None:
        self.call.note(EventType.ROUTED, {"rule": self._plan.rule, "reason": self._plan.reason})
        try:
            stream = self._ports.open_stream(self.session.on_media)
        except VoxgateError as full:
            self._not_answered(
                NotConnected(CallStatus.FAILED, outcome.own(outcome.NO_MEDIA_PORT, 503, str(full)))
            )
            return
        media = self.media = MediaSession(
            stream,
            session_id=self._ports.session_id(),
            rtp_timeout_s=self._ports.settings.media_timeout_s,
        )
        try:
            await self._ring_and_talk(media)
        finally:
            await self.session.close()  # what runs beside it needs the stream to the last
            if self.call.is_answered:
                self._ports.observe_media(stream.stats())
            stream.close()

    async def _ring_and_talk(self, media: MediaSession) -> None:
        self._dial = self._ports.dial(
            self.call, self._plan, media, lambda event: self._on_progress(self, event)
        )
        if self._given_up is not None:
            self._dial.cancel(*self._given_up)
        result = await self._dial.run()
        self._dial = None
        if isinstance(result, NotConnected):
            self._not_answered(result)
            return
        self._connect(result, media)
        if self._given_up is not None:
            self.session.end(Ending(self._given_up[0]))
        hang_up(self.session, await self._talk(result))

    def _not_answered(self, result: NotConnected) -> None:
        status = dialled_status(result)
        self.call.end(status, result.outcome, by=result.by)
        self._tell(NotConnected(status, result.outcome, result.by))

    def _connect(self, connected: Connected, media: MediaSession) -> None:
        self.session.connect(connected.dialog, media)
        answered: Json = {"dialog": connected.facts}
        if media.facts is not None:
            answered |= {
                "codec": media.facts.codec_name,
                "remote_media": f"{media.facts.remote_ip}:{media.facts.remote_port}",
            }
        self.call.answer(connected.call_id, answered)
        self.session.context = CallContext(self.session, Notes())
        connected.inbox.hand_over(self.session.on_dialog)

    async def _talk(self, connected: Connected) -> Ending:
        session = self.session
        if self._confirm_hook is not None and not await self._confirmed(self._confirm_hook):
            ending = await session.ending if session.ending.done() else None
            self._tell(NotConnected(CallStatus.FAILED, outcome.own(outcome.NOT_CONFIRMED, 603, "")))
            return ending or Ending(outcome.NOT_CONFIRMED)
        self._tell(connected)
        await first_of(session.ending, self._adulthood)
        if session.ending.done():
            return session.ending.result()
        return await conduct(session, self._ports.settings.time_limit_s, self._adulthood.result())

    async def _confirmed(self, hook: Hook) -> bool:
        """Whether the callee still stands after the verbs that were meant for it alone."""
        session = self.session
        try:
            document = await session.application.answer_to(hook, {}, None, kind=DIAL_CONFIRM)
        except NoDocument:
            return False  # who was to be asked first must not be joined unasked
        if document is not None:
            await self._screen(document)
        return not session.ending.done()

    async def _screen(self, document: Document) -> None:
        session, notes = self.session, Notes()
        context = CallContext(session, notes)

        async def first() -> Document:
            return document

        session.context = context
        session.runner = Runner(session.call, context, notes, session.line)
        async with asyncio.TaskGroup() as tasks:
            screening = tasks.create_task(session.runner.run(first), name="confirm")
            await first_of(screening, session.ending)
            screening.cancel()
        session.runner = None


def _nobody(_child: ChildCall, _event: Progress) -> None:
    """Is told how far ringing has come any more."""


async def first_of(*futures: "asyncio.Future[Any]") -> None:
    """Wait until one of them is done."""
    await asyncio.wait(set(futures), return_when=asyncio.FIRST_COMPLETED)


def dialled_status(result: NotConnected) -> CallStatus:
    """Contract 5.2: 486 and 600 are busy, 487 is no-answer, everything else is failed."""
    if result.outcome.sip_status in BUSY:
        return CallStatus.BUSY
    return CallStatus.NO_ANSWER if result.outcome.sip_status == 487 else CallStatus.FAILED
