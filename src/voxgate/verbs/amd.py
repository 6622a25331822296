"""`amd`: tell a person from an answering machine, beside the verbs that follow."""

from typing import ClassVar, Literal

from voxgate.model.calls import Json
from voxgate.verbs.answering import AmdObject
from voxgate.verbs.contract import NEXT, Need, NotNow, Outcome, Verb, VerbContext


class Amd(AmdObject, Verb):
    """Never waits. Counts from where it stands, on a call that is answered."""

    needs: ClassVar[Need] = Need.AUDIO

    verb: Literal["amd"] = "amd"

    def facts(self) -> Json:
        return {"threshold_word_count": self.threshold_word_count}

    async def run(self, ctx: VerbContext) -> Outcome:
        try:
            ctx.amd.start(self.order)
        except NotNow as impossible:
            ctx.note({"error": str(impossible)})
        return NEXT
