"""`pause`: wait, silent, without answering."""

from typing import Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.contract import NEXT, Outcome, Verb, VerbContext
from voxgate.verbs.properties import Seconds


class Pause(Verb):
    verb: Literal["pause"] = "pause"
    length: Seconds = Field(description="Seconds.")

    def facts(self) -> Json:
        return {"length": self.length}

    async def run(self, ctx: VerbContext) -> Outcome:
        await ctx.sleep(self.length)
        return NEXT
