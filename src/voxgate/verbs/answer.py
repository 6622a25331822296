"""`answer`: take the call (200)."""

from typing import ClassVar, Literal

from voxgate.verbs.contract import NEXT, Need, Outcome, Verb, VerbContext


class Answer(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["answer"] = "answer"

    async def run(self, ctx: VerbContext) -> Outcome:
        await ctx.answer()
        return NEXT
