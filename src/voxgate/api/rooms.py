"""/v1/Accounts/{account_sid}/Conferences and /Queues (contract sections 1.3 and 1.4.12)."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api.answers import V1, Part, Sid
from voxgate.api.gate import caller_of
from voxgate.provisioning.calls import Calls


def routes(calls: Calls) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Calls"])

    @router.get("/Accounts/{account_sid}/Conferences")
    async def conferences(account_sid: Sid, request: Request) -> Response:
        """The names of the conferences that go on."""
        return JSONResponse(list(await calls.conferences(caller_of(request), account_sid)))

    @router.get("/Accounts/{account_sid}/Queues")
    async def queues(account_sid: Sid, request: Request, search: Part = None) -> Response:
        """Every queue in which somebody waits or is waited for, and how many wait."""
        found = await calls.queues(caller_of(request), account_sid, search)
        return JSONResponse([{"name": name, "length": found[name]} for name in found])

    return router
