"""A call among others: its part in a conference, its place in a queue."""

from voxgate.flow.conferring import Conferring
from voxgate.flow.queueing import Queueing
from voxgate.flow.session import Session
from voxgate.media.stream import Stream
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import (
    ConferenceWish,
    Left,
    Participant,
    QueueWish,
    Taking,
    Told,
)
from voxgate.verbs.contract import NotNow


class CallRooms:
    """The Rooms capability of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._conferring = Conferring(session)
        self._queueing = Queueing(session)

    @property
    def _stream(self) -> Stream:
        if self._session.leg is None:
            raise NotNow("the call has no media")
        return self._session.leg.stream

    async def confer(self, wish: ConferenceWish, done: Told | None) -> Left:
        return await self._conferring.run(wish, self._stream, done)

    async def enqueue(self, wish: QueueWish, done: Told | None) -> Json:
        return await self._queueing.enqueue(wish, self._stream, done)

    async def dequeue(self, taking: Taking, done: Told | None) -> Json:
        return await self._queueing.dequeue(taking, self._stream, done)

    def leave(self) -> None:
        self._queueing.leave()

    def mute(self, *, muted: bool) -> bool:
        if self._conferring.goes_on:
            self._conferring.mute(muted=muted)
            return True
        return self._queueing.mute(muted=muted)

    def mute_others(self, *, muted: bool) -> None:
        self._conferring.mute_others(muted=muted)

    def hold(self, wait_hook: Hook | None) -> None:
        self._conferring.hold(wait_hook)

    def unhold(self) -> None:
        self._conferring.unhold()

    def act(self, change: Participant) -> None:
        self._conferring.act(change)
