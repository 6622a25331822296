"""Whose turn it is to be delivered: the lanes, and the timers that look at them again."""

import asyncio
from collections.abc import Callable

from voxgate.base.clock import Clock
from voxgate.hooks.address import origin_of
from voxgate.model.hooks import Hook
from voxgate.records.batch import DeliveryKey
from voxgate.records.lanes import Lane

_HTTP_MOST = 64  # in flight to one host
_SOCKETS_MOST = 1024  # to one host with frames that are not yet a second old
_WAITING_MOST = 100_000  # keys per host in memory


class Turns:
    """`begin` is called for each whose turn has come; it must lead to one `done`.

    `refill` is called for a host that has nothing left to do here, but on disk.
    """

    def __init__(
        self,
        clock: Clock,
        begin: Callable[[DeliveryKey, Lane], None],
        refill: Callable[[str], None],
        *,
        expires_s: float,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._refill = refill
        self._expires_s = expires_s
        self._lanes: dict[str, Lane] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closed = False

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def close(self) -> None:
        """Nobody's turn comes any more."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def lane(self, hook: Hook) -> Lane:
        origin = origin_of(hook)
        lane = self._lanes.get(origin)
        if lane is None:
            lane = Lane(
                origin,
                in_flight_most=_SOCKETS_MOST if hook.is_websocket else _HTTP_MOST,
                waiting_most=_WAITING_MOST,
                expires_s=self._expires_s,
            )
            self._lanes[origin] = lane
        return lane

    def put(self, key: DeliveryKey, lane: Lane, due: float | None = None) -> bool:
        """Let `key` wait for its turn. False: the lane is full, it must wait on disk."""
        # The lane may have been forgotten while its last attempt was under way.
        lane = self._lanes.setdefault(lane.origin, lane)
        waits = lane.put(key, self._clock.wall() if due is None else due)
        self.look(lane)
        return waits

    def done(self, lane: Lane) -> None:
        lane.free()
        self.look(lane)

    def look(self, lane: Lane) -> None:
        """Begin what may begin, and see to it that the lane is looked at again."""
        if self._closed:
            return
        for key in lane.take(self._clock.wall()):
            self._begin(key, lane)
        self._arm(lane)
        if len(lane):
            return
        if lane.spilled:
            lane.spilled = False
            self._refill(lane.origin)
        elif not lane.is_down:
            self._lanes.pop(lane.origin, None)

    def _arm(self, lane: Lane) -> None:
        timer = self._timers.pop(lane.origin, None)
        if timer is not None:
            timer.cancel()
        look = lane.next_look()
        if look is not None:
            pause_s = max(0.0, look - self._clock.wall())
            loop = asyncio.get_running_loop()
            self._timers[lane.origin] = loop.call_later(pause_s, self.look, lane)
