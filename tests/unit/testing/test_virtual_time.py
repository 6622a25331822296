import asyncio

import pytest

from voxgate.testing import virtual_time
from voxgate.testing.virtual_time import Deadlock, ManualClock, run_virtual


def test_an_hour_of_waiting_is_over_at_once_and_reads_as_an_hour():
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.sleep(3600)
        return loop.time() - before

    assert run_virtual(scenario()) == pytest.approx(3600)


def test_timers_run_in_the_order_of_their_deadlines():
    order: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        order.append(name)

    async def scenario() -> None:
        await asyncio.gather(wait("late", 30), wait("early", 1), wait("middle", 5))

    run_virtual(scenario())

    assert order == ["early", "middle", "late"]


def test_waiting_for_what_nobody_will_do_is_a_deadlock(monkeypatch):
    monkeypatch.setattr(virtual_time, "STUCK_AFTER_S", 0.05)

    async def scenario() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock):
        run_virtual(scenario())


def test_a_manual_clock_moves_only_when_told_and_only_forward():
    clock = ManualClock(monotonic=5.0, wall=100.0)

    clock.advance(2.5)

    assert (clock.monotonic(), clock.wall()) == (7.5, 102.5)
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
