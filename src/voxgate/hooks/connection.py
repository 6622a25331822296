"""One HTTP/1.1 connection to an application, a request at a time (RFC 9112).

A hook costs two messages per event of every call; this does just what a hook needs, in a fifth
of the time a general client takes. The reading is httptools' (llhttp).
"""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools

HEAD_BYTES_MOST = 65536


class Broken(ConnectionError):
    """The connection ended or spoke something else than HTTP before the answer was complete.

    `silent`: not one byte of the answer had come.
    """

    def __init__(self, reason: str, *, silent: bool = False) -> None:
        super().__init__(reason)
        self.silent = silent


@dataclass(slots=True)
class Answer:
    """`body` is cut off behind `body_most` bytes; then `whole` is False."""

    status: int = 0
    content_type: str = ""
    body: bytes = b""
    whole: bool = True


class Connection(asyncio.Protocol):
    """Made by `asyncio`'s `create_connection`; `exchange` then sends a request and reads the answer."""

    def __init__(self, body_most: int) -> None:
        self._body_most = body_most
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._chunks: list[bytes] = []
        self._size = 0
        self._head_left = 0
        self._until_close = True
        self._keeps = False
        self._heard = False
        self.is_open = False
        self.idle_since = 0.0
        self.uses = 0

    async def exchange(self, request: bytes) -> Answer:
        """Raises Broken. When cancelled, the connection is of no more use and closed."""
        transport = self._transport
        if transport is None or not self.is_open:
            raise Broken("the connection was closed", silent=True)
        self.uses += 1
        self._heard = False
        self._head_left = HEAD_BYTES_MOST
        self._parser = httptools.HttpResponseParser(self)
        self._waiter = asyncio.get_running_loop().create_future()
        transport.write(request)
        try:
            return await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done() or self._parser is None:
            self.close()  # nobody asked
            return
        self._heard = True
        self._head_left -= len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the answer changes the protocol")
        except httptools.HttpParserError as problem:
            if not self._waiter.done():
                self._fail(f"the answer is not HTTP: {problem}")
            self.close()
        else:
            if self._head_left < 0 and not self._answer.status and not self._waiter.done():
                self._fail("the answer's headers are too long")

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiter is None or self._waiter.done():
            return
        if self._answer.status and self._until_close and exc is None:
            self._complete()
        else:
            reason = str(exc) if exc is not None else "the connection was closed"
            self._waiter.set_exception(Broken(reason, silent=not self._heard))

    # httptools

    def on_message_begin(self) -> None:
        self._answer = Answer()
        self._chunks = []
        self._size = 0
        self._until_close = True
        self._keeps = True

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered == b"content-type":
            self._answer.content_type = value.decode("latin-1").lower()
        elif lowered in {b"content-length", b"transfer-encoding"}:
            self._until_close = False
        elif lowered == b"connection":
            self._keeps = b"close" not in value.lower()

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is not None:
            self._answer.status = parser.get_status_code()
            if parser.get_http_version() != "1.1":
                self._keeps = False

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        self._chunks.append(body)
        if self._size > self._body_most and self._answer.whole:
            self._answer.whole = False
            self._complete()
            self.close()

    def on_message_complete(self) -> None:
        if 100 <= self._answer.status < 200:
            self._answer = Answer()  # an interim response (RFC 9110 15.2): the answer comes yet
        else:
            self._complete()

    def _complete(self) -> None:
        if self._waiter is None or self._waiter.done():
            return
        self._answer.body = b"".join(self._chunks)[: self._body_most]
        self._waiter.set_result(self._answer)
        if not self._keeps or self._until_close_of_answer():
            self.close()

    def _until_close_of_answer(self) -> bool:
        return self._until_close and self._answer.status not in {204, 304}

    def _fail(self, reason: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Broken(reason))
        self.close()
