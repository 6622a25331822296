"""`dequeue`: take the next caller, or a certain one, out of a queue and talk."""

from typing import ClassVar, Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.capabilities.rooms import Taking, Told
from voxgate.verbs.contract import NEXT, Need, Outcome, Replace, Verb, VerbContext
from voxgate.verbs.properties import HookProperty, Seconds


class Dequeue(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["dequeue"] = "dequeue"
    name: str = Field(min_length=1, max_length=255)
    timeout: Seconds = Field(0, description="Seconds to wait for somebody; 0: for ever.")
    beep: bool = Field(False, description="A tone for this call just before it is joined.")
    call_sid: str | None = Field(None, description="Take this call instead of the next.")
    confirm_hook: HookProperty | None = Field(
        None,
        description="Verbs for this call alone before it is joined: say, play, pause, gather, tag, "
        "config, alert, hangup, and leave to refuse. Who is refused keeps its place; the result "
        "is then declined.",
    )
    action_hook: HookProperty | None = None

    def facts(self) -> Json:
        return {"name": self.name}

    async def run(self, ctx: VerbContext) -> Outcome:
        hook = self.action_hook.hook if self.action_hook else None
        done = Told(hook, self.id) if hook else None
        confirm = self.confirm_hook.hook if self.confirm_hook else None
        taking = Taking(self.name, self.timeout or None, self.beep, self.call_sid, confirm)
        result = await ctx.rooms.dequeue(taking, done)
        ctx.note({"dequeue_result": result["dequeue_result"]})
        if hook is None:
            return NEXT
        document = await ctx.ask(hook, result, self.id)
        return Replace(document) if document else NEXT
