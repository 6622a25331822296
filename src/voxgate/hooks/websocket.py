"""Statuses over a WebSocket (contract 4): one socket per call, frames without an answer.

A frame counts as delivered when the socket stays up for a second after it was written; the
records decide that, here is only the socket.
"""

import asyncio
import secrets
from typing import NoReturn

import aiohttp

from voxgate.base.egress import EgressPolicy, connector
from voxgate.base.tasks import Nursery
from voxgate.hooks.address import WEBSOCKET, resolve
from voxgate.hooks.failures import CLIENT_ERRORS, HookFailed, kind_of
from voxgate.hooks.signing import compact_json
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook

PROTOCOL = "ws.jambonz.org"
_OPEN_S = 5.0
_CLOSE_S = 2.0
_FRAME_BYTES_MOST = 1 << 20


class StatusSocket:
    """An open socket. What the application sends is read, for its closing and pings, and ignored."""

    def __init__(
        self, connection: "aiohttp.ClientWebSocketResponse[bool]", shown: str, nursery: Nursery
    ) -> None:
        self._connection = connection
        self._shown = shown
        self.closed = nursery.start(self._read(), name="status-socket")

    @property
    def is_open(self) -> bool:
        return not self.closed.done()

    async def tell(self, call_sid: str, payload: Json) -> None:
        """Write one `call:status` frame. Raises HookFailed."""
        frame = {
            "type": "call:status",
            "msgid": secrets.token_urlsafe(6),
            "call_sid": call_sid,
            "data": payload,
        }
        if self.closed.done():
            raise self.failure()
        try:
            await self._connection.send_str(compact_json(frame).decode())
        except CLIENT_ERRORS as failure:
            kind, detail = kind_of(failure)
            raise HookFailed(kind, self._shown, detail) from None

    @property
    def was_finished(self) -> bool:
        """The application closed it in the normal way (1000): it has what it wanted."""
        return self.closed.done() and self._connection.close_code == aiohttp.WSCloseCode.OK

    def failure(self) -> HookFailed:
        """What a socket that was closed too early amounts to."""
        code = self._connection.close_code
        return HookFailed("connect", self._shown, f"the socket was closed with code {code}")

    async def close(self, *, going_away: bool = False) -> None:
        """Close with 1000 or 1001, waiting for the other side only briefly."""
        code = aiohttp.WSCloseCode.GOING_AWAY if going_away else aiohttp.WSCloseCode.OK
        await self._connection.close(code=code)
        self.closed.cancel()

    async def _read(self) -> None:
        async for _message in self._connection:
            pass


class StatusSockets:
    """Opens sockets to applications. Await `close()` at the end."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._session: aiohttp.ClientSession | None = None
        self._nursery = Nursery("status-sockets")
        self._open: set[StatusSocket] = set()

    async def open(self, hook: Hook, *, base: Hook | None = None) -> StatusSocket:
        """Connect and shake hands, within 5 seconds. Raises HookFailed."""
        address = resolve(hook, base, self._policy, WEBSOCKET)
        headers = {"User-Agent": "voxgate"}
        if address.authorization is not None:
            headers["Authorization"] = address.authorization
        try:
            async with asyncio.timeout(_OPEN_S):
                connection = await self._client().ws_connect(
                    address.url,
                    protocols=(PROTOCOL,),
                    headers=headers,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                    max_msg_size=_FRAME_BYTES_MOST,
                )
        except aiohttp.WSServerHandshakeError as refusal:
            detail = f"the handshake was answered with {refusal.status}"
            if refusal.status == 101:
                detail = refusal.message
            raise HookFailed("status", address.shown, detail, status=refusal.status) from None
        except _Redirected:
            raise HookFailed("status", address.shown, "a redirect", status=302) from None
        except CLIENT_ERRORS as failure:
            kind, detail = kind_of(failure)
            raise HookFailed(kind, address.shown, detail) from None
        socket = StatusSocket(connection, address.shown, self._nursery)
        self._open.add(socket)
        socket.closed.add_done_callback(lambda _: self._open.discard(socket))
        return socket

    async def close(self) -> None:
        """Tell all applications that we go away (1001); they are connected to again later."""
        leaving = [socket.close(going_away=True) for socket in self._open]
        await asyncio.gather(*leaving)
        await self._nursery.close()
        if self._session is not None:
            await self._session.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=connector(self._policy),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[_no_redirects()],
            )
        return self._session


class _Redirected(Exception):
    """The application answered the handshake with another address."""


def _no_redirects() -> aiohttp.TraceConfig:
    """Hooks never follow redirects; `ws_connect` has no switch for that, but tells of them."""

    async def refuse(*_what: object) -> NoReturn:
        raise _Redirected

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(refuse)
    return tracing
