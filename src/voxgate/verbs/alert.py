"""`alert`: write an alert in the application's own words."""

from typing import Literal

from pydantic import Field

from voxgate.verbs.contract import NEXT, Outcome, Verb, VerbContext

FROM_APPLICATION = "alert-from-application"


class Alert(Verb):
    verb: Literal["alert"] = "alert"
    message: str = Field(max_length=4096, description="Stands among the account's alerts.")

    async def run(self, ctx: VerbContext) -> Outcome:
        ctx.alert(FROM_APPLICATION, self.message, ctx.application_sid)
        return NEXT
