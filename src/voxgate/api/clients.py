"""/v1/Clients: SIP devices (contract section 1.4.12)."""

from fastapi import APIRouter, Request, Response

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Sid, SidQuery, Wire
from voxgate.api.gate import caller_of
from voxgate.model.devices import Client
from voxgate.provisioning.clients import ClientDraft, Clients


def to_wire(client: Client) -> Wire:
    return {
        "client_sid": client.client_sid,
        "account_sid": client.account_sid,
        "username": client.username,
        "password": answers.secret(client.password),
        "is_active": answers.flag(client.is_active),
        "allow_direct_app_calling": answers.flag(client.allow_direct_app_calling),
        "allow_direct_queue_calling": answers.flag(client.allow_direct_queue_calling),
        "allow_direct_user_calling": answers.flag(client.allow_direct_user_calling),
        "created_at": answers.moment(client.created_at),
    }


def routes(clients: Clients) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Clients"])
    crud.add(router, "/Clients", clients, ClientDraft, to_wire)

    @router.get("/Clients")
    async def list_all(request: Request, page: Page, account_sid: SidQuery = None) -> Response:
        found = await clients.list(caller_of(request), page, account_sid=account_sid)
        return answers.listing(found, page, to_wire)

    @router.get("/Accounts/{sid}/Clients")
    async def list_of_account(sid: Sid, request: Request, page: Page) -> Response:
        found = await clients.list(caller_of(request), page, account_sid=sid)
        return answers.listing(found, page, to_wire)

    return router
