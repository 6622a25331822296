import asyncio

from voxgate.flow import guard as module
from voxgate.flow.guard import STRIKES_MOST, WINDOW_S, Guard, Knows
from voxgate.provisioning.errors import Unavailable
from voxgate.testing.virtual_time import ManualClock


async def knows_nobody(_address: str) -> bool:
    return False


def guarded(clock: ManualClock | None = None, knows: Knows = knows_nobody) -> Guard:
    return Guard(clock or ManualClock(), knows)


def struck(guard: Guard, source: str, times: int) -> Guard:
    async def story() -> None:
        for _ in range(times):
            await guard.strike(source, "INVITE 404")

    asyncio.run(story())
    return guard


def test_a_source_is_muted_after_so_many_refusals_and_heard_again_after_a_minute():
    clock = ManualClock()
    guard = struck(guarded(clock), "stranger", STRIKES_MOST - 1)
    assert guard.admits("stranger")

    struck(guard, "stranger", 1)

    assert not guard.admits("stranger")
    assert guard.admits("somebody else")
    clock.advance(WINDOW_S)
    assert guard.admits("stranger")


def test_refusals_of_before_do_not_count_after_their_window():
    clock = ManualClock()
    guard = struck(guarded(clock), "stranger", STRIKES_MOST - 1)
    clock.advance(WINDOW_S)

    assert struck(guard, "stranger", 1).admits("stranger")


def test_whoever_turns_out_to_be_known_starts_anew():
    guard = struck(guarded(), "device", STRIKES_MOST - 1)

    guard.forgive("device")

    assert struck(guard, "device", STRIKES_MOST - 1).admits("device")


def test_a_flood_of_sources_takes_no_more_memory(monkeypatch):
    monkeypatch.setattr(module, "SOURCES_MOST", 10)
    guard = guarded()
    for number in range(100):
        struck(guard, f"source-{number}", 1)

    assert len(guard) == 10


def test_what_was_not_answered_is_counted():
    guard = struck(guarded(), "stranger", STRIKES_MOST)
    for _ in range(3):
        guard.admits("stranger")

    assert guard.unanswered == 3


def test_forged_requests_never_mute_the_address_of_somebody_known():
    asked = []

    async def knows(address: str) -> bool:
        asked.append(address)
        return address == "trunk"

    guard = guarded(knows=knows)
    struck(guard, "trunk", 5 * STRIKES_MOST)
    struck(guard, "stranger", STRIKES_MOST)

    assert guard.admits("trunk")
    assert not guard.admits("stranger")
    # A flood in somebody's name costs the database next to nothing.
    assert asked == ["trunk"] * 5 + ["stranger"]


def test_nobody_is_muted_while_the_database_cannot_say_who_it_is():
    away = True

    async def knows(_address: str) -> bool:
        if away:
            raise Unavailable("gone")
        return False

    guard = guarded(knows=knows)
    assert struck(guard, "stranger", 2 * STRIKES_MOST).admits("stranger")

    away = False

    assert not struck(guard, "stranger", 1).admits("stranger")


def test_a_flood_while_it_is_asked_who_it_is_asks_once():
    asked = []

    async def story() -> None:
        known = asyncio.Event()

        async def knows(address: str) -> bool:
            asked.append(address)
            await known.wait()
            return False

        guard = guarded(knows=knows)
        for _ in range(STRIKES_MOST - 1):
            await guard.strike("stranger", "INVITE 404")
        async with asyncio.TaskGroup() as tasks:
            for _ in range(50):
                tasks.create_task(guard.strike("stranger", "INVITE 404"))
            await asyncio.sleep(0)
            known.set()
        assert not guard.admits("stranger")

    asyncio.run(story())

    assert asked == ["stranger"]
