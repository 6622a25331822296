"""A call among others: its part in a conference, its place in a queue."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from voxgate.flow.conference import Conference, Member, Receiver, RoomFull
from voxgate.flow.prompts import PROMPTS, entertain, perform_once
from voxgate.flow.queue import Meeting, Queue, QueueFull, Waiter
from voxgate.flow.session import Session
from voxgate.flow.sounds import BEEP
from voxgate.media.errors import MediaError
from voxgate.media.events import DigitReceived, MediaEvent, SpeechStarted, SpeechStopped
from voxgate.media.room import Seat
from voxgate.media.stream import Stream
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import (
    ConferenceWish,
    Left,
    Nested,
    Participant,
    QueueWish,
    Taking,
    Told,
)
from voxgate.verbs.contract import NotNow, VerbContext

WHILE_QUEUED = PROMPTS | {"leave", "tag"}
NOT_IN_CONFERENCE = "the call is in no conference"


class CallRooms:
    """The Rooms capability of one session; `aside()` gives the context of verbs that wait."""

    def __init__(self, session: Session, aside: Callable[[], VerbContext]) -> None:
        self._session = session
        self._aside = aside
        self._conference: Conference | None = None
        self._member: Member | None = None
        self._waiter: Waiter | None = None
        self._left = asyncio.Event()
        self._seat: Seat | None = None  # opposite somebody from a queue

    @property
    def _stream(self) -> Stream:
        if self._session.leg is None:
            raise NotNow("the call has no media")
        return self._session.leg.stream

    # Conference.

    async def confer(self, wish: ConferenceWish, done: Told | None) -> Left:
        member = Member(self._session.call.sid, wish, self._stream, self._tell)
        conferences = self._session.ports.conferences
        account_sid = self._session.call.record.account_sid
        try:
            conference = conferences.enter(account_sid, member, self._receiver(wish))
        except RoomFull as full:
            self._note("conference_full", wish.name, error=str(full))
            return Left("full")
        self._conference, self._member = conference, member
        stop = self._session.listen_to_media(self._on_media)
        try:
            await self._take_part(conference, member)
        except asyncio.CancelledError:
            self._tell_after_end(done, {})
            raise
        finally:
            stop()
            self._conference = self._member = None
            conferences.leave(account_sid, conference, member)
            self._note("conference_left", wish.name)
        return Left(member.gone.result())

    async def _take_part(self, conference: Conference, member: Member) -> None:
        wish = member.wish
        if not (member.moderates or conference.started.is_set()):
            await self._until(
                _first(conference.started.wait(), member.gone), wish.wait_hook, self._nothing
            )
        if wish.enter_hook is not None and not member.gone.done():
            await _before(member.gone, perform_once(self._session, self._aside(), wish.enter_hook))
        if member.gone.done():
            return
        conference.seat(member)
        self._note("conference_joined", wish.name)
        async with self._beside(wish):
            while not member.gone.done():
                member.changed.clear()
                hook = (member.hold_hook or wish.wait_hook) if member.held else None
                await self._until(_first(member.changed.wait(), member.gone), hook, self._nothing)

    def _receiver(self, wish: ConferenceWish) -> Receiver | None:
        hook = wish.status_hook
        if hook is None:
            return None
        base = self._session.application.base
        if hook.is_relative and base is not None and not base.is_websocket:
            hook = replace(hook, url=self._session.application.absolute(hook.url))
        return Receiver(hook, wish.status_events, self._tell)

    def _on_media(self, event: MediaEvent) -> None:
        conference, member = self._conference, self._member
        if conference is None or member is None:
            return
        match event:
            case DigitReceived() if member.wish.relays_digits and member.seat is not None:
                conference.relay_digit(member, event.digit, event.duration_ms)
            case SpeechStarted():
                conference.note_talking(member, talks=True)
            case SpeechStopped():
                conference.note_talking(member, talks=False)
            case _:
                pass

    # Queue.

    async def enqueue(self, wish: QueueWish, done: Told | None) -> Json:
        queues, call = self._session.ports.queues, self._session.call
        account_sid = call.record.account_sid
        waiter = Waiter(call.sid, wish.priority)
        facts: Json = {
            "queue_sid": f"queue:{account_sid}:{wish.name}",
            "queue_time": 0,
            "queue_result": "error",
        }
        try:
            queue = queues.of(account_sid, wish.name)
            queue.join(waiter)
        except QueueFull as full:
            self._note("queue_full", wish.name, error=str(full))
            return facts
        try:
            await self._wait_and_talk(queue, waiter, wish, facts)
        except asyncio.CancelledError:
            self._tell_after_end(done, facts)
            raise
        return facts

    async def _wait_and_talk(
        self, queue: Queue, waiter: Waiter, wish: QueueWish, facts: Json
    ) -> None:
        """Keeps `facts` as the action hook is to hear them."""
        loop = asyncio.get_running_loop()
        began, joined_at = loop.time(), self._clock_ms()
        facts["queue_result"] = "hangup"
        self._report_queue(queue, {"event": "join", "join_time": joined_at})
        self._waiter = waiter
        self._left.clear()
        meeting: Meeting | None = None
        try:
            await self._wait_in(queue, waiter, wish, began)
            facts["queue_result"] = "leave"
        finally:
            facts["queue_time"] = round(loop.time() - began)
            self._waiter = None
            queue.leave(waiter)
            self._session.ports.queues.forget(self._session.call.record.account_sid, queue)
            meeting = waiter.met.result() if waiter.met.done() else None
            self._report_left(queue, joined_at, meeting)
            if meeting is not None and self._session.ending.done():
                meeting.part()
        if meeting is not None:
            facts["queue_result"] = "bridged"
            await self._talk_in(meeting)

    async def _wait_in(self, queue: Queue, waiter: Waiter, wish: QueueWish, began: float) -> None:
        record = self._session.call.record

        def facts() -> Json:
            return {
                "queue_sid": queue.sid,
                "queue_time": round(asyncio.get_running_loop().time() - began),
                "queue_size": len(queue),
                "queue_position": queue.position(waiter),
                "call_sid": record.call_sid,
                "call_id": record.call_id,
            }

        await self._until(
            _first(self._left.wait(), waiter.met), wish.wait_hook, facts, WHILE_QUEUED
        )

    async def dequeue(self, taking: Taking, done: Told | None) -> Json:
        queues = self._session.ports.queues
        account_sid = self._session.call.record.account_sid
        try:
            queue = queues.of(account_sid, taking.name)
        except QueueFull as full:
            self._note("queue_full", taking.name, error=str(full))
            return {"dequeue_result": "timeout"}
        try:
            waiter = await self._take(queue, taking)
        except asyncio.CancelledError:
            self._tell_after_end(done, {"dequeue_result": "hangup"})
            raise
        finally:
            queues.forget(account_sid, queue)
        if waiter is None:
            return {"dequeue_result": "timeout"}
        meeting = Meeting(queues.open_room(), self._session.call.sid)
        waiter.met.set_result(meeting)
        try:
            if taking.beep and (leg := self._session.leg) is not None:
                await leg.play(BEEP)
            await self._talk_in(meeting)
        except asyncio.CancelledError:
            self._tell_after_end(done, {"dequeue_result": "complete"})
            raise
        finally:
            meeting.part()
            meeting.room.close()
        return {"dequeue_result": "complete"}

    async def _take(self, queue: Queue, taking: Taking) -> Waiter | None:
        """Somebody who is still there; None when nobody came in time."""
        try:
            async with asyncio.timeout(taking.timeout_s):
                while True:
                    waiter = await queue.take(taking.call_sid)
                    if not waiter.has_gone:
                        return waiter
        except TimeoutError:
            return None

    async def _talk_in(self, meeting: Meeting) -> None:
        """Talk with the other one until either goes."""
        try:
            seat = self._seat = self._stream.join(meeting.room)
            seat.relay_digits(relays=True)
            self._note("queue_bridged", meeting.taker_sid)
            await asyncio.shield(meeting.over)
        except MediaError:
            return  # the leg or the room has just ended
        finally:
            meeting.part()
            if self._seat is not None:
                self._seat.leave()
                self._seat = None

    def leave(self) -> None:
        if self._waiter is not None:
            self._left.set()

    # Waiting.

    async def _until(
        self,
        over: Coroutine[Any, Any, None],
        hook: Hook | None,
        facts: Callable[[], Json],
        allowed: frozenset[str] = PROMPTS,
    ) -> None:
        """Let the far end hear what the hook says until `over` returns."""
        if hook is None:
            await over
            return
        show = entertain(self._session, self._aside(), hook, facts, allowed)
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(show, name="entertain")
            await over
            playing.cancel()

    @staticmethod
    def _nothing() -> Json:
        return {}

    @asynccontextmanager
    async def _beside(self, wish: ConferenceWish) -> AsyncIterator[None]:
        """What the conference verb nests runs as long as the call takes part."""
        background = self._session.background
        names = [f"conference-{verb.verb}" for verb in wish.beside]
        for name, verb in zip(names, wish.beside, strict=True):
            background.start(name, _run(verb, self._aside()))
        try:
            yield
        finally:
            for name in names:
                background.stop(name)

    # Live call control.

    def mute(self, *, muted: bool) -> bool:
        if self._conference is not None and self._member is not None:
            self._conference.set_muted(self._member, muted=muted)
            return True
        if self._seat is not None:
            self._seat.mute(muted=muted)
            return True
        return False

    def mute_others(self, *, muted: bool) -> None:
        conference, _ = self._part()
        conference.mute_others(muted=muted)

    def hold(self, wait_hook: Hook | None) -> None:
        conference, member = self._part()
        conference.set_held(member, wait_hook, held=True)

    def unhold(self) -> None:
        conference, member = self._part()
        conference.set_held(member, None, held=False)

    def act(self, change: Participant) -> None:
        conference, member = self._part()
        match change.action:
            case "tag":
                conference.set_tag(member, change.tag)
            case "untag":
                conference.set_tag(member, None)
            case "coach":
                conference.coach(member, change.tag)
            case "uncoach":
                conference.coach(member, None)
            case "mute" | "unmute":
                conference.set_muted(member, muted=change.action == "mute")
            case "hold":
                self.hold(change.wait_hook)
            case "unhold":
                self.unhold()
            case "kick":
                member.go("kicked")

    def _part(self) -> tuple[Conference, Member]:
        if self._conference is None or self._member is None:
            raise NotNow(NOT_IN_CONFERENCE)
        return self._conference, self._member

    # Who is told.

    async def _tell(self, hook: Hook, facts: Json) -> None:
        """Whatever is answered changes nothing."""
        await self._session.application.action(hook, facts, None)

    def _tell_after_end(self, done: Told | None, facts: Json) -> None:
        """The call ended inside, so that no verb is left to tell its action hook."""
        if done is None or not self._session.ending.done():
            return
        self._session.last_words(
            self._session.application.action(done.hook, dict(facts), done.verb_id)
        )

    def _report_left(self, queue: Queue, joined_at: int, meeting: Meeting | None) -> None:
        facts: Json = {
            "event": "leave",
            "join_time": joined_at,
            "leave_time": self._clock_ms(),
            "leave_reason": "dequeued" if meeting is not None else "abandoned",
        }
        if meeting is not None:
            facts["dequeuer"] = meeting.taker_sid
        self._report_queue(queue, facts)

    def _report_queue(self, queue: Queue, facts: Json) -> None:
        """For the account's queue_event_hook."""
        facts = {"queue": queue.name, "length": len(queue), **facts}
        self._note("queue_" + facts["event"], queue.name)
        self._session.last_words(self._tell_account(facts))

    async def _tell_account(self, facts: Json) -> None:
        hook = await self._session.ports.queue_event_hook(self._session.call.record.account_sid)
        if hook is not None:
            await self._session.application.action(hook, facts, None, kind="queue:status")

    def _clock_ms(self) -> int:
        return round(self._session.ports.clock.wall() * 1000)

    def _note(self, type_: str, name: str, **facts: object) -> None:
        self._session.call.note(EventType.MEDIA, {"type": type_, "name": name, **facts})


async def _run(verb: Nested, context: VerbContext) -> None:
    await verb.run(context)


async def _first(wait: Coroutine[Any, Any, object], future: "asyncio.Future[Any]") -> None:
    """Return when either is done; `future` is left as it is."""
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wait)
        await asyncio.wait({waiting, future}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


async def _before(future: "asyncio.Future[Any]", work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, but break it off once `future` is done."""
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work)
        await asyncio.wait({working, future}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
