"""Answers in the wire's spelling: 0 and 1, ISO times, masked passwords, pages."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from fastapi import Depends, Path, Query, Response
from fastapi.responses import JSONResponse

from voxgate.base.clock import iso
from voxgate.base.secrets import masked
from voxgate.model.hooks import Hook
from voxgate.provisioning import drafts
from voxgate.provisioning.errors import FieldError, Invalid
from voxgate.provisioning.pages import PAGE_SIZE, PAGE_SIZE_MAX, Listing, PageRequest

T = TypeVar("T")
Wire = dict[str, Any]
V1 = "/v1"

Sid = Annotated[drafts.Sid, Path(json_schema_extra={"format": "uuid"})]
SidQuery = Annotated[drafts.Sid | None, Query()]

_PageNumber = Annotated[
    int | None, Query(ge=0, le=1_000_000, description="Answer a page instead of everything.")
]
_PageSize = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)]


def _page(page: _PageNumber = None, page_size: _PageSize = PAGE_SIZE) -> PageRequest:
    return PageRequest(page, page_size)


Page = Annotated[PageRequest, Depends(_page)]
Part = Annotated[str | None, Query(max_length=256, description="Only those that contain it.")]


def created(sid: str) -> Response:
    return JSONResponse({"sid": sid}, status_code=201)


def done() -> Response:
    return Response(status_code=204)


def listing(found: Listing[T], page: PageRequest, to_wire: Callable[[T], Wire]) -> Response:
    """A bare array, or the contract's envelope when a page was asked for."""
    items = [to_wire(item) for item in found.items]
    if page.page is None:
        return JSONResponse(items)
    return JSONResponse({
        "total": found.total,
        "page": page.page,
        "page_size": page.page_size,
        "data": items,
    })


def needed(name: str, value: str | None) -> str:
    """A query argument that has no default."""
    if value is None:
        raise Invalid(f"missing {name}", [FieldError(name, "is required")])
    return value


def flag(value: bool) -> int:  # noqa: FBT001 - it is the value
    return int(value)


def moment(wall_s: float | None) -> str | None:
    return None if wall_s is None else iso(wall_s)


def secret(text: str | None) -> str | None:
    return None if text is None else masked(text)


def hook(value: Hook | None, owner_sid: str, name: str) -> Wire | None:
    """`webhook_sid` is made from its owner: hooks are no things of their own here."""
    if value is None:
        return None
    return {
        "webhook_sid": str(uuid5(NAMESPACE_URL, f"voxgate:{owner_sid}:{name}")),
        "url": value.url,
        "method": value.method,
        "username": value.username,
        "password": secret(value.password),
    }
