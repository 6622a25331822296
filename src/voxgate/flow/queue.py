"""Queues: callers who wait, and those who take them out to talk with them.

Every account has its own names. Of those who wait the lowest priority goes first, of equal ones
the oldest; of those who want somebody the one who asked first is served first.
"""

import asyncio
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

from voxgate.base.errors import VoxgateError
from voxgate.media.room import Room

WAITING_MAX = 1000  # in one queue
QUEUES_MAX = 1000  # of one account


class QueueFull(VoxgateError):
    """No more can wait."""


class Meeting:
    """The room of two who talk after a queue; over when either of them goes."""

    def __init__(self, room: Room, taker_sid: str) -> None:
        self.room = room
        self.taker_sid = taker_sid
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def part(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


@dataclass(eq=False, slots=True)
class Waiter:
    """One call that waits. `met` is set once by whoever takes it; then it is in no queue."""

    call_sid: str
    priority: int
    order: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # it gave up
    met: "asyncio.Future[Meeting]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def has_gone(self) -> bool:
        return self.gone.is_set()

    @property
    def rank(self) -> tuple[int, int]:
        return (self.priority, self.order)


@dataclass(eq=False, slots=True)
class _Taker:
    call_sid: str | None  # whom it wants; None: whoever is next
    got: "asyncio.Future[Waiter]"


class Queue:
    """Made, found and forgotten by `Queues`."""

    def __init__(self, sid: str, name: str) -> None:
        self.sid = sid
        self.name = name
        self._waiting: list[Waiter] = []
        self._takers: list[_Taker] = []
        self._taken: set[Waiter] = set()  # until they leave, or are given back
        self._joined = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self._takers and not self._taken

    def join(self, waiter: Waiter) -> None:
        """Raises QueueFull."""
        if len(self._waiting) >= WAITING_MAX:
            raise QueueFull(f"{WAITING_MAX} calls wait in the queue already")
        self._joined += 1
        waiter.order = self._joined
        insort(self._waiting, waiter, key=lambda one: one.rank)
        self._match()

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer; safe to call again."""
        waiter.gone.set()
        self._taken.discard(waiter)
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def position(self, waiter: Waiter) -> int:
        """0 is next."""
        return self._waiting.index(waiter) if waiter in self._waiting else 0

    async def take(self, call_sid: str | None) -> Waiter:
        """Wait for the next, or for a certain call; who is taken is no longer in the queue.

        It is set to meet its taker, or given back.
        """
        taker = _Taker(call_sid, asyncio.get_running_loop().create_future())
        self._takers.append(taker)
        self._match()
        try:
            return await taker.got
        except asyncio.CancelledError:
            if taker.got.done() and not taker.got.cancelled():
                self.give_back(taker.got.result())
            raise
        finally:
            if taker in self._takers:
                self._takers.remove(taker)

    def give_back(self, waiter: Waiter) -> None:
        """Who took it does not want it after all: it keeps its place."""
        self._taken.discard(waiter)
        if not waiter.has_gone:
            insort(self._waiting, waiter, key=lambda one: one.rank)
            self._match()

    def _match(self) -> None:
        for taker in list(self._takers):
            wanted = taker.call_sid
            found = next((w for w in self._waiting if wanted in {None, w.call_sid}), None)
            if found is not None and not taker.got.done():
                self._takers.remove(taker)
                self._waiting.remove(found)
                self._taken.add(found)
                taker.got.set_result(found)


class Queues:
    """All queues of this process."""

    def __init__(self, open_room: Callable[[], Room]) -> None:
        self.open_room = open_room
        self._by_account: dict[str, dict[str, Queue]] = {}

    def lengths(self, account_sid: str) -> dict[str, int]:
        """Who waits, by the name of the queue."""
        mine = self._by_account.get(account_sid, {})
        return {name: len(mine[name]) for name in sorted(mine)}

    def of(self, account_sid: str, name: str) -> Queue:
        """The queue of that name, made when there is none; `forget` it afterwards.

        Raises QueueFull when the account has too many.
        """
        mine = self._by_account.setdefault(account_sid, {})
        if name not in mine:
            if len(mine) >= QUEUES_MAX:
                raise QueueFull(f"the account has {QUEUES_MAX} queues already")
            mine[name] = Queue(f"queue:{account_sid}:{name}", name)
        return mine[name]

    def forget(self, account_sid: str, queue: Queue) -> None:
        """Drop it if nobody waits and nobody wants anybody."""
        mine = self._by_account.get(account_sid, {})
        if queue.is_idle and mine.get(queue.name) is queue:
            del mine[queue.name]
            if not mine:
                del self._by_account[account_sid]
