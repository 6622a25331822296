"""A call's share in a WebSocket: its own, or that of the call which dialled it."""

import asyncio
from collections.abc import Sequence

from voxgate.hooks.app_socket import AppSocket, Listener
from voxgate.hooks.protocol import NORMAL, State
from voxgate.model.calls import Json

LINGER_S = 5.0  # for the last status of a call that is over


class CallSocket:
    """The owner must call `finish`. Closes the socket, if it is the call's own, when all is told."""

    def __init__(self, call_sid: str, socket: AppSocket, *, owns: bool) -> None:
        self.call_sid = call_sid
        self.socket = socket
        self.owns = owns
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told_all = False
        self._code = NORMAL
        self._lingering: asyncio.TimerHandle | None = None
        socket.closed.add_done_callback(lambda _: self._close())

    @property
    def is_over(self) -> bool:
        """Nothing more can be said to the application, or it wants to hear nothing more."""
        return self.socket.is_over

    @property
    def shown(self) -> str:
        return self.socket.address.shown

    def listen(self, listener: Listener) -> None:
        """Hear what the application says; of a shared socket only its owner does."""
        if self.owns:
            self.socket.listener = listener

    async def ask(self, type_: str, data: Json, *, hook: str | None = None) -> object:
        """A frame's ack. Raises HookFailed."""
        return await self.socket.ask(type_, data, hook=hook, call_sid=self.call_sid)

    def tell(self, type_: str, data: Json) -> None:
        self.socket.tell(type_, data, call_sid=self.call_sid)

    async def deliver(self, statuses: Sequence[Json], *, last: bool) -> None:
        """Returns when the application's side has them. Raises HookFailed.

        `last`: the call's terminal status is among them.
        """
        await self.socket.deliver(statuses, call_sid=self.call_sid)
        if last:
            self._told_all = True
            if self._lingering is not None:
                self._close()

    def finish(self, *, statuses_follow: bool, code: int = NORMAL) -> None:
        """The session is over. What follows are the statuses that were not told yet."""
        self._code = code
        if not statuses_follow or self._told_all or self.socket.state is State.LOST:
            self._close()
        elif self._lingering is None:
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(LINGER_S, self._close)

    def _close(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
        if not self.done.done():
            self.done.set_result(None)
        if self.owns:
            self.socket.finish(self._code)
