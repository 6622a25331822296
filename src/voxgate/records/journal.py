"""The durable log of all calls, as calls write it.

Nothing of an event is told to anybody before its commit. While the database takes no writes new
calls are refused, and the events of running calls wait in a bounded queue.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from voxgate.base.clock import Clock
from voxgate.base.secrets import SecretBox
from voxgate.model.alerts import Alert
from voxgate.model.calls import Call, CallEvent, EventType, Json
from voxgate.model.deliveries import Delivery, Idempotency
from voxgate.records.alerts import alert_of
from voxgate.records.batch import Batch, Creation, Known, LateEvent
from voxgate.records.writer import Answers, GroupWriter
from voxgate.store import events
from voxgate.store.engine import Database, StoreUnavailable

_GROUP = 64
_QUEUED_MOST = 100_000
# Never dropped, whatever the queue's length: without these a call's log would lie.
_KEPT = frozenset({EventType.STATUS, EventType.ANSWERED, EventType.ENDED, EventType.ATTEMPT})

Receivers = Callable[[Call], Sequence[Delivery]]
"""Who is to be told the statuses of a new call."""


class Follower(Protocol):
    """Told what became durable, in order, on the event loop. Must neither block nor raise."""

    def opened(self, call: Call, deliveries: Sequence[Delivery]) -> None:
        """The call and its receivers exist; comes before its first event is told."""
        ...

    def committed(self, call_sid: str, logged: Sequence[CallEvent]) -> None: ...


@dataclass(slots=True)
class OpenLog:
    """The part of a call's log that is in memory: from `created` until `ended` is durable."""

    call: Call
    last_seq: int
    committed_seq: int
    last_at: float
    ended: bool = False
    waiters: list[tuple[int, "asyncio.Future[None]"]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.ended and self.committed_seq >= self.last_seq


class Journal:
    """The event log of the calls of this process (`call.events.EventLog`).

    `start()` before the first use; `close()` at the end writes what is left.
    """

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        clock: Clock,
        receivers: Receivers,
        *,
        queued_most: int = _QUEUED_MOST,
    ) -> None:
        self._database = database
        self._clock = clock
        self._receivers = receivers
        self._queued_most = queued_most
        self._writer = GroupWriter(database, box, clock, self._settle)
        self._logs: dict[str, OpenLog] = {}
        self._followers: list[Follower] = []
        self.dropped = 0

    @property
    def available(self) -> bool:
        """Whether the last group could be written; if not, no new calls."""
        return self._writer.available

    @property
    def writer(self) -> GroupWriter:
        """For what else is to be written with the next group."""
        return self._writer

    @property
    def queued(self) -> int:
        """Events that wait to be written."""
        return len(self._writer.waiting.events)

    def start(self) -> None:
        self._writer.start()

    async def close(self) -> None:
        await self._writer.close()

    def follow(self, follower: Follower) -> None:
        self._followers.append(follower)

    async def create(self, call: Call, data: Json, idempotency: Idempotency | None) -> Known | None:
        """Return once call, key, receivers and event 1 are durable, or nothing of them is.

        Known: the key was taken, and nothing was written. Raises StoreUnavailable.
        """
        if not self.available:
            raise StoreUnavailable("the journal cannot be written")
        answer: asyncio.Future[Known | None] = asyncio.get_running_loop().create_future()
        event = CallEvent(call.call_sid, 1, call.created_at, EventType.CREATED, data)
        deliveries = tuple(self._receivers(call))
        self._writer.waiting.creations.append(
            Creation(call, event, deliveries, idempotency, answer)
        )
        self._writer.ask(urgent=True)
        return await answer

    async def reopen(self, call: Call) -> None:
        """Take the log of a call that another process left open; `append` then continues it."""
        last = await self._database.read(partial(events.last_seq, call_sid=call.call_sid))
        self._logs[call.call_sid] = OpenLog(call, last, last, call.created_at)

    def append(
        self, call_sid: str, type_: EventType, data: Json, *, urgent: bool = False
    ) -> CallEvent | None:
        """Put an event on the log; `data` must not be changed afterwards.

        None: the queue is full and the event was dropped, or the call's log is closed and the
        event will get its seq as it is written.
        """
        waiting = self._writer.waiting
        if self.queued + len(waiting.late) >= self._queued_most and type_ not in _KEPT:
            self.dropped += 1
            return None
        now = self._clock.wall()
        of_call = self._logs.get(call_sid)
        if of_call is None:
            waiting.late.append(LateEvent(call_sid, now, type_, data))
            self._writer.ask(urgent=urgent)
            return None
        of_call.last_seq += 1
        # A clock that was set back must not turn the log's order around.
        of_call.last_at = max(now, of_call.last_at)
        of_call.ended = of_call.ended or type_ is EventType.ENDED
        event = CallEvent(call_sid, of_call.last_seq, of_call.last_at, type_, data)
        waiting.events.append(event)
        if type_ is EventType.ALERT:
            waiting.alerts.append(alert_of(of_call.call, event))
        waiting.last_seqs[call_sid] = event.seq
        self._writer.ask(urgent=urgent or len(waiting.events) == _GROUP)
        return event

    def update(self, call: Call) -> None:
        """Write the call's state columns with the next group."""
        of_call = self._logs.get(call.call_sid)
        if of_call is not None:
            of_call.call = call
            self._writer.waiting.last_seqs[call.call_sid] = of_call.last_seq
        self._writer.waiting.calls[call.call_sid] = call
        self._writer.ask()

    async def committed(self, call_sid: str, seq: int) -> None:
        """Return once event `seq` is durable; only then may it leave the process."""
        waiter = self.waiter(call_sid, seq)
        if waiter is not None:
            self._writer.ask(urgent=True)
            await waiter

    def waiter(self, call_sid: str, seq: int) -> "asyncio.Future[None] | None":
        """Done once event `seq` is durable. None: it is, or the log is not open here."""
        of_call = self._logs.get(call_sid)
        if of_call is None or of_call.committed_seq >= seq:
            return None
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        of_call.waiters = [waiting for waiting in of_call.waiters if not waiting[1].done()]
        of_call.waiters.append((seq, done))
        return done

    def open_log(self, call_sid: str) -> OpenLog | None:
        """The log, if this process writes it; to be looked at only."""
        return self._logs.get(call_sid)

    async def settled(self) -> None:
        """Return once everything that was handed in so far is durable."""
        await self._writer.settled()

    def raise_alert(self, alert: Alert) -> None:
        """An alert that is on no call's timeline; dropped when the queue is full."""
        if len(self._writer.waiting.alerts) < self._queued_most:
            self._writer.waiting.alerts.append(alert)
            self._writer.ask()

    def _settle(self, group: Batch, answers: Answers) -> None:
        for creation, known in zip(group.creations, answers, strict=True):
            self._settle_creation(creation, known)
        for call_sid, logged in groupby(
            sorted(group.events, key=attrgetter("call_sid")), attrgetter("call_sid")
        ):
            self._settle_events(call_sid, list(logged))

    def _settle_creation(self, creation: Creation, known: Known | None) -> None:
        if creation.answer.cancelled():
            # Whoever asked has gone: there must not be a call that nobody runs.
            if known is None:
                self._writer.waiting.undone.append(creation.call.call_sid)
                self._writer.ask()
            return
        if known is None:
            call = creation.call
            self._logs[call.call_sid] = OpenLog(call, 1, 1, creation.event.at)
            for follower in self._followers:
                follower.opened(call, creation.deliveries)
        creation.answer.set_result(known)

    def _settle_events(self, call_sid: str, logged: list[CallEvent]) -> None:
        of_call = self._logs.get(call_sid)
        if of_call is not None:
            of_call.committed_seq = logged[-1].seq
            if of_call.is_over:
                del self._logs[call_sid]
            for seq, waiter in of_call.waiters:
                if (seq <= of_call.committed_seq or of_call.is_over) and not waiter.done():
                    waiter.set_result(None)
        for follower in self._followers:
            follower.committed(call_sid, logged)
