"""`redirect`: ask another address what to do."""

from typing import Literal

from pydantic import Field

from voxgate.verbs.contract import NEXT, Outcome, Replace, Verb, VerbContext
from voxgate.verbs.properties import HookProperty


class Redirect(Verb):
    verb: Literal["redirect"] = "redirect"
    action_hook: HookProperty = Field(description="Answers with the new document.")
    status_hook: HookProperty | None = Field(
        None, description="Receives the call's status from now on."
    )

    async def run(self, ctx: VerbContext) -> Outcome:
        status = self.status_hook.hook if self.status_hook else None
        document = await ctx.redirect(self.action_hook.hook, status)
        return Replace(document) if document else NEXT
