"""`leave`: give up one's place in a queue; the verb after `enqueue` runs next."""

from typing import Literal

from voxgate.verbs.contract import NEXT, Outcome, Verb, VerbContext


class Leave(Verb):
    verb: Literal["leave"] = "leave"

    async def run(self, ctx: VerbContext) -> Outcome:
        ctx.rooms.leave()
        return NEXT
