"""Limits of accounts and service providers (contract section 1.4.13)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers
from voxgate.api.answers import V1, Sid, Wire
from voxgate.api.bodies import creates, document_of
from voxgate.api.gate import caller_of
from voxgate.model.limits import Limit
from voxgate.provisioning.limits import Category, LimitDraft, Limits

OfCategory = Annotated[Category | None, Query(description="Only this one.")]


def to_wire(limit: Limit) -> Wire:
    if limit.account_sid is not None:
        owner = {"account_limits_sid": limit.limit_sid, "account_sid": limit.account_sid}
    else:
        owner = {
            "service_provider_limits_sid": limit.limit_sid,
            "service_provider_sid": limit.service_provider_sid or "",
        }
    return {**owner, "category": limit.category, "quantity": limit.quantity}


def routes(limits: Limits) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Limits"])
    of_account, of_provider = "/Accounts/{sid}/Limits", "/ServiceProviders/{sid}/Limits"

    @router.get(of_account)
    async def list_of_account(sid: Sid, request: Request, category: OfCategory = None) -> Response:
        found = await limits.of_account(caller_of(request), sid, category)
        return JSONResponse([to_wire(limit) for limit in found])

    @router.post(of_account, status_code=201, openapi_extra=creates(LimitDraft))
    async def put_for_account(sid: Sid, request: Request) -> Response:
        """Set or change the limit of one category."""
        document = await document_of(request)
        return answers.created(await limits.put_for_account(caller_of(request), sid, document))

    @router.delete(of_account, status_code=204)
    async def remove_from_account(
        sid: Sid, request: Request, category: OfCategory = None
    ) -> Response:
        """All of them, or that of one category."""
        await limits.remove_from_account(caller_of(request), sid, category)
        return answers.done()

    @router.get(of_provider)
    async def list_of_provider(sid: Sid, request: Request, category: OfCategory = None) -> Response:
        found = await limits.of_provider(caller_of(request), sid, category)
        return JSONResponse([to_wire(limit) for limit in found])

    @router.post(of_provider, status_code=201, openapi_extra=creates(LimitDraft))
    async def put_for_provider(sid: Sid, request: Request) -> Response:
        document = await document_of(request)
        return answers.created(await limits.put_for_provider(caller_of(request), sid, document))

    @router.delete(of_provider, status_code=204)
    async def remove_from_provider(
        sid: Sid, request: Request, category: OfCategory = None
    ) -> Response:
        await limits.remove_from_provider(caller_of(request), sid, category)
        return answers.done()

    return router
