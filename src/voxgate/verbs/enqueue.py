"""`enqueue`: wait in a queue until somebody takes the call out of it."""

from typing import ClassVar, Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.capabilities.rooms import QueueWish, Told
from voxgate.verbs.contract import NEXT, Need, Outcome, Replace, Verb, VerbContext
from voxgate.verbs.properties import HookProperty

PRIORITY = 999


class Enqueue(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["enqueue"] = "enqueue"
    name: str = Field(min_length=1, max_length=255, description="Queues are your account's own.")
    priority: int = Field(
        PRIORITY, description="The lowest is taken first; a negative one counts as 999."
    )
    wait_hook: HookProperty | None = Field(
        None, description="Verbs (say, play, pause, leave, tag) again and again while waiting."
    )
    action_hook: HookProperty | None = None

    def facts(self) -> Json:
        return {"name": self.name, "priority": self.priority}

    async def run(self, ctx: VerbContext) -> Outcome:
        hook = self.action_hook.hook if self.action_hook else None
        done = Told(hook, self.id) if hook else None
        wish = QueueWish(
            self.name,
            self.priority if self.priority >= 0 else PRIORITY,
            self.wait_hook.hook if self.wait_hook else None,
        )
        result = await ctx.rooms.enqueue(wish, done)
        ctx.note({"queue_result": result["queue_result"]})
        if hook is None:
            return NEXT
        document = await ctx.ask(hook, result, self.id)
        return Replace(document) if document else NEXT
