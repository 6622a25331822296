"""How many requests one API key may send per minute."""

import math
from collections import OrderedDict
from dataclasses import dataclass

from voxgate.base.clock import Clock

WINDOW_S = 60.0
_KEYS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What RateLimit-* headers say."""

    granted: bool
    limit: int
    remaining: int
    reset_s: int


class RateLimit:
    """Fixed windows of a minute, counted from a key's first request in it."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, key: str) -> Allowance:
        now = self._clock.monotonic()
        began, used = self._windows.get(key, (now, 0))
        if now - began >= WINDOW_S:
            began, used = now, 0
        granted = used < self._per_minute
        used += granted
        self._windows[key] = (began, used)
        self._windows.move_to_end(key)
        if len(self._windows) > _KEYS_MAX:
            self._windows.popitem(last=False)
        reset_s = math.ceil(began + WINDOW_S - now)
        return Allowance(granted, self._per_minute, self._per_minute - used, reset_s)
