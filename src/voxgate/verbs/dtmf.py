"""`dtmf`: press keys towards the far end (RFC 4733)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.contract import NEXT, Need, NotNow, Outcome, Verb, VerbContext
from voxgate.verbs.properties import Count

DURATION_MS_MAX = 8000  # what one telephone-event can express

Keys = Annotated[str, Field(pattern=r"^[0-9A-Da-d*#]+$", max_length=128)]


class Dtmf(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["dtmf"] = "dtmf"
    dtmf: Keys = Field(description="0-9, A-D, * and #.")
    duration: Annotated[Count, Field(ge=40, le=DURATION_MS_MAX)] = Field(
        500, description="Milliseconds of each key."
    )

    def facts(self) -> Json:
        return {"digits": len(self.dtmf)}

    async def run(self, ctx: VerbContext) -> Outcome:
        try:
            await ctx.dialling.send_digits(self.dtmf.upper(), self.duration)
        except NotNow as reason:
            ctx.note({"error": str(reason)})
            ctx.alert("dtmf-failure", f"the keys could not be sent: {reason}")
        return NEXT
