"""An event loop whose clock jumps to the next timer instead of waiting for it.

    run_virtual(scenario())  # a 32-second timeout takes microseconds, in a fixed order

For in-memory transports: with real sockets the clock may jump before the kernel delivers.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

STUCK_AFTER_S = 5.0


class Deadlock(RuntimeError):
    """Every task waits and no timer, socket or thread can wake one."""


class _JumpingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(STUCK_AFTER_S)
            if not ready:
                raise Deadlock
            return ready
        ready = super().select(0)
        if not ready:
            self.now += max(timeout, 0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run_virtual(scenario: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scenario)
