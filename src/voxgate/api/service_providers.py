"""/v1/ServiceProviders (contract section 1.4.13)."""

from fastapi import APIRouter, Request, Response

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Wire
from voxgate.api.gate import caller_of
from voxgate.model.accounts import ServiceProvider
from voxgate.provisioning.service_providers import ServiceProviderDraft, ServiceProviders


def to_wire(provider: ServiceProvider) -> Wire:
    return {
        "service_provider_sid": provider.service_provider_sid,
        "name": provider.name,
        "description": provider.description,
        "root_domain": provider.root_domain,
        "created_at": answers.moment(provider.created_at),
    }


def routes(providers: ServiceProviders) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["ServiceProviders"])
    crud.add(router, "/ServiceProviders", providers, ServiceProviderDraft, to_wire)

    @router.get("/ServiceProviders")
    async def list_all(request: Request, page: Page) -> Response:
        found = await providers.list(caller_of(request), page)
        return answers.listing(found, page, to_wire)

    return router
