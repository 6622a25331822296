import asyncio
import ipaddress

import pytest
from aiohttp import web

from unit.hooks.app_server import LOOPBACK, answering, application
from unit.records.samples import until
from voxgate.base.egress import EgressPolicy
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.handshake import SocketLimits
from voxgate.hooks.websocket import Sockets
from voxgate.model.hooks import Hook


def opened(story, *, answer=None, policy=LOOPBACK, limits=None):
    async def whole():
        sockets = Sockets(policy, limits=limits)
        async with application(answer) as app:
            try:
                return await story(app, sockets)
            finally:
                await sockets.close()

    return asyncio.run(whole())


def test_a_frame_is_told_on_a_socket_with_the_contract_s_protocol():
    async def story(app, sockets):
        socket = await sockets.open(Hook(f"{app.ws_url}/status?x=1", "POST", "me", "pass"))
        await socket.tell("0d0c", {"call_status": "ringing", "name": "Jürgen"})
        await until(lambda: app.frames)
        request = app.received[0]
        return app.frames[0], app.sockets[0].ws_protocol, request

    frame, protocol, request = opened(story)

    assert frame["type"] == "call:status"
    assert frame["call_sid"] == "0d0c"
    assert frame["data"] == {"call_status": "ringing", "name": "Jürgen"}
    assert frame["msgid"]
    assert protocol == "ws.jambonz.org"
    assert (request.path, request.query) == ("/status", {"x": "1"})
    assert request.headers["authorization"] == "Basic bWU6cGFzcw=="


def test_what_the_application_says_is_read_and_ignored():
    async def story(app, sockets):
        async def chatter(socket, frame):
            await socket.send_str("{}")
            await socket.send_bytes(b"\x00")
            await socket.ping()

        app.on_frame = chatter
        socket = await sockets.open(Hook(app.ws_url))
        for _ in range(3):
            await socket.tell("0d0c", {})
        await until(lambda: len(app.frames) == 3)
        return socket.is_open

    assert opened(story)


def test_a_socket_that_the_application_closes_says_so():
    async def story(app, sockets):
        async def close(socket, frame):
            await socket.close(code=frame["data"]["code"])

        app.on_frame = close
        ends = []
        for code in (1000, 1011):
            socket = await sockets.open(Hook(app.ws_url))
            await socket.tell("0d0c", {"code": code})
            await asyncio.wait([socket.closed])
            with pytest.raises(HookFailed) as caught:
                await socket.tell("0d0c", {})
            ends.append((socket.was_finished, caught.value.kind, caught.value.detail))
        return ends

    assert opened(story) == [
        (True, "connect", "the socket was closed with code 1000"),
        (False, "connect", "the socket was closed with code 1011"),
    ]


def test_closing_tells_the_application_1000_and_leaving_tells_it_1001():
    async def story(app, sockets):
        first = await sockets.open(Hook(app.ws_url))
        await sockets.open(Hook(app.ws_url))
        await first.close()
        await sockets.close()
        await until(lambda: all(socket.closed for socket in app.sockets))
        return [socket.close_code for socket in app.sockets]

    assert opened(story) == [1000, 1001]


@pytest.mark.parametrize("status", [200, 401, 404, 503])
def test_a_handshake_that_is_refused_is_a_failure_with_its_status(status):
    async def story(app, sockets):
        with pytest.raises(HookFailed) as caught:
            await sockets.open(Hook(app.ws_url))
        return caught.value.kind, caught.value.status

    assert opened(story, answer=answering(status)) == ("status", status)


@pytest.mark.parametrize(("hops", "opened_there"), [(1, True), (2, True), (3, False)])
def test_at_most_two_redirects_are_followed(hops, opened_there):
    async def story(app, sockets):
        async with application() as target:

            async def redirect(request):
                left = int(request.query["left"]) - 1
                onward = f"{app.url}/?left={left}" if left else f"{target.ws_url}/here"
                raise web.HTTPFound(onward)

            app.answer = redirect
            try:
                await sockets.open(Hook(f"{app.ws_url}/?left={hops}", "POST", "me", "pass"))
            except HookFailed as failure:
                return failure.kind, target.received
            return [each.headers.get("authorization") for each in target.received]

    expected = [None] if opened_there else ("status", [])
    assert opened(story) == expected


def test_a_redirect_to_an_address_outside_the_policy_is_refused():
    async def story(app, sockets):
        async def redirect(_request):
            raise web.HTTPFound("ws://169.254.169.254/latest")

        app.answer = redirect
        with pytest.raises(HookFailed) as caught:
            await sockets.open(Hook(app.ws_url))
        return caught.value.kind

    policy = EgressPolicy([ipaddress.ip_network("127.0.0.0/8")])
    assert opened(story, policy=policy) == "egress"


def test_a_handshake_has_its_time():
    async def story(app, sockets):
        async def never(_request):
            await asyncio.sleep(30)

        app.answer = never
        with pytest.raises(HookFailed) as caught:
            await sockets.open(Hook(app.ws_url))
        return caught.value.kind, caught.value.detail

    limits = SocketLimits(handshake_s=0.1)
    assert opened(story, limits=limits) == ("connect", "no handshake in time")


def test_addresses_outside_the_policy_are_refused():
    async def story(app, sockets):
        with pytest.raises(HookFailed) as caught:
            await sockets.open(Hook(f"ws://localhost:{app.port}/"))
        return caught.value.kind, app.received

    policy = EgressPolicy([ipaddress.ip_network("192.0.2.0/24")])
    assert opened(story, policy=policy) == ("egress", [])


def test_nobody_at_the_address_is_a_connection_failure():
    async def story(app, sockets):
        async with application() as gone:
            pass
        with pytest.raises(HookFailed) as caught:
            await sockets.open(Hook(gone.ws_url))
        return caught.value.kind

    assert opened(story) == "connect"
