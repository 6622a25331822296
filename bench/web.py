"""The load side's HTTP: a keep-alive client and a hook server that cost next to nothing."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import cast

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class ApiFailed(Exception):
    """The connection ended before its response was whole."""


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(ApiFailed(str(exc)))

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(match[1]) if (match := _LENGTH.search(head)) else 0
        if len(rest) >= length and self._waiting and not self._waiting.done():
            self._buffer = rest[length:]
            self._waiting.set_result((int(head[9:12]), rest[:length]))

    def close(self) -> None:
        self._transport.close()


class Client:
    """POSTs to one host; opens a connection only when all others are busy."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._host, self._port, self._token = host, port, token
        self._idle: list[_Connection] = []

    async def post(self, path: str, body: bytes, key: str) -> tuple[int, bytes, float]:
        """Status, body, and when the request was handed to the socket."""
        connection = await self._take()
        request = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Bearer {self._token}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        sent_at = time.perf_counter()
        status, answer = await connection.ask(request)
        self._idle.append(connection)
        return status, answer, sent_at

    async def _take(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, self._host, self._port)
        return made

    def close(self) -> None:
        for connection in self._idle:
            connection.close()


# The body of a webhook's answer, from its path and body.
HookAnswer = Callable[[bytes, bytes], bytes]


class HookConnection(asyncio.Protocol):
    """One keep-alive connection of the gateway to the application and its files."""

    def __init__(self, answer: HookAnswer, files: Mapping[bytes, bytes]) -> None:
        self._answer = answer
        self._files = files
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            length = int(match[1]) if (match := _LENGTH.search(head)) else 0
            if not found or len(rest) < length:
                return
            self._buffer = rest[length:]
            self._transport.write(self._response(head, rest[:length]))

    def _response(self, head: bytes, body: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if path not in self._files:
            content = self._answer(path, body)
            kind = b"Content-Type: application/json"
        elif b"if-none-match" in head.lower():
            return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
        else:
            content = self._files[path]
            kind = b'Content-Type: audio/wav\r\nETag: "1"'
        return b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (
            kind,
            len(content),
            content,
        )
