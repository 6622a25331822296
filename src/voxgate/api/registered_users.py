"""RegisteredSipUsers of an account: who is there (contract section 1.4.12)."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers
from voxgate.api.answers import V1, Sid, Wire
from voxgate.api.bodies import array_of, document_of
from voxgate.api.gate import caller_of
from voxgate.provisioning.registered_users import NAMES, RegisteredUser, RegisteredUsers

UserName = Annotated[str, Path(max_length=320)]


def to_wire(user: RegisteredUser, sip_address: str) -> Wire:
    """`sip_address` is the listener that the device registered with."""
    at = user.registration
    if at is None:
        return {
            "name": user.username,
            "contact": None,
            "expiryTime": 0,
            "protocol": None,
            "sbcAddress": None,
            "registered_status": "inactive",
        }
    return {
        "name": user.username,
        "contact": at.contact,
        "expiryTime": round(at.expires_at * 1000),
        "protocol": at.transport,
        "sbcAddress": sip_address,
        "registered_status": "active",
    }


def one_to_wire(user: RegisteredUser, sip_address: str) -> Wire:
    at, client = user.registration, user.client
    permissions = {
        "allow_direct_app_calling": client is None or client.allow_direct_app_calling,
        "allow_direct_queue_calling": client is None or client.allow_direct_queue_calling,
        "allow_direct_user_calling": client is None or client.allow_direct_user_calling,
    }
    proxy = None if at is None else f"sip:{at.source_host}:{at.source_port}"
    flags = {name: answers.flag(allowed) for name, allowed in permissions.items()}
    return {**to_wire(user, sip_address), **flags, "proxy": proxy}


def routes(users: RegisteredUsers, sip_address: str) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["RegisteredSipUsers"])

    @router.get("/Accounts/{sid}/RegisteredSipUsers")
    async def names(sid: Sid, request: Request) -> Response:
        """`user@realm` of everybody who is registered."""
        return JSONResponse(await users.names(caller_of(request), sid))

    @router.post("/Accounts/{sid}/RegisteredSipUsers", openapi_extra=array_of(NAMES))
    async def details(sid: Sid, request: Request) -> Response:
        """Of the users named in the body; an empty array: of all that are registered."""
        document = await document_of(request)
        found = await users.of_account(caller_of(request), sid, document)
        return JSONResponse([to_wire(user, sip_address) for user in found])

    @router.get("/Accounts/{sid}/RegisteredSipUsers/{user}")
    async def one(sid: Sid, user: UserName, request: Request) -> Response:
        found = await users.get(caller_of(request), sid, user)
        return JSONResponse(one_to_wire(found, sip_address))

    return router
