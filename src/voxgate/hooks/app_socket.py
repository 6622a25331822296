"""A call's WebSocket to its application: the protocol's effects carried out on a connection.

One socket per call and application. Statuses go over it too; one counts as delivered when the
application's side has answered a ping that was sent after it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voxgate.base.clock import Clock
from voxgate.base.tasks import Nursery
from voxgate.hooks.address import Address
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.frames import Command
from voxgate.hooks.handshake import Connection
from voxgate.hooks.protocol import (
    NORMAL,
    Answered,
    AppProtocol,
    Commanded,
    Connect,
    Disconnect,
    Effect,
    Finished,
    Lost,
    Misread,
    ProtocolLimits,
    Ready,
    Rejected,
    State,
    Transmit,
    Unreached,
)
from voxgate.hooks.socket_line import SocketLine
from voxgate.model.calls import Json

CALL_STATUS = "call:status"
Opener = Callable[[Address], Awaitable[Connection]]


class Listener(Protocol):
    """Who hears what the application says without being asked."""

    def on_command(self, command: Command) -> None: ...

    def on_misread(self, details: str) -> None:
        """It sent something that is no frame; it has been told."""
        ...

    def on_lost(self, failure: HookFailed) -> None:
        """It is gone and all connections were in vain."""
        ...


@dataclass(frozen=True, slots=True)
class SocketPorts:
    """What all sockets share."""

    opener: Opener
    clock: Clock
    nursery: Nursery
    limits: ProtocolLimits


class AppSocket:
    """`ask` and `tell` connect when there is no connection yet. The owner must call `finish`."""

    def __init__(self, call_sid: str, address: Address, ports: SocketPorts) -> None:
        self.address = address
        self.listener: Listener | None = None
        self._ports = ports
        self._protocol = AppProtocol(
            call_sid, address.shown, address.wish, ports.limits, lambda: secrets.token_urlsafe(6)
        )
        self._line: SocketLine | None = None
        self._answers: dict[str, asyncio.Future[object]] = {}
        self._ready: list[asyncio.Future[None]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def state(self) -> State:
        return self._protocol.state

    @property
    def is_over(self) -> bool:
        return self.state in {State.FINISHED, State.LOST}

    async def ask(
        self, type_: str, data: Json, *, hook: str | None = None, call_sid: str | None = None
    ) -> object:
        """Send a frame and wait for its ack; the ack's `data`. Raises HookFailed.

        The first frame asked introduces the session, whatever its type.
        """
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        msgid, effects = self._protocol.request(
            type_, data, now=self._now(), hook=hook, call_sid=call_sid
        )
        self._answers[msgid] = answer
        self._carry_out(effects)
        try:
            return await answer
        finally:
            self._answers.pop(msgid, None)

    def tell(self, type_: str, data: Json, *, call_sid: str | None = None) -> None:
        """Send a frame that nobody acknowledges."""
        self._carry_out(self._protocol.notify(type_, data, now=self._now(), call_sid=call_sid))

    async def deliver(self, statuses: Sequence[Json], *, call_sid: str | None = None) -> None:
        """Tell statuses; returns when the application's side has them. Raises HookFailed.

        An application that has closed in the normal way wants none and gets none.
        """
        if self.state is not State.FINISHED:
            await self._until_ready()
        if (line := self._line) is not None and self.state is State.READY:
            for status in statuses:
                self.tell(CALL_STATUS, status, call_sid=call_sid)
            await line.receipt()

    def finish(self, code: int = NORMAL) -> None:
        """The session is over."""
        self._carry_out(self._protocol.finish(code))
        if not self.closed.done():
            self.closed.set_result(None)

    def misread(self, details: str, content: str) -> None:
        """Tell the application that a command of it was nothing."""
        self._carry_out(self._protocol.misread(details, content, now=self._now()))

    # Carrying out.

    def _now(self) -> float:
        return self._ports.clock.monotonic()

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self._do(effect)
        self._set_alarm()

    def _do(self, effect: Effect) -> None:
        match effect:
            case Connect():
                self._ports.nursery.start(self._connect(), name="app-socket")
            case Transmit() | Disconnect():
                if self._line is not None:
                    self._line.put(effect)
            case Ready() | Finished():
                self._wake(None)
            case Unreached():
                self._wake(effect.failure)
            case Answered():
                if (answer := self._answers.get(effect.msgid)) and not answer.done():
                    answer.set_result(effect.data)
            case Rejected():
                if (answer := self._answers.get(effect.msgid)) and not answer.done():
                    answer.set_exception(effect.failure)
            case _:
                self._pass_on(effect)

    def _pass_on(self, effect: Commanded | Misread | Lost) -> None:
        if isinstance(effect, Lost):
            self._wake(effect.failure)
        if self.listener is None:
            return
        match effect:
            case Lost():
                self.listener.on_lost(effect.failure)
            case Commanded():
                self.listener.on_command(effect.command)
            case Misread():
                self.listener.on_misread(effect.details)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self._protocol.deadline
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(max(0.0, deadline - self._now()), self._on_time)

    def _on_time(self) -> None:
        self._carry_out(self._protocol.on_time(now=self._now()))

    # Statuses.

    async def _until_ready(self) -> None:
        if self.state is State.READY:
            return
        if self.state is State.LOST:
            raise HookFailed("connect", self.address.shown, "the application is gone")
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.append(waiting)
        self._carry_out(self._protocol.connect())
        await waiting

    def _wake(self, failure: HookFailed | None) -> None:
        waiting, self._ready = self._ready, []
        for each in waiting:
            if each.done():
                continue
            if failure is None:
                each.set_result(None)
            else:
                each.set_exception(failure)

    # The connection.

    async def _connect(self) -> None:
        try:
            connection = await self._ports.opener(self.address)
        except HookFailed as failure:
            self._carry_out(self._protocol.refused(failure, now=self._now()))
            return
        line = self._line = SocketLine(
            connection, self.address.shown, self._on_text, self._on_binary
        )
        self._carry_out(self._protocol.opened(now=self._now()))
        code: int | None = None
        try:
            code = await line.converse()
        finally:
            self._line = None
            self._carry_out(self._protocol.closed(code, now=self._now()))
            await line.close()

    def _on_text(self, text: str) -> None:
        self._carry_out(self._protocol.received(text, now=self._now()))

    def _on_binary(self) -> None:
        self.misread("frames are text, this one was binary", "")
