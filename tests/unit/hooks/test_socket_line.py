import asyncio

import pytest
from aiohttp import WSMsgType, web

from unit.hooks.app_server import LOOPBACK, application
from voxgate.hooks.address import WEBSOCKET, resolve
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.handshake import SocketClient, SocketLimits
from voxgate.hooks.protocol import Disconnect, Transmit
from voxgate.hooks.socket_line import OUTGOING_MOST, SocketLine
from voxgate.model.hooks import Hook


def lined(story, serve):
    """`story` talks over a line to `serve`; what it returns, the close code, and the texts heard."""

    async def whole():
        client, heard = SocketClient(LOOPBACK, SocketLimits()), []

        async def answer(request):
            socket = web.WebSocketResponse(autoping=False)
            await socket.prepare(request)
            await serve(socket)
            return socket

        async with application(answer) as app:
            address = resolve(Hook(app.ws_url), None, LOOPBACK, WEBSOCKET)
            line = SocketLine(
                await client.open(address), "shown", heard.append, lambda: heard.append("binary")
            )
            try:
                async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
                    talking = tasks.create_task(line.converse())
                    result = await story(line)
                return result, talking.result(), heard
            finally:
                await line.close()
                await client.close()

    return asyncio.run(whole())


def test_frames_leave_in_order_and_the_far_ends_code_is_told():
    got = []

    async def serve(socket):
        got.extend([(await socket.receive()).data for _ in range(3)])
        await socket.send_str("thanks")
        await socket.send_bytes(b"x")
        await socket.close(code=4001)

    async def story(line):
        for number in range(3):
            line.put(Transmit(str(number)))

    assert lined(story, serve) == (None, 4001, ["thanks", "binary"])
    assert got == ["0", "1", "2"]


def test_a_connection_that_ends_without_a_word_has_no_code():
    async def serve(socket):
        await socket.receive()
        socket.get_extra_info("socket")
        raise ConnectionResetError

    async def story(line):
        line.put(Transmit("hello"))

    _result, code, _heard = lined(story, serve)

    assert code is None


def test_a_receipt_means_that_everything_before_was_read():
    got = []

    async def serve(socket):
        async for message in socket:
            got.append(message.type)
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)

    async def story(line):
        line.put(Transmit("status"))
        await line.receipt()
        seen = list(got)
        line.put(Disconnect(1000))
        return seen

    assert lined(story, serve)[0] == [WSMsgType.TEXT, WSMsgType.PING]


def test_without_an_answer_there_is_no_receipt():
    async def serve(socket):
        await socket.receive()
        await socket.close(code=1011)

    async def story(line):
        line.put(Transmit("status"))
        with pytest.raises(HookFailed) as caught:
            await line.receipt()
        return caught.value.kind

    assert lined(story, serve)[0] == "connect"


def test_pings_of_the_application_are_answered():
    answers = []

    async def serve(socket):
        await socket.ping(b"you?")
        answers.append((await socket.receive()).data)
        await socket.close()

    async def story(_line):
        return None

    lined(story, serve)
    assert answers == [b"you?"]


def test_an_application_that_reads_nothing_is_cut_off_and_memory_stays_bounded():
    async def serve(socket):
        await asyncio.Event().wait()

    async def story(line):
        for _ in range(OUTGOING_MOST + 1):
            line.put(Transmit("x"))

    assert lined(story, serve) == (None, None, [])
