import asyncio

import pytest
from aiohttp import web

from unit.hooks.app_server import LOOPBACK, application
from unit.records.samples import until
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.handshake import SocketLimits
from voxgate.hooks.protocol import ProtocolLimits, State
from voxgate.hooks.websocket import Sockets
from voxgate.model.hooks import Hook

QUICK = ProtocolLimits(ack_s=0.3, first_pause_s=0.01)


class Ear:
    """What a call hears of its application's socket."""

    def __init__(self):
        self.commands = []
        self.misread = []
        self.lost = []

    def on_command(self, command):
        self.commands.append(command)

    def on_misread(self, details):
        self.misread.append(details)

    def on_lost(self, failure):
        self.lost.append(failure)


async def acknowledge(socket, frame):
    if frame["type"] not in {"call:status", "verb:status", "jambonz:error"}:
        data = {"echo": frame.get("hook")}
        await socket.send_json({"type": "ack", "msgid": frame["msgid"], "data": data})


def driven(story, *, limits=None, on_frame=acknowledge, path="/app"):
    async def whole():
        sockets = Sockets(LOOPBACK, limits=limits, protocol=QUICK)
        async with application() as app:
            app.on_frame = on_frame
            socket = sockets.enter("0d0c", Hook(app.ws_url + path, "POST", "me", "pass")).socket
            socket.listener = Ear()
            try:
                return await asyncio.wait_for(story(app, socket, sockets), 10)
            finally:
                await sockets.close()

    return asyncio.run(whole())


def types(app):
    return [frame["type"] for frame in app.frames]


def test_one_connection_carries_questions_answers_and_statuses_in_order():
    async def story(app, socket, _sockets):
        await socket.deliver([{"call_status": "trying"}])
        await socket.ask("session:new", {"from": "+49"})
        answer = await socket.ask("verb:hook", {"digits": "1"}, hook="anything")
        await socket.deliver([{"call_status": "completed"}])
        return answer, types(app), app.received, app.frames

    answer, sent, (request,), frames = driven(story)

    assert answer == {"echo": "anything"}
    assert sent == ["call:status", "session:new", "verb:hook", "call:status"]
    assert request.headers["authorization"] == "Basic bWU6cGFzcw=="
    assert request.headers["sec-websocket-protocol"] == "ws.jambonz.org,voxgate"
    assert {frame["call_sid"] for frame in frames} == {"0d0c"}


def test_a_delivered_status_has_been_read_by_the_application_s_side():
    async def story(app, socket, _sockets):
        seen = []
        for number in range(20):
            await socket.deliver([{"seq": number}])
            seen.append(len(app.frames) == number + 1)
        return seen

    assert all(driven(story))


def test_commands_and_bad_frames_reach_the_call_and_bad_ones_are_answered():
    async def talkative(socket, frame):
        await acknowledge(socket, frame)
        if frame["type"] == "session:new":
            await socket.send_str("{oops")
            await socket.send_bytes(b"\x00")
            await socket.send_json({"type": "command", "command": "tts:clear"})

    async def story(app, socket, _sockets):
        await socket.ask("session:new", {})
        await until(lambda: socket.listener.commands)
        await until(lambda: len(app.frames) == 3)
        return socket.listener.misread, types(app)

    misread, sent = driven(story, on_frame=talkative)

    assert ["JSON" in misread[0], "binary" in misread[1]] == [True, True]
    assert sent == ["session:new", "jambonz:error", "jambonz:error"]


def test_no_ack_in_time_is_a_failed_question():
    async def silent(_socket, _frame):
        pass

    async def story(_app, socket, _sockets):
        with pytest.raises(HookFailed) as caught:
            await socket.ask("session:new", {})
        return caught.value.kind

    assert driven(story, on_frame=silent) == "timeout"


def test_a_broken_connection_is_made_again_and_nothing_asked_meanwhile_is_lost_fs_633():
    async def story(app, socket, _sockets):
        await socket.ask("session:new", {"from": "+49"})
        await app.sockets[0].close(code=1011)
        await until(lambda: socket.state is not State.READY)
        answer = await socket.ask("verb:hook", {}, hook="/menu")
        return answer, types(app), app.frames[1]["data"]

    answer, sent, data = driven(story)

    assert answer == {"echo": "/menu"}
    assert sent == ["session:new", "session:reconnect", "verb:hook"]
    assert data == {"from": "+49"}


def test_a_connection_that_is_cut_without_a_word_is_made_again():
    async def story(app, socket, _sockets):
        await socket.ask("session:new", {})
        app.cut()
        await until(lambda: "session:reconnect" in types(app))
        return socket.state

    assert driven(story) in {State.READY, State.GREETING}


def test_a_frame_of_100_kib_passes_gotcha_48_and_too_large_a_one_costs_only_the_connection():
    async def generous(socket, frame):
        text = "x" * (100 << 10 if frame["type"] != "verb:hook" else 3 << 20)
        await socket.send_json({"type": "ack", "msgid": frame["msgid"], "data": text})

    async def story(app, socket, _sockets):
        long = await socket.ask("session:new", {})
        with pytest.raises(HookFailed):
            await socket.ask("verb:hook", {})
        await until(lambda: types(app)[-1] == "session:reconnect")
        return len(long), app.sockets[0].close_code

    assert driven(story, on_frame=generous) == (100 << 10, 1009)


def test_an_application_that_does_not_come_back_is_lost_fs_1098():
    async def story(app, socket, _sockets):
        await socket.ask("session:new", {})

        async def refuse(_request):
            return web.Response(status=503)

        app.answer = refuse
        await app.sockets[0].close(code=1001)
        await until(lambda: socket.listener.lost)
        return len(app.received), socket.listener.lost[0].status

    assert driven(story) == (5, 503)


def test_a_farewell_of_the_application_is_respected():
    async def story(app, socket, _sockets):
        await socket.ask("session:new", {})
        await app.sockets[0].close(code=1000)
        await until(lambda: socket.state is State.FINISHED)
        answer = await socket.ask("verb:hook", {})
        await socket.deliver([{"call_status": "completed"}])
        return answer, len(app.received), types(app)

    assert driven(story) == (None, 1, ["session:new"])


def test_stopping_the_gateway_tells_1001():
    async def story(app, socket, sockets):
        await socket.ask("session:new", {})
        await sockets.close()
        await until(lambda: app.sockets[0].closed)
        return app.sockets[0].close_code

    assert driven(story) == 1001


def test_many_calls_talk_at_once():
    async def story(app, _socket, sockets):
        calls = [sockets.enter(f"call-{n}", Hook(app.ws_url)) for n in range(200)]

        async def talk(call):
            await call.ask("session:new", {})
            answers = [await call.ask("verb:hook", {}, hook=str(n)) for n in range(3)]
            return [answer["echo"] for answer in answers]

        return await asyncio.gather(*(talk(call) for call in calls))

    answers = driven(story, limits=SocketLimits(handshake_s=10))

    assert answers == [["0", "1", "2"]] * 200
