"""`sip:decline`: refuse a call that was not answered."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from voxgate.verbs.contract import ENDED, NEXT, Need, NotNow, Outcome, Verb, VerbContext
from voxgate.verbs.properties import SipHeaders


def _integral(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


FinalStatus = Annotated[int, Field(ge=300, le=699), BeforeValidator(_integral)]


class SipDecline(Verb):
    needs: ClassVar[Need] = Need.UNANSWERED
    verb: Literal["sip:decline"] = "sip:decline"
    status: FinalStatus = Field(description="SIP status of the refusal, for example 486.")
    reason: str = Field("", max_length=128, description="Its reason phrase.")
    headers: SipHeaders = Field({}, description="SIP headers on the refusal.")

    async def run(self, ctx: VerbContext) -> Outcome:
        phrase = "".join(char for char in self.reason if char.isprintable())
        try:
            await ctx.decline(self.status, phrase, self.headers)
        except NotNow as why:
            ctx.note({"skipped": str(why)})
            return NEXT
        return ENDED
