"""`conference`: talk with everybody else who names the same room."""

from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from voxgate.model.calls import Json
from voxgate.verbs.capabilities.rooms import ConferenceWish, Told
from voxgate.verbs.contract import (
    NEXT,
    Need,
    Outcome,
    Replace,
    Verb,
    VerbContext,
    WireObject,
)
from voxgate.verbs.properties import Count, HookProperty, Seconds, VerbReader

StatusEvent = Literal["start", "end", "join", "leave", "start-talking", "stop-talking"]
ALL_EVENTS = frozenset(["start", "end", "join", "leave", "start-talking", "stop-talking"])


def _events(value: object) -> object:
    return frozenset(value) if isinstance(value, list) else value


class Recorded(WireObject):
    path: str = Field(min_length=1, max_length=255, description="A file name of your choice.")


class Conference(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["conference"] = "conference"
    name: str = Field(min_length=1, max_length=255, description="Rooms are your account's own.")
    beep: bool = Field(False, description="A tone for everybody when this call comes.")
    join_muted: bool = False
    start_conference_on_enter: bool = Field(
        True, description="False: wait until a moderator, somebody with true, is there."
    )
    end_conference_on_exit: bool = Field(False, description="Everybody goes when this call does.")
    member_tag: str | None = Field(None, max_length=64)
    speak_only_to: str | None = Field(
        None, max_length=64, description="Be heard only by those with this memberTag."
    )
    max_participants: Count = Field(0, description="0: no limit of its own.")
    end_conference_duration: Seconds = Field(
        0, description="The conference ends so many seconds after it started; 0: never."
    )
    wait_hook: HookProperty | None = Field(
        None, description="Verbs (say, play, pause) until it starts, and while on hold."
    )
    enter_hook: HookProperty | None = Field(None, description="Verbs heard before entering.")
    status_hook: HookProperty | None = Field(
        None, description="Of the one who opens the conference, for all that happens in it."
    )
    status_events: Annotated[
        frozenset[StatusEvent],
        BeforeValidator(_events, json_schema_input_type=list[StatusEvent]),
    ] = Field(frozenset(), description="What the status hook is told; empty: everything.")
    record: Recorded | None = None
    listen: Annotated[Any, Field(description="A listen verb that runs beside the conference.")] = (
        None
    )
    distribute_dtmf: bool = Field(False, description="Keys of this call are sent to the others.")
    action_hook: HookProperty | None = None

    @field_validator("listen", mode="before")
    @classmethod
    def _read_listen(cls, value: object, info: ValidationInfo) -> object:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ValueError("must be an object")  # noqa: TRY004 - pydantic reports ValueError
        read = cast("VerbReader", info.context)
        verbs = read([{**value, "verb": value.get("verb", "listen")}])
        return verbs[0] if verbs else None

    def facts(self) -> Json:
        return {"name": self.name}

    @property
    def wish(self) -> ConferenceWish:
        return ConferenceWish(
            name=self.name,
            beep=self.beep,
            muted=self.join_muted,
            starts=self.start_conference_on_enter,
            ends=self.end_conference_on_exit,
            tag=self.member_tag,
            speaks_only_to=self.speak_only_to,
            members_max=self.max_participants or None,
            lasts_s=self.end_conference_duration or None,
            wait_hook=self.wait_hook.hook if self.wait_hook else None,
            enter_hook=self.enter_hook.hook if self.enter_hook else None,
            status_hook=self.status_hook.hook if self.status_hook else None,
            status_events=frozenset(self.status_events) or ALL_EVENTS,
            record_path=self.record.path if self.record else None,
            relays_digits=self.distribute_dtmf,
            beside=(self.listen,) if self.listen is not None else (),
        )

    async def run(self, ctx: VerbContext) -> Outcome:
        hook = self.action_hook.hook if self.action_hook else None
        done = Told(hook, self.id) if hook else None
        left = await ctx.rooms.confer(self.wish, done)
        ctx.note({"left": left.reason})
        if hook is None:
            return NEXT
        document = await ctx.ask(hook, {}, self.id)
        return Replace(document) if document else NEXT
