"""Which wire a question to the application takes: HTTP, the call's WebSocket, or a new one.

A redirect to another origin moves the whole call there (contract 3.1, 4.1 and 5.2 `redirect`);
any other hook with an address of its own is asked there and the call stays where it is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from voxgate.call.call import LiveCall
from voxgate.hooks.address import origin_of
from voxgate.hooks.app_socket import Listener
from voxgate.hooks.call_socket import CallSocket
from voxgate.hooks.failures import HookFailed, shown_url
from voxgate.hooks.http import HookAnswer
from voxgate.hooks.protocol import GOING_AWAY, NORMAL
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook

SESSION_NEW = "session:new"
SESSION_REDIRECT = "session:redirect"
SESSION_ADULTING = "session:adulting"
VERB_HOOK = "verb:hook"
_NAMES_ITS_HOOK = frozenset({VERB_HOOK, "dial:confirm", SESSION_REDIRECT})
_ADULTING = "/adulting"


class Asker(Protocol):
    """The part of `hooks.http.HttpHooks` that an application link uses."""

    async def ask(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer: ...


class Enter(Protocol):
    """`hooks.websocket.Sockets.enter`: a call's socket to an address. Raises HookFailed."""

    def __call__(
        self, call_sid: str, hook: Hook, *, parent_sid: str | None = None
    ) -> CallSocket: ...


SecretOf = Callable[[str], Awaitable[str]]
"""The key that signs what an account's hooks are sent."""


def no_sockets(call_sid: str, hook: Hook, *, parent_sid: str | None = None) -> CallSocket:
    """Where only HTTP is to be had."""
    del call_sid, parent_sid
    raise HookFailed("connect", shown_url(hook.url), "no WebSockets here")


@dataclass(frozen=True, slots=True)
class Wires:
    """What all calls ask their applications over."""

    asker: Asker
    secret_of: SecretOf
    enter: Enter = no_sockets


@dataclass(frozen=True, slots=True)
class Reply:
    """`document` None: nothing was said. `facts` are for the timeline."""

    document: object
    facts: Json


class Ways:
    """Of one call. `base` is what relative hooks and media lie on."""

    def __init__(self, call: LiveCall, wires: Wires, listener: Listener) -> None:
        self._call = call
        self._wires = wires
        self._listener: Listener | None = listener
        self.base = call.record.request.call_hook
        self.socket: CallSocket | None = None
        self.home: Hook | None = None  # of an independent call: the address of its own socket
        self._refused: HookFailed | None = None
        if self.base is not None and self.base.is_websocket:
            self._prepare(self.base, listener)

    def _prepare(self, hook: Hook, listener: Listener) -> None:
        """Have the socket from the start, because statuses take it before anybody is asked."""
        parent_sid = self._call.record.request.parent_call_sid
        try:
            self.socket = self._wires.enter(self._call.sid, hook, parent_sid=parent_sid)
        except HookFailed as refused:
            self._refused = refused
        else:
            self.socket.listen(listener)

    async def ask(self, kind: str, hook: Hook, payload: Json) -> Reply:
        """Raises HookFailed."""
        if hook.is_websocket and self._leads_away(kind, hook):
            if kind in {SESSION_NEW, SESSION_REDIRECT}:
                return await self._move(hook, payload)
            return await self._once(hook, payload)
        if _is_http(hook) or not (self.base is not None and self.base.is_websocket):
            return await self._by_http(kind, hook, payload)
        if self.socket is None:
            raise self._refused or HookFailed("connect", shown_url(hook.url), "no socket")
        return await self._by_socket(self.socket, kind, payload, hook)

    async def grow_up(self, payload: Json) -> Reply:
        """Introduce a dialled call that stands for itself from now on, on a wire of its own."""
        if self.base is None:
            raise HookFailed("connect", "", "the call has no application")
        if not self.base.is_websocket:
            return await self._by_http(SESSION_ADULTING, Hook(_ADULTING), payload)
        # The address is made from the application's each time, so that it never grows twice.
        path, _, rest = self.base.url.partition("?")
        hook = Hook(
            path.partition("#")[0].rstrip("/") + _ADULTING + (f"?{rest}" if rest else ""),
            self.base.method,
            self.base.username,
            self.base.password,
        )
        self._leave()
        self.socket, self.home = self._enter(hook), hook
        return await self._by_socket(self.socket, SESSION_ADULTING, payload, None)

    def close(self, *, statuses_follow: bool, rejected: bool) -> None:
        """The call is over; `rejected`: because of what the application answered first."""
        if self.socket is not None:
            code = GOING_AWAY if rejected else NORMAL
            self.socket.finish(statuses_follow=statuses_follow, code=code)

    def release(self) -> None:
        """After `close`: nothing is asked any more."""
        self.socket = None
        self._listener = None

    # Each wire.

    async def _by_http(self, kind: str, hook: Hook, payload: Json) -> Reply:
        secret = await self._wires.secret_of(self._call.record.account_sid)
        answer = await self._wires.asker.ask(hook, payload, secret=secret, base=self.base)
        if kind == SESSION_REDIRECT and _is_http(hook):
            self._leave()
            self.base = hook
        return Reply(answer.document, {"status": answer.status, "duration_ms": answer.duration_ms})

    async def _by_socket(
        self, socket: CallSocket, kind: str, payload: Json, hook: Hook | None
    ) -> Reply:
        loop = asyncio.get_running_loop()
        started = loop.time()
        named = hook.url if hook is not None and kind in _NAMES_ITS_HOOK else None
        document = await socket.ask(kind, payload, hook=named)
        return Reply(document, {"duration_ms": round((loop.time() - started) * 1000)})

    async def _move(self, hook: Hook, payload: Json) -> Reply:
        """The call's application is there from now on, if it answers."""
        socket = self._enter(hook)
        try:
            reply = await self._by_socket(socket, SESSION_NEW, payload, None)
        except BaseException:  # boundary: whatever stopped the move, the new socket goes
            socket.finish(statuses_follow=False)
            raise
        self._leave()
        self.base, self.socket = hook, socket
        return reply

    async def _once(self, hook: Hook, payload: Json) -> Reply:
        """A single question to an address that the call does not move to."""
        socket = self._wires.enter(self._call.sid, hook)
        try:
            return await self._by_socket(socket, SESSION_NEW, payload, None)
        finally:
            socket.finish(statuses_follow=False)

    def _enter(self, hook: Hook) -> CallSocket:
        socket = self._wires.enter(self._call.sid, hook)
        if self._listener is not None:
            socket.listen(self._listener)
        return socket

    def _leave(self) -> None:
        socket, self.socket = self.socket, None
        if socket is not None:
            socket.finish(statuses_follow=False)

    def _leads_away(self, kind: str, hook: Hook) -> bool:
        """An address on the application's own host is only a name to it."""
        if self.base is None or not self.base.is_websocket:
            return True
        if kind not in {SESSION_NEW, SESSION_REDIRECT}:
            return False
        return origin_of(hook) != origin_of(self.base)


def _is_http(hook: Hook) -> bool:
    return hook.url.startswith(("http://", "https://"))
