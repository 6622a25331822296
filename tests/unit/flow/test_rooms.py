import asyncio

import pytest

from unit.flow.room_stage import Stage, settle
from voxgate.flow.rooms import CallRooms
from voxgate.verbs.capabilities.rooms import ConferenceWish, Participant, QueueWish, Taking
from voxgate.verbs.contract import NotNow


def test_rooms_need_media():
    async def story():
        session = Stage().call()
        session.leg = None
        rooms = CallRooms(session)
        for work in (
            rooms.confer(ConferenceWish("x"), None),
            rooms.enqueue(QueueWish("x"), None),
            rooms.dequeue(Taking("x"), None),
        ):
            with pytest.raises(NotNow, match="no media"):
                await work

    asyncio.run(story())


def test_a_call_in_no_room_is_not_muted_and_has_nothing_to_leave():
    async def story():
        rooms = CallRooms(Stage().call())
        rooms.leave()

        assert rooms.mute(muted=True) is False
        with pytest.raises(NotNow):
            rooms.mute_others(muted=True)
        with pytest.raises(NotNow):
            rooms.unhold()

    asyncio.run(story())


def test_live_control_reaches_the_conference():
    async def story():
        stage = Stage()
        session = stage.call()
        rooms = CallRooms(session)
        task = asyncio.ensure_future(rooms.confer(ConferenceWish("x"), None))
        await settle()
        (seat,) = session.leg.stream.seats

        assert rooms.mute(muted=True) is True
        assert seat.muted
        rooms.mute_others(muted=True)
        rooms.hold(None)
        assert seat.deaf
        rooms.unhold()
        rooms.act(Participant("kick"))

        assert (await task).reason == "kicked"
        await stage.conferences.close()

    asyncio.run(story())
