"""An application that hears calls over WebSockets, as a test plays it: on a thread of its own."""

import asyncio
import base64
import json
import threading
from array import array
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from interop.ports import wait_until
from voxgate.model.audio import Audio
from voxgate.testing.rtp import frequency_hz

Json = dict[str, Any]


@dataclass
class Heard:
    """One connection. `send`, `speak` and `close` may be called from the test's thread."""

    path: str
    headers: dict[str, str]
    socket: web.WebSocketResponse
    loop: asyncio.AbstractEventLoop
    texts: list[Json] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    close_code: int | None = None
    ended: bool = False

    @property
    def introduction(self) -> Json:
        return self.texts[0]

    def messages(self, type_: str) -> list[Json]:
        """The data of all messages of one type, or whole events such as dtmf."""
        return [
            text.get("data", text)
            for text in list(self.texts)
            if type_ in {text.get("type"), text.get("event")}
        ]

    def wait_for(self, type_: str, count: int = 1) -> Json:
        """The `count`th message of a type."""
        wait_until(
            lambda: len(self.messages(type_)) >= count,
            within_s=15,
            what=f"{type_} {count} among {self.texts}",
        )
        return self.messages(type_)[count - 1]

    def wait_heard(self, seconds: float) -> None:
        """Until so much more audio has come."""
        frames = len(self.frames) + round(seconds * 50)
        wait_until(lambda: len(self.frames) >= frames, within_s=15, what=f"{frames} frames")

    def wait_ended(self) -> int | None:
        wait_until(lambda: self.ended, within_s=15, what="the socket closed")
        return self.close_code

    def tone(self, *, channel: int = 0, channels: int = 1, last_s: float | None = None) -> float:
        """The frequency of what was heard, on one channel; 0 for silence."""
        rate_hz = self.introduction["sampleRate"]
        samples = array("h", b"".join(self.frames))[channel::channels]
        if last_s is not None:
            samples = samples[-round(rate_hz * last_s) :]
        return frequency_hz(Audio(samples.tobytes(), rate_hz))

    def send(self, type_: str, **data: Any) -> None:
        frame: Json = {"type": type_}
        self._run(self.socket.send_str(json.dumps(frame | ({"data": data} if data else {}))))

    def play(self, audio: Audio, **more: Any) -> None:
        """playAudio with raw sound."""
        content = base64.b64encode(audio.samples).decode()
        self.send(
            "playAudio",
            audioContent=content,
            audioContentType="raw",
            sampleRate=audio.rate_hz,
            **more,
        )

    def send_text(self, text: str) -> None:
        self._run(self.socket.send_str(text))

    def speak(self, samples: bytes) -> None:
        """A binary frame."""
        self._run(self.socket.send_bytes(samples))

    def close(self, code: int = 1000) -> None:
        self._run(self.socket.close(code=code))

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(5)


class AudioFarEnd:
    """Takes every connection; `protocols` is what it understands."""

    def __init__(self, *protocols: str) -> None:
        self.protocols = protocols or ("audio.jambonz.org",)
        self.heard: list[Heard] = []
        self.refuses = 0  # connections that get 503 instead
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._started.wait(10)

    def url(self, path: str = "/audio") -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def wait(self, number: int = 1) -> Heard:
        """The `number`th connection, once it has introduced itself."""

        def found() -> Heard | None:
            ready = [heard for heard in list(self.heard) if heard.texts]
            return ready[number - 1] if len(ready) >= number else None

        return wait_until(found, within_s=15, what=f"connection {number}")

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
        app.router.add_get("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            self.refuses -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        heard = Heard(request.path_qs, dict(request.headers), socket, self._loop)
        self.heard.append(heard)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                heard.texts.append(json.loads(message.data))
            elif message.type is WSMsgType.BINARY:
                heard.frames.append(message.data)
        heard.close_code, heard.ended = socket.close_code, True
        return socket
