"""Time that jumps: a clock moved by hand, and an event loop whose clock skips every wait.

    run_virtual(scenario())   # a 32-second timeout takes microseconds, in a fixed order

With real sockets beside pending timers the loop's clock can jump before the kernel delivers: use
the loop with transports in memory.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

STUCK_AFTER_S = 5.0


class Deadlock(RuntimeError):
    """Every task waits and no timer, socket or thread can wake one."""


class ManualClock:
    """A `voxgate.base.clock.Clock` that stands still until it is moved."""

    def __init__(self, *, monotonic: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        """Move both readings forward."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._monotonic += seconds
        self._wall += seconds


class _JumpingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(STUCK_AFTER_S)
            if not ready:
                raise Deadlock("nothing is left that could wake a task")
            return ready
        ready = super().select(0)
        if not ready:
            self.now += max(timeout, 0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that takes no time to wait."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run_virtual(scenario: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end; raise `Deadlock` when it waits for nothing that can come."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scenario)
