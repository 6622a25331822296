import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from unit.flow.room_stage import FakeRoom, FakeStream
from voxgate.flow.bridge import Bridge
from voxgate.verbs.contract import NotNow


class Leg:
    """A leg whose keys the test presses."""

    def __init__(self) -> None:
        self.stream = FakeStream()
        self.listeners: list[Any] = []

    def listen_for_digits(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def press(self, digit: str, duration_ms: int = 100) -> None:
        for listener in list(self.listeners):
            listener(digit, duration_ms)


def session() -> Any:
    return SimpleNamespace(leg=Leg(), on_hold=lambda _held: None)


def test_a_call_that_joins_twice_has_one_seat_and_its_keys_are_relayed():
    bridge, stream = Bridge(FakeRoom()), FakeStream()

    bridge.join("a", stream)
    bridge.join("a", stream)

    (seat,) = stream.seats
    assert seat.relays


def test_who_is_not_in_it_cannot_be_muted():
    bridge, stream = Bridge(FakeRoom()), FakeStream()
    bridge.join("a", stream)

    bridge.mute("a", muted=True)

    assert stream.seats[0].muted
    with pytest.raises(NotNow):
        bridge.mute("b", muted=True)


def test_closing_it_leaves_everybody_as_they_were():
    room, far, told = FakeRoom(), session(), []
    bridge = Bridge(room)
    bridge.join("b", far.leg.stream)
    bridge.watch_keys(far, ("*1",), told.append)
    bridge.watch_hold(far, told.append)

    bridge.close()
    for key in "*1":
        far.leg.press(key)
    far.on_hold(True)

    assert (room.is_closed, far.leg.stream.seats[0].has_left, told) == (True, True, [])


def test_only_keys_that_came_as_info_are_pressed_again_for_the_other_leg():
    """GitHub FS#128."""
    bridge, near, far = Bridge(FakeRoom()), session(), session()
    bridge.relay_info_keys(near, far)

    near.leg.press("5", 120)
    near.leg.press("7", 0)

    assert far.leg.stream.digits == "7"


def test_a_far_end_that_takes_no_keys_costs_nothing():
    bridge, near, far = Bridge(FakeRoom()), session(), session()
    far.leg.stream.takes_digits = False
    bridge.relay_info_keys(near, far)

    near.leg.press("7", 0)

    assert far.leg.stream.digits == ""


def test_sequences_are_told_as_they_are_completed():
    async def story() -> list[str]:
        bridge, far, told = Bridge(FakeRoom()), session(), []
        bridge.watch_keys(far, ("*1", "99"), told.append)
        for key in "0*1299":
            far.leg.press(key)
        return told

    assert asyncio.run(story()) == ["*1", "99"]
