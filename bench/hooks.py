"""Questions to applications: calls that do nothing but redirect, as fast as they are answered.

Each round trip is a question with the whole call in it, signed, its events durable before it leaves, and
an answer read and run. Over HTTP on kept connections, and over one WebSocket for each call.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web

from bench.meter import Window
from bench.results import Result
from bench.stage import LoadSide, stage

CALLS = 100
WARM_S, MEASURE_S = 3, 10
AGAIN: list[dict[str, object]] = [{"verb": "redirect", "actionHook": "/call"}]
HANG_UP: list[dict[str, object]] = [{"verb": "hangup"}]


class SocketApplication:
    """Acknowledges everything with the same document."""

    def __init__(self) -> None:
        self.asked = 0
        self.document = AGAIN
        self.url = ""

    async def talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ws.jambonz.org",))
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = message.json()
            if frame["type"].startswith("session:"):
                self.asked += 1
                ack = {"type": "ack", "msgid": frame["msgid"], "data": self.document}
                await socket.send_json(ack)
        return socket


@asynccontextmanager
async def socket_application() -> AsyncIterator[SocketApplication]:
    application = SocketApplication()
    server = web.Application()
    server.router.add_get("/call", application.talk)
    runner = web.AppRunner(server, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    application.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/call"
    try:
        yield application
    finally:
        await runner.cleanup()


async def _offer(load: LoadSide, **fields: object) -> None:
    for _ in range(CALLS):
        await load.offer(**fields)
    for _ in range(200):
        if load.answered >= CALLS:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"only {load.answered} of {CALLS} calls were answered")


async def measure_hooks() -> list[Result]:
    """Round trips a second with a hundred calls asking at once."""
    async with stage(AGAIN) as (gateway, load):
        await _offer(load)
        await asyncio.sleep(WARM_S)
        window, before = Window(gateway.pid), load.asked
        await asyncio.sleep(MEASURE_S)
        over_http, cpu_s = load.asked - before, window.used_s
        print(f"hooks over HTTP: {1000 * cpu_s / max(1, over_http):.2f} ms CPU each")
        load.answer(HANG_UP)
        await load.drained(10)
    async with stage(AGAIN) as (gateway, load), socket_application() as application:
        status = {"call_status_hook": load.status_url}
        await _offer(load, call_hook=application.url, **status)
        await asyncio.sleep(WARM_S)
        window, before = Window(gateway.pid), application.asked
        await asyncio.sleep(MEASURE_S)
        over_sockets, cpu_s = application.asked - before, window.used_s
        print(f"hooks over WebSockets: {1000 * cpu_s / max(1, over_sockets):.2f} ms CPU each")
        application.document = HANG_UP
        await load.drained(10)
    return [
        Result(
            "hook_round_trips_per_s", over_http / MEASURE_S, "hooks/s", None, "higher", over_http
        ),
        Result(
            "ws_round_trips_per_s",
            over_sockets / MEASURE_S,
            "hooks/s",
            None,
            "higher",
            over_sockets,
        ),
    ]
