"""`message`: a short message over SMPP, which no carrier of this version speaks."""

from typing import Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.contract import NEXT, Outcome, Replace, Verb, VerbContext
from voxgate.verbs.properties import HookProperty, Texts

UNCONFIGURED = "smpp configuration error"


class Message(Verb):
    """The action hook is told that nothing was sent, as by a gateway without SMPP."""

    verb: Literal["message"] = "message"
    to: str
    from_: str = Field(alias="from")
    text: str | None = None
    media: Texts = Field((), description="Addresses of pictures; SMPP carries none.")
    carrier: str | None = None
    account_sid: str | None = Field(None, alias="account_sid")
    message_sid: str | None = Field(None, alias="message_sid")
    action_hook: HookProperty | None = None

    async def run(self, ctx: VerbContext) -> Outcome:
        result: Json = {
            "message_sid": self.message_sid,
            "message_status": UNCONFIGURED,
            "carrier": self.carrier,
            "message_failure_reason": "no SMPP gateway is configured: nothing was sent",
        }
        told = {name: value for name, value in result.items() if value is not None}
        ctx.note({"error": UNCONFIGURED})
        if self.action_hook is None:
            return NEXT
        document = await ctx.ask(self.action_hook.hook, told, self.id)
        return Replace(document) if document else NEXT
