"""/v1/ApiKeys (contract section 1.4.4). A token is shown once, lists show how it begins."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers
from voxgate.api.answers import V1, Sid, Wire
from voxgate.api.bodies import creates, document_of
from voxgate.api.gate import caller_of
from voxgate.model.accounts import ApiKey
from voxgate.provisioning.api_keys import ApiKeyDraft, ApiKeys

_TOKEN_LENGTH = 36


def to_wire(key: ApiKey) -> Wire:
    return {
        "api_key_sid": key.api_key_sid,
        "token": key.token_start.ljust(_TOKEN_LENGTH, "X"),
        "account_sid": key.account_sid,
        "service_provider_sid": key.service_provider_sid,
        "expires_at": answers.moment(key.expires_at),
        "created_at": answers.moment(key.created_at),
        "last_used": answers.moment(key.last_used),
    }


def routes(api_keys: ApiKeys) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["ApiKeys"])

    @router.post("/ApiKeys", status_code=201, openapi_extra=creates(ApiKeyDraft))
    async def create(request: Request) -> Response:
        made = await api_keys.create(caller_of(request), await document_of(request))
        return JSONResponse({"sid": made.key.api_key_sid, "token": made.token}, status_code=201)

    @router.delete("/ApiKeys/{sid}", status_code=204)
    async def delete(sid: Sid, request: Request) -> Response:
        await api_keys.delete(caller_of(request), sid)
        return answers.done()

    @router.get("/Accounts/{sid}/ApiKeys")
    async def list_of_account(sid: Sid, request: Request) -> Response:
        found = await api_keys.list_of_account(caller_of(request), sid)
        return JSONResponse([to_wire(key) for key in found])

    @router.get("/ServiceProviders/{sid}/ApiKeys")
    async def list_of_provider(sid: Sid, request: Request) -> Response:
        found = await api_keys.list_of_provider(caller_of(request), sid)
        return JSONResponse([to_wire(key) for key in found])

    return router
