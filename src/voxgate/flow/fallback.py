"""The way out for a call whose application cannot be reached: a transfer it was given before.

Contract section 12, initial failure: to a number or URI, by dial or REFER, with the reason in a
header.
"""

from voxgate.flow.application import NoDocument
from voxgate.flow.session import Session
from voxgate.model.calls import EventType, Json
from voxgate.verbs.contract import Document, InvalidDocument
from voxgate.verbs.vocabulary import parse_document

REASON_MAX = 200


async def first_document(session: Session) -> Document:
    """The application's, or without one the fallback's. Raises NoDocument."""
    try:
        return await session.application.first_document()
    except NoDocument as nothing:
        fallback = session.call.record.request.fallback
        if fallback is None:
            raise
        verbs = instructions(fallback, str(nothing))
        try:
            document = parse_document(verbs, strict=False)
        except InvalidDocument as invalid:
            session.call.alert("invalid-app-payload", f"fallback: {invalid}")
            raise nothing from invalid
        session.call.note(EventType.HOOK, {"fallback": fallback["type"], "reason": str(nothing)})
        return document


def instructions(fallback: Json, reason: str) -> list[Json]:
    """The transfer as verbs."""
    shown = "".join(char if char.isprintable() else " " for char in reason)[:REASON_MAX]
    headers = {fallback.get("reason_header", "X-Reason"): shown}
    to = fallback["to"]
    if fallback["type"] == "refer":
        refer: Json = {"verb": "sip:refer", "referTo": to, "headers": headers}
        if "referred_by" in fallback:
            refer["referredBy"] = fallback["referred_by"]
        return [{"verb": "answer"}, refer]
    target: Json = {"type": "phone", "number": to}
    if to.lower().startswith(("sip:", "sips:")):
        target = {"type": "sip", "sipUri": to}
    elif "trunk" in fallback:
        target["trunk"] = fallback["trunk"]
    dial: Json = {
        "verb": "dial",
        "target": [target],
        "headers": headers,
        "timeout": fallback.get("timeout", 60),
        "answerOnBridge": True,
    }
    if "caller_id" in fallback:
        dial["callerId"] = fallback["caller_id"]
    return [dial]
