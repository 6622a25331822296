"""One call and the queues: waiting in one until it is taken, or taking somebody out of one."""

import asyncio
from typing import Literal

from voxgate.flow.application import NoDocument
from voxgate.flow.prompts import PROMPTS, converse, entertain_until, first_of, tell_after_end
from voxgate.flow.queue import Meeting, Queue, QueueFull, Waiter
from voxgate.flow.session import Session
from voxgate.flow.sounds import BEEP
from voxgate.media.errors import MediaError
from voxgate.media.room import Seat
from voxgate.media.stream import Stream
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import QueueWish, Taking, Told

WHILE_QUEUED = PROMPTS | {"leave", "tag"}
WHILE_ASKED = WHILE_QUEUED | {"alert", "config", "gather", "hangup"}


class Queueing:
    """Of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._may_leave = False
        self._left = asyncio.Event()
        self._seat: Seat | None = None  # opposite somebody from a queue

    async def enqueue(self, wish: QueueWish, stream: Stream, done: Told | None) -> Json:
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
            await self._wait(queue, waiter, wish, facts)
            if waiter.met.done():
                facts["queue_result"] = "bridged"
                await self._talk(waiter.met.result(), stream)
        except asyncio.CancelledError:
            tell_after_end(self._session, done, facts)
            raise
        finally:
            if waiter.met.done():
                waiter.met.result().part()
        return facts

    async def _wait(self, queue: Queue, waiter: Waiter, wish: QueueWish, facts: Json) -> None:
        """Keeps `facts` as the action hook is to hear them."""
        loop = asyncio.get_running_loop()
        began, joined_at = loop.time(), self._clock_ms()
        record = self._session.call.record
        facts["queue_result"] = "hangup"
        self._report(queue, {"event": "join", "join_time": joined_at})
        self._may_leave = True
        self._left.clear()

        def standing() -> Json:
            return {
                "queue_sid": queue.sid,
                "queue_time": round(loop.time() - began),
                "queue_size": len(queue),
                "queue_position": queue.position(waiter),
                "call_sid": record.call_sid,
                "call_id": record.call_id,
            }

        try:
            await entertain_until(
                first_of(self._left.wait(), waiter.met),
                self._session,
                self._session.aside(),
                wish.wait_hook,
                facts=standing,
                allowed=WHILE_QUEUED,
            )
            facts["queue_result"] = "leave"
        finally:
            facts["queue_time"] = round(loop.time() - began)
            self._may_leave = False
            queue.leave(waiter)
            self._session.ports.queues.forget(record.account_sid, queue)
            self._report_left(queue, waiter, joined_at)

    async def dequeue(self, taking: Taking, stream: Stream, done: Told | None) -> Json:
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
            tell_after_end(self._session, done, {"dequeue_result": "hangup"})
            raise
        finally:
            queues.forget(account_sid, queue)
        if not isinstance(waiter, Waiter):
            return {"dequeue_result": waiter}
        meeting = Meeting(queues.open_room(), self._session.call.sid)
        waiter.met.set_result(meeting)
        try:
            if taking.beep and (leg := self._session.leg) is not None:
                await leg.play(BEEP)
            await self._talk(meeting, stream)
        except asyncio.CancelledError:
            tell_after_end(self._session, done, {"dequeue_result": "complete"})
            raise
        finally:
            meeting.part()
            meeting.room.close()
        return {"dequeue_result": "complete"}

    async def _take(self, queue: Queue, taking: Taking) -> Waiter | Literal["timeout", "declined"]:
        """Somebody who is still there and wanted, or why nobody is."""
        loop = asyncio.get_running_loop()
        left_s = taking.timeout_s
        while True:
            began = loop.time()
            waiter = await _next(queue, taking.call_sid, left_s)
            if waiter is None:
                return "timeout"
            if taking.confirm_hook is None:
                return waiter
            if left_s is not None:
                left_s = max(0.0, left_s - (loop.time() - began))
            is_wanted = False
            try:
                is_wanted = await self._confirmed(taking.confirm_hook, queue, waiter)
            finally:
                if not is_wanted:
                    queue.give_back(waiter)
            if is_wanted:
                return waiter
            if not waiter.has_gone:
                self._note("queue_declined", queue.name, call_sid=waiter.call_sid)
                return "declined"

    async def _confirmed(self, hook: Hook, queue: Queue, waiter: Waiter) -> bool:
        """FS#83: whether this call wants to talk to who waits, who goes on waiting meanwhile."""
        self._may_leave = True
        self._left.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(self._ask(hook, queue, waiter))
                refused = tasks.create_task(self._left.wait())
                gone = tasks.create_task(waiter.gone.wait())
                everything = {asking, refused, gone}
                await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
                for each in everything:
                    each.cancel()
        finally:
            self._may_leave = False
        if self._left.is_set() or waiter.has_gone or asking.cancelled():
            return False
        return asking.result()

    async def _ask(self, hook: Hook, queue: Queue, waiter: Waiter) -> bool:
        session = self._session
        facts: Json = {"queue_sid": queue.sid, "queued_call_sid": waiter.call_sid}
        try:
            document = await session.application.answer_to(hook, facts, None)
        except NoDocument:
            return False  # who was to be asked first must not be joined unasked
        if document is not None:
            await converse(session, session.aside(), document, WHILE_ASKED)
        if session.ending.done():
            await asyncio.Event().wait()  # the end of the call cancels this verb
        return True

    async def _talk(self, meeting: Meeting, stream: Stream) -> None:
        """Talk with the other one until either goes."""
        try:
            seat = self._seat = stream.join(meeting.room)
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

    # Live call control, and the verb `leave`.

    def leave(self) -> None:
        if self._may_leave:
            self._left.set()

    def mute(self, *, muted: bool) -> bool:
        """False when it talks to nobody from a queue."""
        if self._seat is None:
            return False
        self._seat.mute(muted=muted)
        return True

    # Who is told.

    def _report_left(self, queue: Queue, waiter: Waiter, joined_at: int) -> None:
        facts: Json = {
            "event": "leave",
            "join_time": joined_at,
            "leave_time": self._clock_ms(),
            "leave_reason": "abandoned",
        }
        if waiter.met.done():
            facts |= {"leave_reason": "dequeued", "dequeuer": waiter.met.result().taker_sid}
        self._report(queue, facts)

    def _report(self, queue: Queue, facts: Json) -> None:
        """For the account's queue_event_hook; what it answers is nobody's document."""
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


async def _next(queue: Queue, call_sid: str | None, timeout_s: float | None) -> Waiter | None:
    """Somebody who is still there; None when nobody came in time."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                waiter = await queue.take(call_sid)
                if not waiter.has_gone:
                    return waiter
    except TimeoutError:
        return None
