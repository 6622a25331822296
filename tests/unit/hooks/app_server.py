"""A customer's application on a real socket: answers as told and keeps what it got."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from voxgate.base.egress import EgressPolicy

LOOPBACK = EgressPolicy.exempt()
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class App:
    """`answer` is asked for each request; requests stand in `received` in their order."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    frames: list[Any] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    transports: list[asyncio.WriteTransport] = field(default_factory=list)
    answer: Answer | None = None
    on_frame: Callable[[web.WebSocketResponse, Any], Awaitable[None]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """The newest connection ends without a word."""
        if self.transports:
            self.transports[-1].abort()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.received.append(
            Received(
                request.method,
                request.path,
                dict(request.query),
                {name.lower(): value for name, value in request.headers.items()},
                body,
            )
        )
        if request.headers.get("Upgrade") == "websocket" and self.answer is None:
            return await self._socket(request)
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(status=200)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ws.jambonz.org",))
        await socket.prepare(request)
        self.sockets.append(socket)
        if request.transport is not None:
            self.transports.append(request.transport)
        async for message in socket:
            self.frames.append(json.loads(message.data))
            if self.on_frame is not None:
                await self.on_frame(socket, self.frames[-1])
        return socket


@asynccontextmanager
async def application(answer: Answer | None = None, *, port: int = 0) -> AsyncIterator[App]:
    app = App(answer=answer)
    server = web.Application(client_max_size=8 << 20)
    server.router.add_route("*", "/{path:.*}", app.handle)
    runner = web.AppRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
    await site.start()
    app.port = runner.addresses[0][1]
    try:
        yield app
    finally:
        for socket in app.sockets:
            await socket.close()
        await runner.cleanup()


def answering(*answers: web.Response | int) -> Answer:
    """One after the other; the last for ever."""
    left = list(answers)

    async def answer(_request: web.Request) -> web.StreamResponse:
        chosen = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(chosen, int):
            return web.Response(status=chosen)
        return web.Response(
            status=chosen.status, body=chosen.body, headers=dict(chosen.headers.items())
        )

    return answer


@asynccontextmanager
async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """For what no HTTP server does: hang, break off, speak nonsense."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
