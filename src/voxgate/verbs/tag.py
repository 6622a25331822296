"""`tag`: attach the application's own data to the call."""

from typing import Any, Literal

from pydantic import Field

from voxgate.verbs.contract import NEXT, Outcome, Verb, VerbContext


class Tag(Verb):
    verb: Literal["tag"] = "tag"
    data: dict[str, Any] = Field(description="Replaces customerData as a whole; no merging.")

    async def run(self, ctx: VerbContext) -> Outcome:
        ctx.tag(self.data)
        return NEXT
