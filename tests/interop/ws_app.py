"""The customer's application behind a WebSocket, as a test plays it: on a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from interop.ports import wait_until

Json = dict[str, Any]


@dataclass
class Talk:
    """One connection of a call. `say` and `close` may be called from the test's thread."""

    path: str
    headers: dict[str, str]
    socket: web.WebSocketResponse
    loop: asyncio.AbstractEventLoop
    transport: asyncio.WriteTransport | None
    frames: list[Json] = field(default_factory=list)
    close_code: int | None = None
    ended: bool = False

    def send(self, **frame: Any) -> None:
        self._run(self.socket.send_str(json.dumps(frame)))

    def send_text(self, text: str) -> None:
        self._run(self.socket.send_str(text))

    def command(self, name: str, data: Any = None, **more: Any) -> None:
        frame = {"type": "command", "command": name, **more}
        self.send(**(frame if data is None else {**frame, "data": data}))

    def close(self, code: int = 1000) -> None:
        self._run(self.socket.close(code=code))

    def cut(self) -> None:
        """End without a word."""
        if self.transport is not None:
            self.loop.call_soon_threadsafe(self.transport.abort)

    def types(self) -> list[str]:
        return [frame["type"] for frame in list(self.frames)]

    def of(self, type_: str) -> list[Json]:
        return [frame for frame in list(self.frames) if frame["type"] == type_]

    def wait_for(
        self,
        type_: str,
        wanted: Callable[[Json], object] = lambda _frame: True,
        *,
        within_s: float = 15.0,
    ) -> Json:
        def found() -> Json | None:
            return next((f for f in self.of(type_) if wanted(f)), None)

        return wait_until(found, within_s=within_s, what=f"{type_} among {self.types()}")

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(5)


Answer = Callable[[Talk, Json], Any]
UNACKED = {"call:status", "verb:status", "jambonz:error"}
SILENT = object()  # an answer: no ack at all


class WsApp:
    """Acknowledges everything, with the verbs that `answers[type or hook]` gives."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.talks: list[Talk] = []
        self.refuses = 0  # connections that get 503 instead
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._started.wait(10)

    def url(self, path: str = "/vg") -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def wait_talk(self, path: str = "/vg", *, number: int = 1, within_s: float = 15.0) -> Talk:
        """The `number`th connection to this path."""

        def found() -> Talk | None:
            talks = [talk for talk in list(self.talks) if talk.path == path]
            return talks[number - 1] if len(talks) >= number else None

        return wait_until(found, within_s=within_s, what=f"connection {number} to {path}")

    def close(self) -> None:
        async def stop() -> None:
            await self._runner.cleanup()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._started.set()
        self._loop.run_forever()
        self._loop.close()

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._talk)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            self.refuses -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(protocols=("ws.jambonz.org",))
        await socket.prepare(request)
        talk = Talk(request.path, dict(request.headers), socket, self._loop, request.transport)
        self.talks.append(talk)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._take(talk, json.loads(message.data))
        talk.close_code, talk.ended = socket.close_code, True
        return socket

    async def _take(self, talk: Talk, frame: Json) -> None:
        talk.frames.append(frame)
        if frame["type"] in UNACKED:
            return
        answer = self.answers.get(frame.get("hook") or "", self.answers.get(frame["type"]))
        if callable(answer):
            answer = answer(talk, frame)
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer is SILENT:
            return
        ack = {"type": "ack", "msgid": frame["msgid"]}
        await talk.socket.send_str(json.dumps(ack if answer is None else {**ack, "data": answer}))
