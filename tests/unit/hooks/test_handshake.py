import asyncio

import pytest
from aiohttp import WSMsgType, web

from unit.hooks.app_server import LOOPBACK, application
from voxgate.hooks.address import WEBSOCKET, resolve
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.handshake import SocketClient, SocketLimits
from voxgate.model.hooks import Hook


def shaken(story, **limits):
    async def whole():
        client = SocketClient(LOOPBACK, SocketLimits(**limits))
        async with application() as app:
            address = resolve(
                Hook(f"{app.ws_url}/app#rc=1", "POST", "me", "pass"), None, LOOPBACK, WEBSOCKET
            )
            try:
                return await story(app, client, address)
            finally:
                await client.close()

    return asyncio.run(whole())


def test_both_protocols_are_offered_and_the_fragment_stays_here():
    async def story(app, client, address):
        connection = await client.open(address)
        request = app.received[0]
        await connection.close()
        return request.path, request.headers["sec-websocket-protocol"], connection.protocol

    assert shaken(story) == ("/app", "ws.jambonz.org,voxgate", "ws.jambonz.org")


def test_a_relative_redirect_keeps_host_and_credentials():
    async def story(app, client, address):
        async def answer(request):
            if request.path == "/app":
                raise web.HTTPTemporaryRedirect("/moved")
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.receive()
            return socket

        app.answer = answer
        connection = await client.open(address)
        await connection.close()
        return [(each.path, "authorization" in each.headers) for each in app.received]

    assert shaken(story) == [("/app", True), ("/moved", True)]


@pytest.mark.parametrize("target", ["", "ftp://app.example/", "mailto:me", "//"])
def test_a_redirect_to_nowhere_is_a_failure(target):
    async def story(app, client, address):
        async def answer(_request):
            return web.Response(status=302, headers={"Location": target} if target else {})

        app.answer = answer
        with pytest.raises(HookFailed) as caught:
            await client.open(address)
        return caught.value.kind

    assert shaken(story) == "status"


def test_pings_are_sent_when_they_are_wanted():
    async def story(app, client, address):
        heard = asyncio.get_running_loop().create_future()

        async def answer(request):
            socket = web.WebSocketResponse(autoping=False)
            await socket.prepare(request)
            heard.set_result((await socket.receive()).type)
            await socket.pong()
            await socket.receive()
            return socket

        app.answer = answer
        connection = await client.open(address)
        kind = await heard
        await connection.close()
        return kind

    assert shaken(story, ping_s=0.05) is WSMsgType.PING
