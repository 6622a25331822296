"""`sip:request`: send the far end a request inside the call: INFO, MESSAGE, NOTIFY, OPTIONS."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from voxgate.model.calls import Json
from voxgate.verbs.contract import NEXT, Need, NotNow, Outcome, Replace, Verb, VerbContext
from voxgate.verbs.properties import HookProperty, OneLine, SipHeaders

# What begins, changes or ends a call is the gateway's own to send.
Method = Annotated[
    Literal["INFO", "MESSAGE", "NOTIFY", "OPTIONS", "PUBLISH"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


BODY_MAX = 60_000  # of an in-dialog request: what fits into a datagram


class SipRequest(Verb):
    needs: ClassVar[Need] = Need.ANSWERED
    verb: Literal["sip:request"] = "sip:request"
    method: Method
    headers: SipHeaders = Field({})
    body: str | None = Field(
        None, max_length=BODY_MAX, description="As UTF-8; over UDP all of a message is one packet."
    )
    content_type: Annotated[str, OneLine] | None = Field(
        None, description="Of the body; may also stand among the headers. Else text/plain."
    )
    action_hook: HookProperty | None = None

    @model_validator(mode="before")
    @classmethod
    def _content_type_among_headers(cls, value: object) -> object:
        headers = value.get("headers") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(headers, dict):
            return value
        kept = {name: text for name, text in headers.items() if name.lower() != "content-type"}
        found = [text for name, text in headers.items() if name not in kept]
        return {**value, "headers": kept, **({"contentType": found[0]} if found else {})}

    def facts(self) -> Json:
        return {"method": self.method}

    async def run(self, ctx: VerbContext) -> Outcome:
        try:
            answer = await ctx.dialling.request(
                self.method, self.headers, self.body, self.content_type
            )
        except NotNow as reason:
            result: Json = {"result": "failed", "err": str(reason)}
        else:
            failed: Json = {"result": "failed", "err": answer.failure}
            succeeded: Json = {"result": "success", "sip_status": answer.status}
            result = failed if answer.failure is not None else succeeded
        ctx.note(result)
        if self.action_hook is None:
            return NEXT
        document = await ctx.ask(self.action_hook.hook, result, self.id)
        return Replace(document) if document else NEXT
