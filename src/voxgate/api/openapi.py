"""The OpenAPI document: FastAPI's, with our bodies, answers and key."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from voxgate.api.bodies import DEFINITIONS

_FIELD_ERROR = {
    "type": "object",
    "required": ["field", "msg"],
    "properties": {"field": {"type": "string"}, "msg": {"type": "string"}},
}
_PROBLEM = {
    "type": "object",
    "required": ["msg"],
    "properties": {
        "msg": {"type": "string"},
        "errors": {"type": "array", "items": _FIELD_ERROR},
    },
}


def _json(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


_REFUSALS = {
    "400": _json("The request has the wrong shape."),
    "401": _text("No key, or not a valid one."),
    "403": _json("The key may not do this."),
    "404": _text("There is no such thing for this key."),
    "413": _json("The body is too large."),
    "422": _json("Well formed, but not possible in this state."),
    "429": _text("Too many requests; see Retry-After."),
    "503": _json("Not now; see Retry-After."),
}


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` answer the completed document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            app.openapi_schema = complete(document)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def complete(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"apiKey": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            schemas.update(operation.get("requestBody", {}).pop(DEFINITIONS, {}))
            if path.startswith("/v1/"):
                operation["security"] = [{"apiKey": []}]
                operation["responses"] = {**operation["responses"], **_REFUSALS}
    return document
