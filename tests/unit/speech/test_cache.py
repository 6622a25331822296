import asyncio

import pytest

from voxgate.model.audio import Audio
from voxgate.speech.cache import AudioCache
from voxgate.speech.contract import SpeechFailed


class Kitchen:
    """Renders on request and counts."""

    def __init__(self) -> None:
        self.orders = 0
        self.gate = asyncio.Event()
        self.failing = False

    async def __call__(self) -> Audio:
        self.orders += 1
        await self.gate.wait()
        if self.failing:
            raise SpeechFailed("failed", "fake", "burnt")
        return Audio(b"ab" * 10)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_same_speech_is_rendered_once_however_many_ask_for_it():
    async def scenario() -> None:
        cache, kitchen = AudioCache(), Kitchen()
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(cache.get("key", kitchen)) for _ in range(5)]
            await settled()
            kitchen.gate.set()
        await cache.get("key", kitchen)

        assert {task.result() for task in asked} == {Audio(b"ab" * 10)}
        assert kitchen.orders == 1

    asyncio.run(scenario())


def test_one_who_gives_up_does_not_spoil_it_for_the_others():
    async def scenario() -> None:
        cache, kitchen = AudioCache(), Kitchen()
        async with asyncio.TaskGroup() as tasks:
            impatient = tasks.create_task(cache.get("key", kitchen))
            patient = tasks.create_task(cache.get("key", kitchen))
            await settled()
            impatient.cancel()
            await settled()
            kitchen.gate.set()

        assert patient.result() == Audio(b"ab" * 10)
        assert impatient.cancelled()

    asyncio.run(scenario())


def test_a_failure_goes_to_all_who_wait_and_the_next_one_tries_again():
    async def scenario() -> None:
        cache, kitchen = AudioCache(), Kitchen()
        kitchen.failing = True
        kitchen.gate.set()
        outcomes = await asyncio.gather(
            cache.get("key", kitchen), cache.get("key", kitchen), return_exceptions=True
        )
        kitchen.failing = False

        assert [str(outcome) for outcome in outcomes] == [
            "text to speech request to fake failed: burnt"
        ] * 2
        assert outcomes[0] is not outcomes[1]
        assert await cache.get("key", kitchen) == Audio(b"ab" * 10)
        assert kitchen.orders == 2

    asyncio.run(scenario())


def test_the_least_recently_used_sound_makes_room():
    async def scenario() -> None:
        cache, kitchen = AudioCache(bytes_max=80), Kitchen()
        kitchen.gate.set()
        for key in "abcde":
            await cache.get(key, kitchen)
        assert kitchen.orders == 5

        await cache.get("e", kitchen)
        assert kitchen.orders == 5
        await cache.get("a", kitchen)
        assert kitchen.orders == 6

    asyncio.run(scenario())


def test_closing_stops_what_is_being_rendered():
    async def scenario() -> None:
        cache, kitchen = AudioCache(), Kitchen()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(cache.get("key", kitchen))
            await settled()
            await cache.close()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.shield(waiting)

    asyncio.run(scenario())
