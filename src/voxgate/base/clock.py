"""The time, as something that is handed in."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two readings: one that only moves forward, one that people understand."""

    def monotonic(self) -> float:
        """Seconds since an unspecified start; compare and subtract only."""
        ...

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


def iso(wall_s: float) -> str:
    """ISO 8601 in UTC with milliseconds, as every payload of the product writes times."""
    moment = datetime.fromtimestamp(wall_s, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
