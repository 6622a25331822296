"""/v1/VoipCarriers (contract section 1.4.6)."""

from fastapi import APIRouter, Request, Response

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Part, Sid, Wire
from voxgate.api.bodies import creates, document_of
from voxgate.api.gate import caller_of
from voxgate.model.carriers import Carrier
from voxgate.provisioning.carriers import CarrierDraft, Carriers


def to_wire(carrier: Carrier) -> Wire:
    return {
        "voip_carrier_sid": carrier.voip_carrier_sid,
        "name": carrier.name,
        "description": carrier.description,
        "account_sid": carrier.account_sid,
        "service_provider_sid": carrier.service_provider_sid,
        "application_sid": carrier.application_sid,
        "trunk_type": carrier.trunk_type,
        "inbound_auth_username": carrier.inbound_auth_username,
        "inbound_auth_password": answers.secret(carrier.inbound_auth_password),
        "is_active": answers.flag(carrier.is_active),
        "e164_leading_plus": answers.flag(carrier.e164_leading_plus),
        "tech_prefix": carrier.tech_prefix,
        "diversion": carrier.diversion,
        "outbound_sip_proxy": carrier.outbound_sip_proxy,
        "requires_register": answers.flag(carrier.requires_register),
        "register_sip_realm": carrier.register_sip_realm,
        "register_from_user": carrier.register_from_user,
        "register_status": carrier.register_status,
        "register_public_ip_in_contact": answers.flag(carrier.register_public_ip_in_contact),
        "register_username": carrier.register_username,
        "register_password": answers.secret(carrier.register_password),
        "register_from_domain": carrier.register_from_domain,
        "dtmf_type": "rfc2833",
        "created_at": answers.moment(carrier.created_at),
    }


def routes(carriers: Carriers) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["VoipCarriers"])
    crud.add(router, "/VoipCarriers", carriers, CarrierDraft, to_wire)

    @router.get("/VoipCarriers")
    async def list_all(
        request: Request,
        page: Page,
        name: Part = None,
    ) -> Response:
        found = await carriers.list(caller_of(request), page, name=name)
        return answers.listing(found, page, to_wire)

    @router.get("/Accounts/{sid}/VoipCarriers")
    async def list_of_account(
        sid: Sid,
        request: Request,
        page: Page,
        name: Part = None,
    ) -> Response:
        """What the account may use: its own, its provider's, the sandbox."""
        found = await carriers.list_of_account(caller_of(request), sid, page, name=name)
        return answers.listing(found, page, to_wire)

    @router.post(
        "/Accounts/{sid}/VoipCarriers", status_code=201, openapi_extra=creates(CarrierDraft)
    )
    async def create_of_account(sid: Sid, request: Request) -> Response:
        document = await document_of(request)
        made = await carriers.create(caller_of(request), document, account_sid=sid)
        return answers.created(made.voip_carrier_sid)

    @router.get("/ServiceProviders/{sid}/VoipCarriers")
    async def list_of_provider(
        sid: Sid,
        request: Request,
        page: Page,
    ) -> Response:
        found = await carriers.list_of_provider(caller_of(request), sid, page)
        return answers.listing(found, page, to_wire)

    @router.post(
        "/ServiceProviders/{sid}/VoipCarriers",
        status_code=201,
        openapi_extra=creates(CarrierDraft),
    )
    async def create_of_provider(sid: Sid, request: Request) -> Response:
        document = await document_of(request)
        made = await carriers.create(caller_of(request), document, service_provider_sid=sid)
        return answers.created(made.voip_carrier_sid)

    return router
