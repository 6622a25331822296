"""The four routes that every noun has: POST, GET one, PUT, DELETE (contract section 1.1)."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers
from voxgate.api.answers import Sid, Wire
from voxgate.api.bodies import changes, creates, document_of
from voxgate.api.gate import caller_of
from voxgate.provisioning.drafts import Draft
from voxgate.provisioning.permissions import Principal

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Noun(Protocol[T_co]):
    """The part of a noun's use cases that these routes call."""

    async def create(self, caller: Principal, document: object) -> T_co: ...

    async def get(self, caller: Principal, sid: str, /) -> T_co: ...

    async def change(self, caller: Principal, sid: str, document: object, /) -> None: ...

    async def delete(self, caller: Principal, sid: str, /) -> None: ...


def add(
    router: APIRouter, path: str, noun: Noun[T], draft: type[Draft], to_wire: Callable[[T], Wire]
) -> None:
    """`to_wire` names the noun's own sid first."""
    one = f"{path}/{{sid}}"

    @router.post(path, status_code=201, openapi_extra=creates(draft))
    async def create(request: Request) -> Response:
        made = await noun.create(caller_of(request), await document_of(request))
        return answers.created(_sid(to_wire(made)))

    @router.get(one)
    async def get(sid: Sid, request: Request) -> Response:
        return JSONResponse(to_wire(await noun.get(caller_of(request), sid)))

    @router.put(one, status_code=204, openapi_extra=changes(draft))
    async def change(sid: Sid, request: Request) -> Response:
        await noun.change(caller_of(request), sid, await document_of(request))
        return answers.done()

    @router.delete(one, status_code=204)
    async def delete(sid: Sid, request: Request) -> Response:
        await noun.delete(caller_of(request), sid)
        return answers.done()


def _sid(wire: dict[str, Any]) -> str:
    return str(next(iter(wire.values())))
