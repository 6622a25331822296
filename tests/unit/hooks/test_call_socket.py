import asyncio

from unit.hooks.app_server import LOOPBACK, application
from unit.hooks.test_app_socket import QUICK, acknowledge, types
from unit.records.samples import until
from voxgate.hooks.websocket import Sockets
from voxgate.model.hooks import Hook


def shared(story):
    async def whole():
        sockets = Sockets(LOOPBACK, protocol=QUICK)
        async with application() as app:
            app.on_frame = acknowledge
            own = sockets.enter("parent", Hook(app.ws_url))
            try:
                return await asyncio.wait_for(story(app, own, sockets), 10)
            finally:
                await sockets.close()

    return asyncio.run(whole())


def test_the_end_of_the_call_closes_with_1000_after_its_last_status():
    async def story(app, own, sockets):
        await own.ask("session:new", {})
        own.finish(statuses_follow=True)
        still_open = not app.sockets[0].closed
        await own.deliver([{"call_status": "completed"}], last=True)
        await until(lambda: app.sockets[0].closed)
        return still_open, types(app)[-1], app.sockets[0].close_code, sockets.open_calls

    assert shared(story) == (True, "call:status", 1000, 0)


def test_a_call_whose_statuses_go_elsewhere_closes_at_once():
    async def story(app, own, _sockets):
        await own.ask("session:new", {})
        own.finish(statuses_follow=False)
        await until(lambda: app.sockets[0].closed)
        return app.sockets[0].close_code

    assert shared(story) == 1000


def test_a_dialled_call_shares_the_socket_and_speaks_in_its_own_name():
    async def story(app, own, sockets):
        await own.ask("session:new", {})
        child = sockets.enter("child", Hook(app.ws_url), parent_sid="parent")
        await child.ask("dial:confirm", {}, hook="/confirm")
        child.finish(statuses_follow=True)
        await child.deliver([{"call_status": "completed"}], last=True)
        await own.ask("verb:hook", {})
        sids = [(frame["type"], frame["call_sid"]) for frame in app.frames]
        return sids, len(app.received), sockets.of_call("child", Hook(app.ws_url))

    assert shared(story) == (
        [
            ("session:new", "parent"),
            ("dial:confirm", "child"),
            ("call:status", "child"),
            ("verb:hook", "parent"),
        ],
        1,
        None,
    )


def test_a_call_is_found_by_address_whatever_the_fragment_says():
    async def story(app, own, sockets):
        same = sockets.of_call("parent", Hook(f"{app.ws_url}#rc=2"))
        other = sockets.of_call("parent", Hook(f"{app.ws_url}/status"))
        return same is own, other

    assert shared(story) == (True, None)
