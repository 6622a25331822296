"""Conferences: who is in which, who hears whom, and who is told about it.

Every account has its own names. A member whose leg breaks is gone; the others notice nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from voxgate.base.clock import Clock, iso
from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery
from voxgate.flow.sounds import BEEP
from voxgate.media.errors import MediaError
from voxgate.media.room import Room, Seat
from voxgate.media.stream import Stream
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import ConferenceWish

log = get_logger("conference")

MEMBERS_MAX = 500  # of one conference, whatever its maxParticipants
CONFERENCES_MAX = 1000  # of one account
NEWS_MAX = 500  # of one conference, not yet told; more are dropped
DIGIT_MS = 160

Tell = Callable[[Hook, Json], Awaitable[object]]


class RoomFull(VoxgateError):
    """No more can take part."""


@dataclass(eq=False, slots=True)
class Member:
    """One call in a conference, from its asking to its going; `seat` once it takes part."""

    call_sid: str
    wish: ConferenceWish
    stream: Stream
    tell: Tell  # in the name of this call
    gone: "asyncio.Future[str]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    seat: Seat | None = None
    tag: str | None = None
    speaks_only_to: str | None = None
    muted: bool = False
    held: bool = False
    hold_hook: Hook | None = None

    @property
    def moderates(self) -> bool:
        return self.wish.starts

    def go(self, reason: str) -> None:
        """The first reason counts."""
        if not self.gone.done():
            self.gone.set_result(reason)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a conference is reported: what its first member said, for as long as it lasts."""

    hook: Hook
    events: frozenset[str]
    tell: Tell  # for a hook that only the first member's application knows


class Conference:
    """One room with a name. Made, found and forgotten by `Conferences`."""

    def __init__(
        self, sid: str, name: str, room: Room, clock: Clock, receiver: Receiver | None
    ) -> None:
        self.sid = sid
        self.name = name
        self.started = asyncio.Event()
        self.starter: Member | None = None
        self.is_ending = False  # who names it now gets a new one
        self.is_over = False
        self._room = room
        self._clock = clock
        self._receiver = receiver
        self._members: list[Member] = []
        self._began_at = clock.monotonic()
        self._mutes_newcomers = False
        self._limit: asyncio.TimerHandle | None = None
        self._members_max: int | None = None
        self._lasts_s: float | None = None
        self.news: asyncio.Queue[tuple[Tell, Hook, Json] | None] = asyncio.Queue(NEWS_MAX)

    def __len__(self) -> int:
        return len(self._members)

    # Coming and going.

    def enter(self, member: Member) -> None:
        """Take part, at first without being heard. Raises RoomFull."""
        wish = member.wish
        self._members_max = self._members_max or wish.members_max
        self._lasts_s = self._lasts_s or wish.lasts_s
        limits = [n for n in (self._members_max, wish.members_max, MEMBERS_MAX) if n]
        if len(self._members) >= min(limits):
            raise RoomFull(f"the conference has {len(self._members)} participants already")
        member.tag, member.speaks_only_to = wish.tag, wish.speaks_only_to
        member.muted = wish.muted or (self._mutes_newcomers and not member.moderates)
        self._members.append(member)

    def seat(self, member: Member) -> None:
        """Be heard and hear. A moderator starts the conference by that."""
        member.seat = member.stream.join(self._room)
        self._arrange(member)
        self._arrange_coaching()
        if member.moderates and not self.started.is_set():
            self._start(member)
        if member.wish.beep:
            self._quietly(partial(self._room.play, BEEP))
        self._announce(member, "join")

    def _start(self, member: Member) -> None:
        self._began_at = self._clock.monotonic()
        self.starter = member
        self.started.set()
        self._announce(member, "start")
        if self._lasts_s:
            loop = asyncio.get_running_loop()
            self._limit = loop.call_later(self._lasts_s, self.end)

    def leave(self, member: Member) -> None:
        """Take no part any longer; safe to call again."""
        if member not in self._members:
            return
        self._members.remove(member)
        member.go("left")
        seat, member.seat = member.seat, None
        if seat is not None:
            self._quietly(seat.leave)
            self._arrange_coaching()
            self._announce(member, "leave")
            if member.wish.ends:
                self.end()
        if not self._members:
            self._close(member)

    def end(self) -> None:
        """Everybody goes; each leaves by its own task."""
        self.is_ending = True
        for member in self._members:
            member.go("ended")

    def _close(self, last: Member) -> None:
        self.is_over = True
        if self._limit is not None:
            self._limit.cancel()
        if self.started.is_set():
            self._announce(last, "end")
        self._quietly(self._room.close)
        while self.news.full():
            self.news.get_nowait()
        self.news.put_nowait(None)

    # Who hears whom.

    def set_muted(self, member: Member, *, muted: bool) -> None:
        member.muted = muted
        self._arrange(member)

    def set_held(self, member: Member, hook: Hook | None, *, held: bool) -> None:
        member.held, member.hold_hook = held, hook
        self._arrange(member)
        member.changed.set()

    def mute_others(self, *, muted: bool) -> None:
        """All who are no moderators, present and to come."""
        self._mutes_newcomers = muted
        for member in self._members:
            if not member.moderates:
                self.set_muted(member, muted=muted)

    def set_tag(self, member: Member, tag: str | None) -> None:
        member.tag = tag
        self._arrange_coaching()

    def coach(self, member: Member, tag: str | None) -> None:
        """Be heard only by those with this tag; None: by all again."""
        member.speaks_only_to = tag
        self._arrange_coaching()

    def _arrange(self, member: Member) -> None:
        if member.seat is not None:
            self._quietly(partial(member.seat.mute, member.muted or member.held))
            self._quietly(partial(member.seat.deafen, member.held))

    def _arrange_coaching(self) -> None:
        for member in self._members:
            if member.seat is None:
                continue
            audience = None
            if member.speaks_only_to is not None:
                audience = {
                    seat
                    for other, seat in self._seated()
                    if other.tag == member.speaks_only_to and other is not member
                }
            self._quietly(partial(member.seat.coach, audience))

    def _seated(self) -> Iterator[tuple[Member, Seat]]:
        return ((member, member.seat) for member in self._members if member.seat is not None)

    def relay_digit(self, sender: Member, digit: str, duration_ms: int) -> None:
        """A key of one whose keys are for all."""
        ms = max(duration_ms, DIGIT_MS)
        for member, _ in self._seated():
            if member is not sender:
                self._quietly(partial(member.stream.send_digits, digit, duration_ms=ms))

    def note_talking(self, member: Member, *, talks: bool) -> None:
        if member.seat is not None and not member.muted and not member.held:
            self._announce(member, "start-talking" if talks else "stop-talking")

    def _quietly(self, change: Callable[[], object]) -> None:
        """A leg that has just broken must not spoil the room for the others."""
        try:
            change()
        except MediaError as broken:
            log.info("conference_leg_broken", conference=self.sid, error=str(broken))

    # Who is told.

    def _announce(self, member: Member, event: str) -> None:
        receiver = self._receiver
        if receiver is None or event not in receiver.events:
            return
        facts: Json = {
            "event": event,
            "conference_sid": self.sid,
            "friendly_name": self.name,
            "duration": round(self._clock.monotonic() - self._began_at, 3),
            "members": sum(1 for _ in self._seated()),
            "time": iso(self._clock.wall()),
        }
        tell = member.tell
        if not receiver.hook.url.startswith(("http://", "https://")):
            tell = receiver.tell
            facts["call_sid"] = member.call_sid
        if self.news.full():
            log.warning("conference_news_dropped", conference=self.sid, news=event)
            return
        self.news.put_nowait((tell, receiver.hook, facts))


class Conferences:
    """All conferences of this process. The owner must await `close()`."""

    def __init__(self, open_room: Callable[[], Room], clock: Clock) -> None:
        self._open_room = open_room
        self._clock = clock
        self._by_account: dict[str, dict[str, Conference]] = {}
        self._telling = Nursery("conferences")

    def names(self, account_sid: str) -> list[str]:
        return sorted(self._by_account.get(account_sid, {}))

    def enter(self, account_sid: str, member: Member, receiver: Receiver | None) -> Conference:
        """The conference of that name, made when there is none; the receiver is then its own.

        Raises RoomFull.
        """
        mine = self._by_account.setdefault(account_sid, {})
        name = member.wish.name
        conference = mine.get(name)
        if conference is None or conference.is_ending:
            if len(mine) >= CONFERENCES_MAX:
                raise RoomFull(f"the account has {CONFERENCES_MAX} conferences already")
            sid = f"conf:{account_sid}:{name}"
            conference = Conference(sid, name, self._open_room(), self._clock, receiver)
            mine[name] = conference
            self._telling.start(self._tell(conference), name=sid)
        conference.enter(member)
        return conference

    def leave(self, account_sid: str, conference: Conference, member: Member) -> None:
        conference.leave(member)
        mine = self._by_account.get(account_sid, {})
        if conference.is_over and mine.get(conference.name) is conference:
            del mine[conference.name]
            if not mine:
                del self._by_account[account_sid]

    async def close(self) -> None:
        await self._telling.close()

    @staticmethod
    async def _tell(conference: Conference) -> None:
        """In the order in which it happened; a receiver that fails loses only that."""
        while (news := await conference.news.get()) is not None:
            tell, hook, facts = news
            try:
                await tell(hook, facts)
            except VoxgateError as failed:
                log.info("conference_not_told", conference=conference.sid, error=str(failed))
