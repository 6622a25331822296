"""Strangers who knock too often are not answered any more, for a while; and logged once.

The source address of a datagram is easily forged. So nobody is muted whom the gateway knows: else
whoever writes a trunk's address on his own requests would take that trunk off the air.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.provisioning.errors import Unavailable

log = get_logger("reception")

WINDOW_S = 60.0
STRIKES_MOST = 20  # refusals that one address hears within the window
SOURCES_MOST = 10_000

Knows = Callable[[str], Awaitable[bool]]
"""Whether a trunk or a registered device is at an address. Raises Unavailable."""


class Guard:
    """Counts refusals per source address, in bounded memory."""

    def __init__(self, clock: Clock, knows: Knows) -> None:
        """`knows` is asked only about who is about to be muted."""
        self._clock = clock
        self._knows = knows
        self._asking: set[str] = set()
        self._strikes: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self.unanswered = 0

    def admits(self, source: str) -> bool:
        """False: it has been refused so often that it is not answered at all."""
        began, strikes = self._strikes.get(source, (0.0, 0))
        if strikes < STRIKES_MOST or self._clock.monotonic() - began >= WINDOW_S:
            return True
        self.unanswered += 1
        return False

    async def strike(self, source: str, why: str) -> None:
        """It was refused, or asked for a password that it has not given yet."""
        now = self._clock.monotonic()
        began, strikes = self._strikes.pop(source, (now, 0))
        if now - began >= WINDOW_S:
            began, strikes = now, 0
        self._strikes[source] = began, min(strikes + 1, STRIKES_MOST - 1)
        if len(self._strikes) > SOURCES_MOST:
            self._strikes.popitem(last=False)
        if strikes + 1 == STRIKES_MOST and source not in self._asking:
            await self._mute(source, why)

    async def _mute(self, source: str, why: str) -> None:
        self._asking.add(source)
        try:
            known = await self._knows(source)
        except Unavailable:
            return  # asked again at the next strike
        finally:
            self._asking.discard(source)
        if known:
            self.forgive(source)
        else:
            self._strikes[source] = self._clock.monotonic(), STRIKES_MOST
            log.warning("source_muted", source=source, reason=why, for_s=WINDOW_S)

    def forgive(self, source: str) -> None:
        """It turned out to be known."""
        self._strikes.pop(source, None)

    def __len__(self) -> int:
        return len(self._strikes)
