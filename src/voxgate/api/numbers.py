"""/v1/PhoneNumbers (contract section 1.4.5)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Sid, SidQuery, Wire
from voxgate.api.gate import caller_of
from voxgate.model.numbers import PhoneNumber
from voxgate.provisioning.numbers import PhoneNumberDraft, PhoneNumbers

Filter = Annotated[
    str | None, Query(alias="filter", max_length=132, description="Only those that contain it.")
]


def to_wire(number: PhoneNumber) -> Wire:
    return {
        "phone_number_sid": number.phone_number_sid,
        "number": number.number,
        "voip_carrier_sid": number.voip_carrier_sid,
        "account_sid": number.account_sid,
        "service_provider_sid": number.service_provider_sid,
        "application_sid": number.application_sid,
        "created_at": answers.moment(number.created_at),
    }


def routes(numbers: PhoneNumbers) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["PhoneNumbers"])
    crud.add(router, "/PhoneNumbers", numbers, PhoneNumberDraft, to_wire)

    @router.get("/PhoneNumbers")
    async def list_all(
        request: Request,
        page: Page,
        *,
        part: Filter = None,
        account_sid: SidQuery = None,
        service_provider_sid: SidQuery = None,
    ) -> Response:
        found = await numbers.list(
            caller_of(request),
            page,
            part=part,
            account_sid=account_sid,
            service_provider_sid=service_provider_sid,
        )
        return answers.listing(found, page, to_wire)

    @router.get("/Accounts/{sid}/PhoneNumbers")
    async def list_of_account(
        sid: Sid,
        request: Request,
        page: Page,
    ) -> Response:
        found = await numbers.list(caller_of(request), page, account_sid=sid)
        return answers.listing(found, page, to_wire)

    @router.get("/ServiceProviders/{sid}/PhoneNumbers")
    async def list_of_provider(
        sid: Sid,
        request: Request,
        page: Page,
    ) -> Response:
        found = await numbers.list(caller_of(request), page, service_provider_sid=sid)
        return answers.listing(found, page, to_wire)

    return router
