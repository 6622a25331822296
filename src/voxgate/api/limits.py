"""How many requests one API key may send per minute, and one tenant with all its keys."""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.model.limits import API_RATE, Limit
from voxgate.provisioning.permissions import Principal

WINDOW_S = 60.0
_KEYS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What RateLimit-* headers say."""

    granted: bool
    limit: int
    remaining: int
    reset_s: int
    first_refusal: bool = False  # of its window


class RateLimit:
    """Fixed windows of a minute, counted from a key's first request in it."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int, bool]] = OrderedDict()

    def take(self, key: str, per_minute: int | None = None) -> Allowance:
        """`per_minute`: what this key may, when that is its own."""
        most = self._per_minute if per_minute is None else per_minute
        now = self._clock.monotonic()
        began, used, refused = self._windows.get(key, (now, 0, False))
        if now - began >= WINDOW_S:
            began, used, refused = now, 0, False
        granted = used < most
        used += granted
        self._windows[key] = (began, used, refused or not granted)
        self._windows.move_to_end(key)
        if len(self._windows) > _KEYS_MAX:
            self._windows.popitem(last=False)
        reset_s = math.ceil(began + WINDOW_S - now)
        return Allowance(
            granted, most, max(0, most - used), reset_s, first_refusal=not (granted or refused)
        )


class Quotas:
    """The `api_rate` limits that accounts and providers were given."""

    def __init__(
        self,
        limits: Callable[[str, str], Awaitable[Sequence[Limit]]],
        reached: Callable[[Limit, str, str], None],
        clock: Clock,
    ) -> None:
        """`reached(limit, account_sid, service_provider_sid)`: once per minute at most."""
        self._limits = limits
        self._reached = reached
        self._rates = RateLimit(0, clock)

    async def take(self, caller: Principal) -> Allowance | None:
        """None: no limit applies. Raises Unavailable."""
        account_sid, provider_sid = caller.account_sid, caller.service_provider_sid
        if account_sid is None or provider_sid is None:
            return None
        allowance = None
        for limit in await self._limits(account_sid, provider_sid):
            if limit.category == API_RATE:
                allowance = self._rates.take(limit.limit_sid, limit.quantity)
                if allowance.first_refusal:
                    self._reached(limit, account_sid, provider_sid)
                if not allowance.granted:
                    break
        return allowance
