import asyncio

from unit.call.fakes import ListLog
from unit.flow.fakes import live_call, of_type
from voxgate.flow.background import Background
from voxgate.model.calls import EventType
from voxgate.testing.virtual_time import run_virtual


def test_what_begins_under_a_name_stops_what_ran_under_it():
    async def story():
        background = Background(live_call(ListLog()))
        stopped = []

        async def work(name: str) -> None:
            try:
                await asyncio.sleep(100)
            finally:
                stopped.append(name)

        background.start("tap", work("first"))
        await asyncio.sleep(1)
        background.start("tap", work("second"))
        await asyncio.sleep(1)
        assert stopped == ["first"]
        assert background.is_running("tap")
        assert background.stop("tap")
        await asyncio.sleep(1)
        assert (stopped, background.is_running("tap")) == (["first", "second"], False)
        assert not background.stop("tap")

    run_virtual(story())


def test_an_activity_that_fails_is_told_and_its_call_goes_on():
    async def story():
        log = ListLog()
        background = Background(live_call(log))

        async def broken() -> None:
            raise ValueError("a secret of ours")

        async def steady() -> None:
            await asyncio.sleep(100)

        background.start("tap", broken())
        background.start("steady", steady())
        await asyncio.sleep(1)

        (event,) = of_type(log, EventType.MEDIA)
        assert event == {
            "type": "background_failed",
            "activity": "tap",
            "error": "ValueError",
        }
        (alert,) = of_type(log, EventType.ALERT)
        assert alert["alert_type"] == "background-failure"
        assert "secret" not in str(alert)
        assert background.is_running("steady")
        await background.close()
        assert not background.is_running("steady")

    run_virtual(story())
