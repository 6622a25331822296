import asyncio
import ipaddress

import pytest
from aiohttp import WSMsgType, web

from unit.hooks.app_server import LOOPBACK, application
from unit.records.samples import until
from voxgate.base.egress import EgressPolicy
from voxgate.hooks.audio_socket import (
    FRAMES_WAITING_MAX,
    TEXTS_WAITING_MAX,
    AudioSockets,
    Binary,
    Text,
)
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.handshake import SocketLimits
from voxgate.model.hooks import Hook

FRAME = bytes(320)


class Server:
    """What an application does with its socket, and what it got."""

    def __init__(self, *protocols: str) -> None:
        self.protocols = protocols
        self.got: list[bytes | str] = []
        self.socket: web.WebSocketResponse | None = None
        self.transport: asyncio.BaseTransport | None = None
        self.reads = asyncio.Event()
        self.reads.set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        socket = self.socket = web.WebSocketResponse(protocols=self.protocols, max_msg_size=1 << 24)
        await socket.prepare(request)
        self.transport = request.transport
        await self.reads.wait()
        async for message in socket:
            if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                self.got.append(message.data)
        return socket


def opened(story, *protocols, policy=LOOPBACK, limits=None):
    async def whole():
        server = Server(*protocols)
        sockets = AudioSockets(policy, limits)
        async with application(server) as app:
            try:
                return await story(app, server, sockets)
            finally:
                server.reads.set()
                await sockets.close()

    return asyncio.run(whole())


@pytest.mark.parametrize("protocol", ["audio.jambonz.org", "audio.drachtio.org", "audio.voxgate"])
def test_any_of_the_protocols_is_agreed_on_and_credentials_are_given(protocol):
    async def story(app, server, sockets):
        socket = await sockets.open(Hook(f"{app.ws_url}/ears?a=1", "POST", "me", "pass"))
        await socket.close()
        return server.socket.ws_protocol, app.received[0], socket.shown

    agreed, request, shown = opened(story, protocol)

    assert agreed == protocol
    assert request.headers["authorization"] == "Basic bWU6cGFzcw=="
    assert shown.endswith("/ears")


def test_audio_and_messages_arrive_in_the_order_they_were_sent():
    async def story(app, server, sockets):
        socket = await sockets.open(Hook(app.ws_url))
        socket.send_text("first")
        socket.send_frame(FRAME)
        socket.send_text("last")
        await socket.close()
        await until(lambda: len(server.got) == 3)
        return server.got, server.socket

    got, socket = opened(story)

    assert got == ["first", FRAME, "last"]
    assert socket.close_code == 1000


def test_what_the_application_sends_is_received_until_it_closes():
    async def story(app, server, sockets):
        socket = await sockets.open(Hook(app.ws_url))
        await until(lambda: server.socket is not None)
        await server.socket.send_str("{}")
        await server.socket.ping(b"?")
        await server.socket.send_bytes(b"\0\0")
        received = [await socket.receive(), await socket.receive()]
        await server.socket.close()
        received.append(await socket.receive())
        await socket.close()
        return received

    assert opened(story) == [Text("{}"), Binary(b"\0\0"), None]


def test_a_connection_that_breaks_is_received_as_its_end():
    async def story(app, server, sockets):
        socket = await sockets.open(Hook(app.ws_url))
        await until(lambda: server.transport is not None)
        server.transport.abort()
        received = await socket.receive()
        socket.send_frame(FRAME)
        await socket.close()
        return received

    assert opened(story) is None


def test_an_application_that_does_not_read_loses_audio_and_nobody_waits_for_it():
    """A slow application loses audio, never the call; memory is bounded."""
    large = bytes(1_000_000)

    async def story(app, server, sockets):
        server.reads.clear()
        socket = await sockets.open(Hook(app.ws_url))
        for _ in range(FRAMES_WAITING_MAX + 60):
            socket.send_frame(large)
            await asyncio.sleep(0)
        dropped = socket.dropped
        for number in range(TEXTS_WAITING_MAX + 50):
            socket.send_text(str(number))
        await asyncio.wait_for(socket.close(), 10)
        return dropped

    assert opened(story) > 0


def test_an_application_that_reads_again_gets_what_comes_from_then_on():
    large = bytes(1_000_000)

    async def story(app, server, sockets):
        server.reads.clear()
        socket = await sockets.open(Hook(app.ws_url))
        while not socket.dropped:
            socket.send_frame(large)
            await asyncio.sleep(0)
        server.reads.set()
        await until(lambda: len(server.got) >= FRAMES_WAITING_MAX)
        dropped = socket.dropped
        socket.send_frame(FRAME)
        await until(lambda: server.got[-1] == FRAME)
        await socket.close()
        return socket.dropped - dropped

    assert opened(story) == 0


def test_an_address_that_may_not_be_reached_is_refused():
    only_public = EgressPolicy([ipaddress.ip_network("10.0.0.0/8")])

    async def story(app, _server, sockets):
        with pytest.raises(HookFailed) as refused:
            await sockets.open(Hook(app.ws_url))
        return refused.value, len(app.received)

    failed, requests = opened(story, policy=only_public)

    assert (failed.kind, requests) == ("egress", 0)


def test_a_message_beyond_the_limit_ends_the_socket():
    limits = SocketLimits(frame_bytes_most=1000)

    async def story(app, server, sockets):
        socket = await sockets.open(Hook(app.ws_url))
        await until(lambda: server.socket is not None)
        await server.socket.send_bytes(bytes(2000))
        received = await socket.receive()
        await socket.close()
        return received

    assert opened(story, limits=limits) is None
