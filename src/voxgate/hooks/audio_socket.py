"""WebSockets that carry a call's audio to an application and back (contract 7).

What the application does not take in time is dropped, audio first: neither the call nor the
memory of the gateway waits for it.
"""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from voxgate.base.egress import EgressPolicy
from voxgate.base.tasks import Nursery
from voxgate.hooks.address import WEBSOCKET, resolve
from voxgate.hooks.audio_frames import PROTOCOLS
from voxgate.hooks.failures import CLIENT_ERRORS
from voxgate.hooks.handshake import Connection, SocketClient, SocketLimits
from voxgate.model.hooks import Hook

FRAMES_WAITING_MAX = 100  # two seconds of audio
TEXTS_WAITING_MAX = 200
MESSAGE_BYTES_MAX = 16 << 20  # a few minutes of raw sound, in base64
OPEN_S = 5.0
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Binary:
    content: bytes


@dataclass(frozen=True, slots=True)
class Text:
    content: str


Received = Binary | Text


class AudioSocket:
    """One open socket. Sending returns at once; the owner must await `close()`."""

    def __init__(self, connection: Connection, shown: str) -> None:
        self.shown = shown
        self._connection = connection
        self._waiting: deque[bytes | str] = deque()
        self._frames = 0
        self._texts = 0
        self._closing = False
        self._idle: asyncio.Future[None] | None = None  # while the sender has nothing to send
        self._nursery = Nursery("audio-socket")
        self._sender = self._nursery.start(self._send(), name="sender")
        self.dropped = 0  # frames of audio that the application did not take in time

    def send_frame(self, frame: bytes) -> None:
        """Send audio, unless the application is two seconds behind already."""
        if self._frames >= FRAMES_WAITING_MAX:
            self.dropped += 1
            return
        self._frames += 1
        self._put(frame)

    def send_text(self, text: str) -> None:
        """Send a message after the audio before it."""
        if self._texts < TEXTS_WAITING_MAX:
            self._texts += 1
            self._put(text)

    async def receive(self) -> Received | None:
        """What the application sends next; None once it has closed, or the connection broke."""
        while True:
            message = await self._connection.receive()
            match message.type:
                case aiohttp.WSMsgType.BINARY:
                    return Binary(message.data)
                case aiohttp.WSMsgType.TEXT:
                    return Text(message.data)
                case aiohttp.WSMsgType.PING:
                    with suppress(*CLIENT_ERRORS):
                        await self._connection.pong(message.data)
                case aiohttp.WSMsgType.PONG:
                    pass
                case _:
                    return None

    async def close(self) -> None:
        """Send what waits, at most for a second, and close with 1000."""
        self._closing = True
        self._wake()
        await asyncio.wait({self._sender}, timeout=_LAST_WORDS_S)
        await self._nursery.close()
        with suppress(*CLIENT_ERRORS):
            await self._connection.close()

    def _put(self, item: bytes | str) -> None:
        self._waiting.append(item)
        self._wake()

    def _wake(self) -> None:
        """Cheaper than an Event, and there are fifty a second of these for each call."""
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def _send(self) -> None:
        """Ends when the connection does; whoever receives notices that too."""
        loop = asyncio.get_running_loop()
        with suppress(*CLIENT_ERRORS):
            while self._waiting or not self._closing:
                while self._waiting:
                    item = self._waiting[0]
                    if isinstance(item, str):
                        await self._connection.send_str(item)
                        self._texts -= 1
                    else:
                        await self._connection.send_bytes(item)
                        self._frames -= 1
                    self._waiting.popleft()
                if not self._closing:
                    self._idle = loop.create_future()
                    await self._idle


class AudioSockets:
    """Opens them. Await `close()` at the end."""

    def __init__(self, policy: EgressPolicy, limits: SocketLimits | None = None) -> None:
        """`limits` are those of the handshake and of what applications send."""
        self._policy = policy
        limits = limits or SocketLimits(handshake_s=OPEN_S, frame_bytes_most=MESSAGE_BYTES_MAX)
        self._client = SocketClient(policy, limits, PROTOCOLS)

    async def open(self, hook: Hook, *, base: Hook | None = None) -> AudioSocket:
        """Connect and shake hands. Raises HookFailed."""
        address = resolve(hook, base, self._policy, WEBSOCKET)
        return AudioSocket(await self._client.open(address), address.shown)

    async def close(self) -> None:
        await self._client.close()
