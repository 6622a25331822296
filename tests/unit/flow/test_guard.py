from voxgate.flow import guard as module
from voxgate.flow.guard import STRIKES_MOST, WINDOW_S, Guard
from voxgate.testing.virtual_time import ManualClock


def struck(guard: Guard, source: str, times: int) -> Guard:
    for _ in range(times):
        guard.strike(source, "INVITE 404")
    return guard


def test_a_source_is_muted_after_so_many_refusals_and_heard_again_after_a_minute():
    clock = ManualClock()
    guard = struck(Guard(clock), "stranger", STRIKES_MOST - 1)
    assert guard.admits("stranger")

    guard.strike("stranger", "INVITE 404")

    assert not guard.admits("stranger")
    assert guard.admits("somebody else")
    clock.advance(WINDOW_S)
    assert guard.admits("stranger")


def test_refusals_of_before_do_not_count_after_their_window():
    clock = ManualClock()
    guard = struck(Guard(clock), "stranger", STRIKES_MOST - 1)
    clock.advance(WINDOW_S)

    assert struck(guard, "stranger", 1).admits("stranger")


def test_whoever_turns_out_to_be_known_starts_anew():
    guard = struck(Guard(ManualClock()), "device", STRIKES_MOST - 1)

    guard.forgive("device")

    assert struck(guard, "device", STRIKES_MOST - 1).admits("device")


def test_a_flood_of_sources_takes_no_more_memory(monkeypatch):
    monkeypatch.setattr(module, "SOURCES_MOST", 10)
    guard = Guard(ManualClock())
    for number in range(1000):
        guard.strike(f"source-{number}", "INVITE 404")

    assert len(guard) == 10


def test_what_was_not_answered_is_counted():
    guard = struck(Guard(ManualClock()), "stranger", STRIKES_MOST)
    for _ in range(3):
        guard.admits("stranger")

    assert guard.unanswered == 3
