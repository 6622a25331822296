"""Strangers who knock too often are not answered any more, for a while; and logged once."""

from collections import OrderedDict

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger

log = get_logger("reception")

WINDOW_S = 60.0
STRIKES_MOST = 20  # refusals that one address hears within the window
SOURCES_MOST = 10_000


class Guard:
    """Counts refusals per source address, in bounded memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._strikes: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self.unanswered = 0

    def admits(self, source: str) -> bool:
        """False: it has been refused so often that it is not answered at all."""
        began, strikes = self._strikes.get(source, (0.0, 0))
        if strikes < STRIKES_MOST or self._clock.monotonic() - began >= WINDOW_S:
            return True
        self.unanswered += 1
        return False

    def strike(self, source: str, why: str) -> None:
        """It was refused, or asked for a password that it has not given yet."""
        now = self._clock.monotonic()
        began, strikes = self._strikes.pop(source, (now, 0))
        if now - began >= WINDOW_S:
            began, strikes = now, 0
        self._strikes[source] = began, strikes + 1
        if len(self._strikes) > SOURCES_MOST:
            self._strikes.popitem(last=False)
        if strikes + 1 == STRIKES_MOST:
            log.warning("source_muted", source=source, reason=why, for_s=WINDOW_S)

    def forgive(self, source: str) -> None:
        """It turned out to be known."""
        self._strikes.pop(source, None)

    def __len__(self) -> int:
        return len(self._strikes)
