import asyncio
import time

import pytest

from voxgate.testing import virtual_time
from voxgate.testing.virtual_time import Deadlock, run_virtual


def test_a_long_wait_costs_no_real_time():
    async def scenario() -> float:
        started = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time() - started

    before = time.monotonic()

    assert run_virtual(scenario()) == pytest.approx(3600)
    assert time.monotonic() - before < 1


def test_timers_fire_in_the_order_they_are_due():
    async def scenario() -> list[str]:
        order: list[str] = []

        async def wait(delay: float, name: str) -> None:
            await asyncio.sleep(delay)
            order.append(name)

        await asyncio.gather(wait(30, "late"), wait(0.02, "soon"), wait(4, "middle"))
        return order

    assert run_virtual(scenario()) == ["soon", "middle", "late"]


def test_a_timeout_fires_at_its_deadline():
    async def scenario() -> None:
        async with asyncio.timeout(32):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run_virtual(scenario())


def test_a_wait_that_nothing_can_end_is_reported(monkeypatch):
    monkeypatch.setattr(virtual_time, "STUCK_AFTER_S", 0.05)

    async def scenario() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run_virtual(scenario())


def test_real_sockets_still_work():
    async def scenario() -> bytes:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.read(4))
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"ping")
        answer = await reader.read(4)
        writer.close()
        server.close()
        return answer

    assert run_virtual(scenario()) == b"ping"
