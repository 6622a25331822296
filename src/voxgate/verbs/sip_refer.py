"""`sip:refer`: ask the far end to call somebody else instead (RFC 3515)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from voxgate.model.calls import Json
from voxgate.verbs.capabilities.dialling import ReferOrder
from voxgate.verbs.contract import (
    NEXT,
    Document,
    Need,
    NotNow,
    Outcome,
    Replace,
    Verb,
    VerbContext,
)
from voxgate.verbs.properties import HookProperty, OneLine, SipHeaders


class SipRefer(Verb):
    needs: ClassVar[Need] = Need.ANSWERED
    verb: Literal["sip:refer"] = "sip:refer"
    refer_to: Annotated[str, OneLine] = Field(
        min_length=1, description="A SIP URI, or a user or number at the far end's own host."
    )
    referred_by: Annotated[str, OneLine] | None = Field(
        None, description="By default who is calling."
    )
    referred_by_display_name: Annotated[str, OneLine] | None = None
    headers: SipHeaders = Field({}, description="SIP headers on the REFER.")
    action_hook: HookProperty | None = None
    event_hook: HookProperty | None = Field(None, description="Told each step of the transfer.")

    def facts(self) -> Json:
        return {"refer_to": self.refer_to}

    async def run(self, ctx: VerbContext) -> Outcome:
        order = ReferOrder(
            self.refer_to,
            self.referred_by,
            self.referred_by_display_name,
            tuple(self.headers.items()),
            self.event_hook.hook if self.event_hook else None,
            self.action_hook.hook if self.action_hook else None,
            self.id,
        )
        try:
            result = await ctx.dialling.refer(order)
        except NotNow as reason:
            ctx.note({"error": str(reason)})
            ctx.alert("refer-failure", f"the call could not be transferred: {reason}")
            return NEXT
        ctx.note(result.to_json())
        return Replace(result.answer) if isinstance(result.answer, Document) else NEXT
