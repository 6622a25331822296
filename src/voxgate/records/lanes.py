"""The hosts that deliveries go to: how much is in flight to each, who waits, who is down.

Pure: the time is handed in. One dead host costs one attempt now and then, whatever waits for it,
and no other host waits for it.
"""

import heapq
from collections.abc import Iterator

from voxgate.hooks.retry import Backoff
from voxgate.records.batch import DeliveryKey

_FAILURES_UNTIL_DOWN = 3
_PROBES = Backoff(first_s=1.0, most_s=30.0)


class Lane:
    """One host. `take` hands out what may be attempted; each must come back to `free`."""

    def __init__(
        self, origin: str, *, in_flight_most: int, waiting_most: int, expires_s: float
    ) -> None:
        self.origin = origin
        self._expires_s = expires_s
        self._in_flight_most = in_flight_most
        self._waiting_most = waiting_most
        self._waiting: list[tuple[float, DeliveryKey]] = []
        self._in_flight = 0
        self._failures = 0
        self._probe_at = 0.0
        self.spilled = False  # more waits on disk than stands here

    def __len__(self) -> int:
        return len(self._waiting) + self._in_flight

    @property
    def is_down(self) -> bool:
        """The last attempts found nobody there: one at a time from now on."""
        return self._failures >= _FAILURES_UNTIL_DOWN

    @property
    def is_crowded(self) -> bool:
        """So much waits that it should not be kept in memory."""
        return len(self._waiting) >= self._waiting_most // 10

    def put(self, key: DeliveryKey, due: float) -> bool:
        """Let `key` wait for its turn, not before `due`. False: full, it must wait on disk."""
        if len(self._waiting) >= self._waiting_most:
            self.spilled = True
            return False
        heapq.heappush(self._waiting, (due, key))
        return True

    def take(self, now: float) -> Iterator[DeliveryKey]:
        """What may be attempted now."""
        while self._waiting and self._waiting[0][0] <= now:
            if not self._has_room(now) and not self._has_expired(now):
                return
            self._in_flight += 1
            yield heapq.heappop(self._waiting)[1]

    def free(self) -> None:
        """One that was taken is over."""
        self._in_flight -= 1

    def reached(self) -> None:
        """Somebody answered, be it with an error."""
        self._failures = 0

    def missed(self, now: float) -> None:
        """Nobody answered."""
        self._failures += 1
        if self.is_down:
            self._probe_at = now + _PROBES.pause_s(self._failures - _FAILURES_UNTIL_DOWN + 1)

    def next_look(self) -> float | None:
        """When `take` may have something, unless `free` is called before; None: not by time."""
        if not self._waiting or self._in_flight >= self._room:
            return None
        due = self._waiting[0][0]
        if not self.is_down:
            return due
        return max(due, min(self._probe_at, due + self._expires_s))

    @property
    def _room(self) -> int:
        return 1 if self.is_down else self._in_flight_most

    def _has_room(self, now: float) -> bool:
        if self._in_flight >= self._room:
            return False
        return not self.is_down or now >= self._probe_at

    def _has_expired(self, now: float) -> bool:
        """It waited for so long that it is to be given up, which needs no host."""
        return (
            self._in_flight < self._in_flight_most and now - self._waiting[0][0] >= self._expires_s
        )
