"""Thousands of deadlines in one heap, cleaned when they come up."""

import heapq
import itertools
from collections.abc import Callable

_CLEAN_FROM = 1024  # a smaller heap is not worth the sweep


class Alarm:
    """One deadline; `cancel` it when it has lost its meaning."""

    __slots__ = ("_alarms", "action", "at")

    def __init__(self, at: float, action: Callable[[], None], alarms: "Alarms") -> None:
        self.at = at
        self.action: Callable[[], None] | None = action
        self._alarms = alarms

    def cancel(self) -> None:
        if self.action is not None:
            self.action = None
            self._alarms.forget_one()


class Alarms:
    """The deadlines of one agent, in the time that its caller hands in."""

    __slots__ = ("_cancelled", "_heap", "_order")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    @property
    def held(self) -> int:
        """Entries in memory, cancelled ones included."""
        return len(self._heap)

    @property
    def deadline(self) -> float | None:
        """When `ring` is due; it may be too early, never too late."""
        return self._heap[0][0] if self._heap else None

    def set(self, at: float, action: Callable[[], None]) -> Alarm:
        alarm = Alarm(at, action, self)
        heapq.heappush(self._heap, (at, next(self._order), alarm))
        return alarm

    def ring(self, now: float) -> None:
        """Run what is due, in order; an action may set further alarms."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            alarm = heapq.heappop(heap)[2]
            action, alarm.action = alarm.action, None
            if action is None:
                self._cancelled -= 1
            else:
                action()

    def forget_one(self) -> None:
        self._cancelled += 1
        if self._cancelled > _CLEAN_FROM and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
