"""Request bodies: JSON text to a document, and what the OpenAPI page says about them."""

import asyncio
from typing import Any

from fastapi import Request
from pydantic import TypeAdapter
from pydantic_core import from_json

from voxgate.provisioning.drafts import Draft
from voxgate.provisioning.errors import Invalid

BODY_TIMEOUT_S = 20.0
_REFERENCE = "#/components/schemas/{model}"
DEFINITIONS = "x-definitions"  # taken out again by openapi.complete


async def document_of(request: Request) -> object:
    """Raises Invalid when the body is not JSON (RFC 8259, UTF-8, no NaN) or does not come."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            raw = await request.body()
    except TimeoutError:
        raise Invalid("the body did not arrive in time") from None
    try:
        document: object = from_json(raw, allow_inf_nan=False)
    except ValueError as failure:
        raise Invalid(f"the body is not JSON: {failure}") from None
    return document


def creates(draft: type[Draft]) -> dict[str, Any]:
    """`openapi_extra` of a route that creates."""
    return _extra(draft, list(draft.required))


def changes(draft: type[Draft]) -> dict[str, Any]:
    """`openapi_extra` of a route that changes the fields it is sent."""
    return _extra(draft, [])


def array_of(items: TypeAdapter[Any]) -> dict[str, Any]:
    """`openapi_extra` of a route whose body is an array."""
    return _request_body(items.json_schema(by_alias=True, ref_template=_REFERENCE))


def _extra(draft: type[Draft], required: list[str]) -> dict[str, Any]:
    schema = draft.model_json_schema(by_alias=True, ref_template=_REFERENCE)
    if required:
        schema["required"] = required
    return _request_body(schema)


def _request_body(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.pop("$defs", {})
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content, DEFINITIONS: definitions}}
