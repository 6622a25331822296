"""Who is told the statuses of a call, what is still to be told, and the telling itself."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voxgate.hooks.address import whole_hook
from voxgate.hooks.call_socket import CallSocket
from voxgate.hooks.http import HookAnswer
from voxgate.hooks.payloads import Site, status_payload
from voxgate.hooks.websocket import StatusSocket
from voxgate.model.calls import Call, CallEvent, EventType, Json
from voxgate.model.deliveries import Delivery
from voxgate.model.hooks import Hook
from voxgate.records.batch import DeliveryKey

STATUS = "status"
NOTIFY = "notify"
APP = "app"
RECEIVERS = (STATUS, NOTIFY, APP)

SecretOf = Callable[[str], Awaitable[str]]
"""The key that signs what an account's hooks are sent; empty: unsigned."""


class Teller(Protocol):
    """The part of `hooks.http.HttpHooks` that is used here."""

    async def tell(self, hook: Hook, payload: Json, *, secret: str) -> HookAnswer: ...


class Sockets(Protocol):
    """The part of `hooks.websocket.Sockets` that is used here."""

    async def open(self, hook: Hook) -> StatusSocket: ...

    def of_call(self, call_sid: str, hook: Hook) -> CallSocket | None: ...


def receivers_of(call: Call) -> list[Delivery]:
    """Who hears of a new call: its status hook, the request's notifyUrl, its own application.

    An application behind a WebSocket gets the statuses over it when no other hook was given, and
    always of calls that came in (contract 4.1).
    """
    request = call.request
    wanted = [(STATUS, request.call_status_hook), (NOTIFY, request.notify_hook)]
    application = request.call_hook
    if application is not None and application.is_websocket and request.app_json is None:
        status = request.call_status_hook
        if status is None or not status.url:
            wanted[0] = (STATUS, application)
        elif call.direction == "inbound" and whole_hook(status, application).url != application.url:
            wanted.append((APP, application))
    return [
        Delivery(call.call_sid, receiver, call.account_sid, whole_hook(hook, request.call_hook), 1)
        for receiver, hook in wanted
        if hook is not None and hook.url
    ]


@dataclass(slots=True)
class Track:
    """One (call, receiver) of which something is or soon may be under way."""

    call: Call
    delivery: Delivery
    pending: deque[CallEvent] = field(default_factory=deque)
    behind: bool = False  # events before `pending` are to be read from disk
    queued: bool = False
    finished: bool = False  # the last event has arrived or was given up
    socket: StatusSocket | None = None
    news: "asyncio.Future[None] | None" = None

    @property
    def key(self) -> DeliveryKey:
        return self.delivery.call_sid, self.delivery.receiver

    @property
    def has_work(self) -> bool:
        return self.behind or bool(self.pending)

    def add(self, logged: Sequence[CallEvent]) -> None:
        self.pending.extend(logged)
        if self.news is not None and not self.news.done():
            self.news.set_result(None)

    def put_before(self, found: Sequence[CallEvent]) -> None:
        """Of what was read from disk, that which comes before the first event in memory."""
        if self.pending:
            first = self.pending[0].seq
            found = [event for event in found if event.seq < first]
        self.pending.extendleft(reversed(found))


class Telling:
    """One attempt at a receiver, over HTTP or its call's socket."""

    def __init__(
        self,
        teller: Teller,
        sockets: Sockets,
        secret_of: SecretOf,
        site: Site,
        *,
        settle_s: float = 1.0,
    ) -> None:
        self._teller = teller
        self._sockets = sockets
        self._secret_of = secret_of
        self._site = site
        self._settle_s = settle_s

    async def tell(self, track: Track) -> int:
        """Tell the first of `track.pending`, or more; how many arrived. Raises HookFailed."""
        if track.delivery.hook.is_websocket:
            own = self._sockets.of_call(track.call.call_sid, track.delivery.hook)
            return await (self._by_socket(track) if own is None else self._by_own(track, own))
        payload = status_payload(track.call, track.pending[0], self._site)
        secret = await self._secret_of(track.call.account_sid)
        await self._teller.tell(track.delivery.hook, payload, secret=secret)
        return 1

    async def _by_own(self, track: Track, own: CallSocket) -> int:
        """Over the socket that drives the call; what has arrived is known there."""
        told = list(track.pending)
        statuses = [status_payload(track.call, event, self._site) for event in told]
        await own.deliver(statuses, last=told[-1].type is EventType.ENDED)
        return len(told)

    async def _by_socket(self, track: Track) -> int:
        """Frames are not answered: they arrived when the socket then stays up for a second."""
        if track.socket is None or not track.socket.is_open:
            track.socket = await self._sockets.open(track.delivery.hook)
        socket, sent = track.socket, 0
        while True:
            while sent < len(track.pending):
                payload = status_payload(track.call, track.pending[sent], self._site)
                await socket.tell(track.call.call_sid, payload)
                sent += 1
            track.news = asyncio.get_running_loop().create_future()
            await asyncio.wait(
                {track.news, socket.closed},
                timeout=self._settle_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            track.news = None
            if not socket.is_open:
                if socket.was_finished:
                    return sent
                raise socket.failure()
            if sent == len(track.pending):
                return sent
