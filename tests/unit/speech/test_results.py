import asyncio

import pytest

from voxgate.speech.recognition import Alternative, Heard, RecognitionFailed
from voxgate.speech.results import WAITING_MAX, Results
from voxgate.testing.virtual_time import run_virtual


def heard(text: str) -> Heard:
    return Heard("acme", "en-US", True, (Alternative(text, 0.9),))


async def texts(results: Results) -> list[str]:
    found = []
    while (one := await results.next()) is not None:
        found.append(one.transcript)
    return found


def test_results_come_in_order_and_end_when_complete():
    async def scenario() -> list[str]:
        results = Results()
        results.put(heard("one"))
        asyncio.get_running_loop().call_later(1, results.put, heard("two"))
        asyncio.get_running_loop().call_later(2, results.complete)
        return await texts(results)

    assert run_virtual(scenario()) == ["one", "two"]


def test_a_failure_is_told_after_what_was_understood_before_it():
    async def scenario() -> str | None:
        results = Results()
        results.put(heard("one"))
        results.fail(RecognitionFailed("failed", "acme", "gone"))
        first = await results.next()
        with pytest.raises(RecognitionFailed, match="gone"):
            await results.next()
        return first.transcript if first else None

    assert run_virtual(scenario()) == "one"


def test_nobody_reading_costs_the_oldest_results_only():
    async def scenario() -> list[str]:
        results = Results()
        for number in range(WAITING_MAX + 5):
            results.put(heard(str(number)))
        results.complete()
        return await texts(results)

    assert run_virtual(scenario())[0] == "5"


def test_what_was_understood_before_a_clear_is_gone():
    async def scenario() -> list[str]:
        results = Results()
        results.put(heard("old"))
        results.clear()
        results.put(heard("new"))
        results.complete()
        return await texts(results)

    assert run_virtual(scenario()) == ["new"]
