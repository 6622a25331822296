"""Drives a performance through real time: signs in, steps out, one timer."""

import asyncio
from collections.abc import Callable

from voxgate.base.clock import Clock
from voxgate.sandbox.performance import Performance, Sign
from voxgate.sandbox.script import Script
from voxgate.sandbox.steps import Step


class Prompter:
    """Tells whoever plays the script the next step when its time has come."""

    def __init__(self, script: Script, clock: Clock, perform: Callable[[Step], None]) -> None:
        """`perform` may call `hear` and `stop`."""
        self._performance = Performance(script)
        self._clock = clock
        self._perform = perform
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    @property
    def current(self) -> Step | None:
        return self._performance.current

    def begin(self) -> None:
        self._play(self._performance.begin(self._clock.monotonic()))

    def hear(self, sign: Sign, *, happened_at: float | None = None) -> None:
        """`happened_at`: when it happened (monotonic), if that was known only later."""
        if not self._stopped:
            now = self._clock.monotonic()
            self._play(self._performance.hear(sign, now, happened_at=happened_at))

    def stop(self) -> None:
        """No further steps."""
        self._stopped = True
        self._arm()

    def _play(self, steps: list[Step]) -> None:
        for step in steps:
            if self._stopped:
                return
            self._perform(step)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._performance.deadline
        if deadline is not None and not self._stopped:
            delay_s = max(0.0, deadline - self._clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._time_has_come)

    def _time_has_come(self) -> None:
        self._timer = None
        if not self._stopped:
            self._play(self._performance.on_time(self._clock.monotonic()))
