"""WebSockets to applications (contract 4): those that drive a call, and those for statuses alone.

On a socket for statuses a frame counts as delivered when the socket stays up for a second after
it was written; the records decide that, here is only the socket.
"""

import asyncio
import secrets
from contextlib import suppress

import aiohttp

from voxgate.base.clock import Clock, SystemClock
from voxgate.base.egress import EgressPolicy
from voxgate.base.tasks import Nursery
from voxgate.hooks.address import WEBSOCKET, resolve
from voxgate.hooks.app_socket import CALL_STATUS, AppSocket, SocketPorts
from voxgate.hooks.call_socket import CallSocket
from voxgate.hooks.failures import CLIENT_ERRORS, HookFailed, kind_of
from voxgate.hooks.frames import Outgoing
from voxgate.hooks.handshake import Connection, SocketClient, SocketLimits
from voxgate.hooks.protocol import GOING_AWAY, NORMAL, ProtocolLimits
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook

_GOODBYE_S = 1.0


class StatusSocket:
    """An open socket. What the application sends is read, for its closing and pings, and ignored."""

    def __init__(self, connection: Connection, shown: str, nursery: Nursery) -> None:
        self._connection = connection
        self._shown = shown
        self._code: int | None = None
        self.closed = nursery.start(self._read(), name="status-socket")

    @property
    def is_open(self) -> bool:
        return not self.closed.done()

    async def tell(self, call_sid: str, payload: Json) -> None:
        """Write one `call:status` frame. Raises HookFailed."""
        frame = Outgoing(CALL_STATUS, secrets.token_urlsafe(6), call_sid, payload)
        if self.closed.done():
            raise self.failure()
        try:
            await self._connection.send_str(frame.text())
        except CLIENT_ERRORS as failure:
            kind, detail = kind_of(failure)
            raise HookFailed(kind, self._shown, detail) from None

    @property
    def was_finished(self) -> bool:
        """The application closed it in the normal way (1000): it has what it wanted."""
        return self.closed.done() and self._code == NORMAL

    def failure(self) -> HookFailed:
        """What a socket that was closed too early amounts to."""
        if self._code is None:
            return HookFailed("connect", self._shown, "the connection broke")
        return HookFailed("connect", self._shown, f"the socket was closed with code {self._code}")

    async def close(self, *, going_away: bool = False) -> None:
        """Close with 1000 or 1001, waiting for the other side only briefly."""
        code = aiohttp.WSCloseCode.GOING_AWAY if going_away else aiohttp.WSCloseCode.OK
        await self._connection.close(code=code)
        self.closed.cancel()

    async def _read(self) -> None:
        while True:
            message = await self._connection.receive()
            match message.type:
                case aiohttp.WSMsgType.PING:
                    await self._connection.pong(message.data)
                case aiohttp.WSMsgType.CLOSE:
                    self._code = int(message.data) or None
                    return
                case aiohttp.WSMsgType.ERROR | aiohttp.WSMsgType.CLOSED | aiohttp.WSMsgType.CLOSING:
                    return
                case _:
                    pass


class Sockets:
    """Opens sockets to applications, and knows those of calls. Await `close()` at the end."""

    def __init__(
        self,
        policy: EgressPolicy,
        clock: Clock | None = None,
        limits: SocketLimits | None = None,
        protocol: ProtocolLimits | None = None,
    ) -> None:
        self._policy = policy
        self._client = SocketClient(policy, limits or SocketLimits())
        self._nursery = Nursery("sockets")
        self._ports = SocketPorts(
            self._client.open,
            clock or SystemClock(),
            self._nursery,
            protocol or ProtocolLimits(),
        )
        self._statuses: set[StatusSocket] = set()
        self._of_calls: dict[str, list[CallSocket]] = {}

    async def open(self, hook: Hook, *, base: Hook | None = None) -> StatusSocket:
        """A socket for statuses alone, of a call that has none. Raises HookFailed."""
        address = resolve(hook, base, self._policy, WEBSOCKET)
        connection = await self._client.open(address)
        socket = StatusSocket(connection, address.shown, self._nursery)
        self._statuses.add(socket)
        socket.closed.add_done_callback(lambda _: self._statuses.discard(socket))
        return socket

    def enter(self, call_sid: str, hook: Hook, *, parent_sid: str | None = None) -> CallSocket:
        """A call's way to its application; it connects when first used. Raises HookFailed.

        A dialled call shares the socket of the call that dialled it.
        """
        if parent_sid is not None and (shared := self.of_call(parent_sid, hook)) is not None:
            return self._keep(CallSocket(call_sid, shared.socket, owns=False))
        address = resolve(hook, None, self._policy, WEBSOCKET)
        socket = AppSocket(call_sid, address, self._ports)
        return self._keep(CallSocket(call_sid, socket, owns=True))

    def of_call(self, call_sid: str, hook: Hook) -> CallSocket | None:
        """The way of a call in progress to this address, which its statuses take as well."""
        held = self._of_calls.get(call_sid)
        if not held:
            return None
        try:
            wanted = resolve(hook, None, self._policy, WEBSOCKET).url
        except HookFailed:
            return None
        return next((each for each in held if each.socket.address.url == wanted), None)

    @property
    def open_calls(self) -> int:
        """Calls that have a socket."""
        return len(self._of_calls)

    async def close(self) -> None:
        """Tell all applications that we go away (1001); they are connected to again later."""
        for held in [each for ways in self._of_calls.values() for each in ways]:
            held.socket.finish(GOING_AWAY)
        leaving = [socket.close(going_away=True) for socket in self._statuses]
        await asyncio.gather(*leaving)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._nursery.ended()
        await self._nursery.close()
        await self._client.close()

    def _keep(self, held: CallSocket) -> CallSocket:
        self._of_calls.setdefault(held.call_sid, []).append(held)
        held.done.add_done_callback(lambda _: self._forget(held))
        return held

    def _forget(self, held: CallSocket) -> None:
        ways = self._of_calls.get(held.call_sid, [])
        if held in ways:
            ways.remove(held)
        if not ways:
            self._of_calls.pop(held.call_sid, None)
