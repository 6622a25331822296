"""One call's part in a conference: from coming, waiting and entering to leaving it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from voxgate.flow.conference import Conference, Member, Receiver, RoomFull
from voxgate.flow.prompts import before, entertain_until, first_of, perform_once, tell_after_end
from voxgate.flow.session import Session
from voxgate.media.events import DigitReceived, MediaEvent, SpeechStarted, SpeechStopped
from voxgate.media.stream import Stream
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.recorder import Recorder, RecordOrder
from voxgate.verbs.capabilities.rooms import ConferenceWish, Left, Nested, Participant, Told
from voxgate.verbs.contract import NotNow, VerbContext

NOT_IN_CONFERENCE = "the call is in no conference"


class Conferring:
    """Of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._part: tuple[Conference, Member] | None = None

    @property
    def goes_on(self) -> bool:
        return self._part is not None

    async def run(self, wish: ConferenceWish, stream: Stream, done: Told | None) -> Left:
        session = self._session
        member = Member(session.call.sid, wish, stream, self._tell)
        account_sid = session.call.record.account_sid
        conferences = session.ports.conferences
        try:
            conference = conferences.enter(account_sid, member, self._receiver(wish))
        except RoomFull as full:
            self._note("conference_full", wish.name, error=str(full))
            return Left("full")
        self._part = (conference, member)
        stop = session.listen_to_media(self._on_media)
        try:
            await self._take_part(conference, member)
        except asyncio.CancelledError:
            tell_after_end(session, done, {})
            raise
        finally:
            stop()
            self._part = None
            conferences.leave(account_sid, conference, member)
            self._note("conference_left", wish.name)
        return Left(member.gone.result())

    async def _take_part(self, conference: Conference, member: Member) -> None:
        wish = member.wish
        if not (member.moderates or conference.started.is_set()):
            await self._hear(wish.wait_hook, first_of(conference.started.wait(), member.gone))
        if wish.enter_hook is not None and not member.gone.done():
            await before(
                member.gone, perform_once(self._session, self._session.aside(), wish.enter_hook)
            )
        if member.gone.done():
            return
        conference.seat(member)
        self._note("conference_joined", wish.name)
        async with self._beside(conference, member):
            while not member.gone.done():
                member.changed.clear()
                hook = (member.hold_hook or wish.wait_hook) if member.held else None
                await self._hear(hook, first_of(member.changed.wait(), member.gone))

    async def _hear(self, hook: Hook | None, until: Coroutine[Any, Any, None]) -> None:
        await entertain_until(until, self._session, self._session.aside(), hook)

    @asynccontextmanager
    async def _beside(self, conference: Conference, member: Member) -> AsyncIterator[None]:
        """What the conference verb nests runs as long as the call takes part."""
        background = self._session.background
        work = {
            f"conference-{verb.verb}": _run(verb, self._session.aside())
            for verb in member.wish.beside
        }
        if member.wish.record_path is not None and conference.starter is member:
            work["conference-record"] = self._record(member.wish.record_path)
        for name, activity in work.items():
            background.start(name, activity)
        try:
            yield
        finally:
            for name in work:
                background.stop(name)

    async def _record(self, path: str) -> None:
        """What this leg says and hears, which is the conference."""
        recorder = self._session.aside().recorder
        try:
            await recorder.start(RecordOrder("cloud", path))
        except NotNow as why:
            self._note("conference_not_recorded", path, error=str(why))
            return
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            # Not awaited: this is cancelled, and the end of the call would cancel it once more.
            if not self._session.ending.done():
                self._session.last_words(_stop(recorder))

    def _on_media(self, event: MediaEvent) -> None:
        if self._part is None:
            return
        conference, member = self._part
        match event:
            case DigitReceived() if member.wish.relays_digits and member.seat is not None:
                conference.relay_digit(member, event.digit, event.duration_ms)
            case SpeechStarted():
                conference.note_talking(member, talks=True)
            case SpeechStopped():
                conference.note_talking(member, talks=False)
            case _:
                pass

    # Live call control.

    def _found(self) -> tuple[Conference, Member]:
        if self._part is None:
            raise NotNow(NOT_IN_CONFERENCE)
        return self._part

    def mute(self, *, muted: bool) -> None:
        conference, member = self._found()
        conference.set_muted(member, muted=muted)

    def mute_others(self, *, muted: bool) -> None:
        conference, _ = self._found()
        conference.mute_others(muted=muted)

    def hold(self, wait_hook: Hook | None) -> None:
        conference, member = self._found()
        conference.set_held(member, wait_hook, held=True)

    def unhold(self) -> None:
        conference, member = self._found()
        conference.set_held(member, None, held=False)

    def act(self, change: Participant) -> None:
        conference, member = self._found()
        match change.action:
            case "tag":
                conference.set_tag(member, change.tag)
            case "untag":
                conference.set_tag(member, None)
            case "coach":
                conference.coach(member, change.tag)
            case "uncoach":
                conference.coach(member, None)
            case "mute" | "unmute":
                conference.set_muted(member, muted=change.action == "mute")
            case "hold":
                self.hold(change.wait_hook)
            case "unhold":
                self.unhold()
            case "kick":
                member.go("kicked")

    # Who is told.

    def _receiver(self, wish: ConferenceWish) -> Receiver | None:
        hook = wish.status_hook
        if hook is None:
            return None
        base = self._session.application.base
        if hook.is_relative and base is not None and not base.is_websocket:
            hook = replace(hook, url=self._session.application.absolute(hook.url))
        return Receiver(hook, wish.status_events, self._tell)

    async def _tell(self, hook: Hook, facts: Json) -> None:
        """Whatever is answered changes nothing."""
        await self._session.application.action(hook, facts, None)

    def _note(self, type_: str, name: str, **facts: object) -> None:
        self._session.call.note(EventType.MEDIA, {"type": type_, "name": name, **facts})


async def _stop(recorder: Recorder) -> None:
    with suppress(NotNow):  # somebody else has stopped it
        await recorder.stop("cloud")


async def _run(verb: Nested, context: VerbContext) -> None:
    await verb.run(context)
