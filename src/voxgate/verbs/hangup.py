"""`hangup`: end the call."""

from typing import ClassVar, Literal

from pydantic import Field

from voxgate.verbs.contract import ENDED, Need, Outcome, Verb, VerbContext
from voxgate.verbs.properties import SipHeaders


class Hangup(Verb):
    needs: ClassVar[Need] = Need.ANSWERED
    verb: Literal["hangup"] = "hangup"
    headers: SipHeaders = Field({}, description="SIP headers on the BYE.")

    async def run(self, ctx: VerbContext) -> Outcome:
        await ctx.hang_up(self.headers)
        return ENDED
