import asyncio

from unit.flow.room_stage import Stage
from voxgate.call import outcome
from voxgate.flow.sessions import Sessions
from voxgate.model.calls import CallStatus


def test_a_session_is_found_by_its_call_until_it_is_over():
    async def story():
        stage, sessions = Stage(), Sessions()
        session = stage.call("a")
        delist = sessions.enlist(session)
        assert sessions.of("a") is session
        assert sessions.of("b") is None

        delist()
        delist()

        assert sessions.of("a") is None

    asyncio.run(story())


def test_a_call_that_has_ended_is_no_longer_there():
    async def story():
        stage, sessions = Stage(), Sessions()
        session = stage.call("a")
        sessions.enlist(session)

        session.call.end(CallStatus.COMPLETED, outcome.own(outcome.COMPLETED, 200, "OK"), by="x")

        assert sessions.of("a") is None

    asyncio.run(story())


def test_a_later_session_of_the_call_is_not_delisted_by_the_former():
    async def story():
        stage, sessions = Stage(), Sessions()
        delist = sessions.enlist(stage.call("a"))
        second = stage.call("a")
        sessions.enlist(second)

        delist()

        assert sessions.of("a") is second

    asyncio.run(story())
