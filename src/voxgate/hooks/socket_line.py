"""One WebSocket connection to an application: read until it ends, written to through a queue."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from voxgate.hooks.failures import CLIENT_ERRORS, HookFailed
from voxgate.hooks.handshake import Connection
from voxgate.hooks.protocol import GOING_AWAY, Disconnect, Transmit

OUTGOING_MOST = 1000  # frames the network has not taken; a slower application is cut off
SEND_S = 5.0  # for one frame to leave
RECEIPT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Ping:
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Pong:
    payload: bytes


_Item = Transmit | Disconnect | _Ping | _Pong


class SocketLine:
    """Owned by who runs `converse`; `put` and `receipt` may be used while it runs."""

    def __init__(
        self,
        connection: Connection,
        shown: str,
        on_text: Callable[[str], None],
        on_binary: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._shown = shown
        self._on_text = on_text
        self._on_binary = on_binary
        self._outgoing: asyncio.Queue[_Item] = asyncio.Queue(OUTGOING_MOST)
        self._receipts: dict[bytes, asyncio.Future[None]] = {}
        self._closing = False  # by us; the writer is then not interrupted

    def put(self, item: _Item) -> None:
        """Write it after what was put before."""
        try:
            self._outgoing.put_nowait(item)
        except asyncio.QueueFull:
            # Not one frame more for an application that reads none; it is connected to again.
            self._outgoing = asyncio.Queue(OUTGOING_MOST)
            self._outgoing.put_nowait(Disconnect(aiohttp.WSCloseCode.POLICY_VIOLATION))

    async def receipt(self) -> None:
        """Wait until the far side has read what was put so far. Raises HookFailed."""
        token = secrets.token_bytes(8)
        receipt = self._receipts[token] = asyncio.get_running_loop().create_future()
        self.put(_Ping(token))
        try:
            async with asyncio.timeout(RECEIPT_S):
                await receipt
        except TimeoutError:
            raise HookFailed("timeout", self._shown, "no pong in time") from None
        finally:
            self._receipts.pop(token, None)

    async def converse(self) -> int | None:
        """Until the connection ends; the far end's close code."""
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(self._write(), name="write")
                code = await self._read()
                if not self._closing:
                    writing.cancel()
            return code
        finally:
            gone = HookFailed("connect", self._shown, "the connection broke")
            for receipt in self._receipts.values():
                if not receipt.done():
                    receipt.set_exception(gone)

    async def close(self) -> None:
        """After a `converse` that was broken off."""
        if not self._connection.closed:
            await self._connection.close(code=GOING_AWAY)

    async def _read(self) -> int | None:
        connection = self._connection
        while True:
            message = await connection.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    self._on_text(message.data)
                case aiohttp.WSMsgType.BINARY:
                    self._on_binary()
                case aiohttp.WSMsgType.PING:
                    self.put(_Pong(message.data))
                case aiohttp.WSMsgType.PONG:
                    receipt = self._receipts.get(bytes(message.data))
                    if receipt is not None and not receipt.done():
                        receipt.set_result(None)
                case aiohttp.WSMsgType.CLOSE:
                    return int(message.data) or None
                case aiohttp.WSMsgType.ERROR:
                    return connection.close_code
                case _:  # the connection ended without a word, or we are closing it
                    return None

    async def _write(self) -> None:
        code = aiohttp.WSCloseCode.POLICY_VIOLATION
        try:
            while True:
                # Looked up each time: a full queue is replaced.
                item = await self._outgoing.get()
                if isinstance(item, Disconnect):
                    code = aiohttp.WSCloseCode(item.code)
                    break
                async with asyncio.timeout(SEND_S):
                    await self._write_one(item)
        except CLIENT_ERRORS:
            pass  # the reader notices too, or the application takes nothing any more
        self._closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(SEND_S):
                await self._connection.close(code=code)

    async def _write_one(self, item: Transmit | _Ping | _Pong) -> None:
        match item:
            case Transmit(text):
                await self._connection.send_str(text)
            case _Ping(payload):
                await self._connection.ping(payload)
            case _Pong(payload):
                await self._connection.pong(payload)
