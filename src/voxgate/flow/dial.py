"""One `dial`: rings its targets all at once, joins the first who answers, and says how it ended."""

import asyncio
from collections.abc import Callable

from voxgate.call import outcome
from voxgate.flow.child import ChildCall, first_of
from voxgate.flow.program import FirstDocument
from voxgate.flow.ringing import PickUp, Ringing
from voxgate.flow.ringtone import RINGING_TONE
from voxgate.flow.session import Ending, Session
from voxgate.flow.talk import Talk
from voxgate.model.calls import EventType
from voxgate.verbs.capabilities.dialling import DialOrder, DialResult
from voxgate.verbs.contract import Document, NotNow


class RunningDial:
    """Run once by the verb; live control and transfers touch it from the same loop."""

    def __init__(
        self,
        session: Session,
        order: DialOrder,
        *,
        on_joined: Callable[["RunningDial", Session], None],
        pick_up: PickUp,
    ) -> None:
        self._session = session
        self._on_joined = on_joined
        self._order = order
        self._talk = Talk(session, order)
        self._ringing = Ringing(session, order, pick_up=pick_up, hear=self._talk.join)
        self._children = self._ringing.children
        self._winner: ChildCall | None = None
        self._departed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transfer: asyncio.Future[None] | None = None
        self._handed_over = False
        self._parted = False  # the far leg is no part of this any more
        self._over = False

    @property
    def order(self) -> DialOrder:
        return self._order

    async def run(self) -> DialResult | None:
        """None: the far leg went its own way, and nobody is to be told."""
        line = self._session.line
        if not self._order.answer_on_bridge and not line.is_answered:
            await line.answer()
        try:
            self._winner = await self._ringing.run()
            if self._winner is None:
                return self._ringing.nobody()
            return await self._hold_together(self._winner)
        finally:
            self._let_go()

    async def _hold_together(self, child: ChildCall) -> DialResult | None:
        await self._session.line.answer()
        self._session.on_dial_progress(200, "OK")
        if not child.session.ending.done():
            self._talk.begin(child)
            self._session.call.note(EventType.MEDIA, {"type": "joined", "call_sid": child.call.sid})
            self._on_joined(self, child.session)
        loop = asyncio.get_running_loop()
        limit = None
        if self._order.time_limit_s is not None:
            limit = loop.call_later(
                self._order.time_limit_s, child.release, Ending(outcome.TIME_LIMIT)
            )
        try:
            await first_of(child.session.ending, self._departed)
            if self._transfer is not None:
                await first_of(self._transfer, self._departed)
        finally:
            if limit is not None:
                limit.cancel()
        if self._departed.done():
            return None
        record = child.call.record
        return DialResult("completed", 200, record.call_sid, record.sbc_callid)

    # What live control and transfers do to it.

    def other(self, session: Session) -> Session | None:
        """Whom `session` talks to; None before anybody answered."""
        child = self._winner
        if child is None or not self._talk.is_joined:
            return None
        return child.session if session is self._session else self._session

    @property
    def talk(self) -> Talk:
        """What live control may change of the conversation."""
        return self._talk

    def includes(self, session: Session) -> bool:
        """Whether the call takes part in this dial now."""
        return not self._over and (session is self._session or not self._parted)

    def give_up(self) -> ChildCall:
        """The far leg for somebody else's dial; this one is over, without its hook."""
        child = self._detached()
        self._part()
        self._depart()
        return child

    def _part(self) -> None:
        self._parted = True
        self._talk.let_far_go()

    def is_child(self, session: Session) -> bool:
        return session is not self._session

    def emancipate(self, first: FirstDocument) -> None:
        """Give the far leg an application of its own; this dial is over, without its hook."""
        self.give_up().grow_up(first)

    def begin_transfer(self) -> None:
        """Neither end's hanging up ends the other one until it is known where that goes."""
        self._detached()
        self._transfer = asyncio.get_running_loop().create_future()

    def hand_over(self, referrer: Session, document: Document) -> None:
        """What the application wants done with the one whom `referrer` has handed on."""
        self._handed_over = True
        child = self._winner
        if child is None:
            return
        self._part()
        if self.is_child(referrer):
            self._session.replace(document)
            return

        async def first() -> Document:
            return document

        child.grow_up(first)

    def end_transfer(self) -> None:
        """After `hand_over` the dial is over; without it everything is as it was."""
        child = self._winner
        if self._transfer is not None and not self._transfer.done():
            self._transfer.set_result(None)
        self._transfer = None
        if self._handed_over:
            self._depart()
        elif child is not None and self._over:
            child.release(Ending(outcome.PARENT_ENDED))
        elif child is not None:
            self._children.append(child)

    def _detached(self) -> ChildCall:
        """The far leg, which from here on stays when this dial ends."""
        child = self._winner
        if child is None or child not in self._children:
            raise NotNow("there is no dialled call")
        self._children.remove(child)
        return child

    def _depart(self) -> None:
        if not self._departed.done():
            self._departed.set_result(None)

    def _let_go(self) -> None:
        """Whoever still rings or talks for this dial is let go."""
        self._over = self._ringing.over = True
        gone = self._session.ending.done()
        for child in self._children:
            answered_here = child.call.is_answered and not gone
            cause = outcome.COMPLETED if answered_here else outcome.PARENT_ENDED
            child.release(Ending(cause))
        self._children.clear()
        for name in ("early-media", "dial-music", RINGING_TONE):
            self._session.background.stop(name)
        self._talk.close()
