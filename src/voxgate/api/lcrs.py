"""/v1/Lcrs, /v1/LcrRoutes, /v1/LcrCarrierSetEntries (contract section 1.4.8)."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Sid, SidQuery, Wire
from voxgate.api.bodies import array_of, document_of
from voxgate.api.gate import caller_of
from voxgate.model.carriers import CarrierSetEntry, Lcr, LcrRoute
from voxgate.provisioning.lcr_routes import LcrCarrierSetEntries, LcrRoutes
from voxgate.provisioning.lcr_rules import ROUTES, EntryDraft, LcrDraft, RouteDraft
from voxgate.provisioning.lcrs import Lcrs


def to_wire(table: Lcr) -> Wire:
    return {
        "lcr_sid": table.lcr_sid,
        "name": table.name,
        "account_sid": table.account_sid,
        "service_provider_sid": table.service_provider_sid,
        "is_active": answers.flag(table.is_active),
        "default_carrier_set_entry_sid": table.default_carrier_set_entry_sid,
        "created_at": answers.moment(table.created_at),
    }


def entry_to_wire(entry: CarrierSetEntry) -> Wire:
    return {
        "lcr_carrier_set_entry_sid": entry.lcr_carrier_set_entry_sid,
        "lcr_route_sid": entry.lcr_route_sid,
        "voip_carrier_sid": entry.voip_carrier_sid,
        "workload": entry.workload,
        "priority": entry.priority,
    }


def route_to_wire(route: LcrRoute) -> Wire:
    return {
        "lcr_route_sid": route.lcr_route_sid,
        "lcr_sid": route.lcr_sid,
        "regex": route.regex,
        "priority": route.priority,
        "description": route.description,
        "lcr_carrier_set_entries": [entry_to_wire(entry) for entry in route.entries],
    }


def routes(lcrs: Lcrs, lcr_routes: LcrRoutes, entries: LcrCarrierSetEntries) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Lcrs"])
    crud.add(router, "/Lcrs", lcrs, LcrDraft, to_wire)
    crud.add(router, "/LcrRoutes", lcr_routes, RouteDraft, route_to_wire)
    crud.add(router, "/LcrCarrierSetEntries", entries, EntryDraft, entry_to_wire)

    @router.get("/Lcrs")
    async def list_all(request: Request, page: Page) -> Response:
        found = await lcrs.list(caller_of(request), page)
        return answers.listing(found, page, to_wire)

    @router.get("/Lcrs/{sid}/Routes")
    async def routes_of(sid: Sid, request: Request) -> Response:
        found = await lcr_routes.list(caller_of(request), sid)
        return JSONResponse([route_to_wire(route) for route in found])

    @router.put("/Lcrs/{sid}/Routes", status_code=204, openapi_extra=array_of(ROUTES))
    @router.post("/Lcrs/{sid}/Routes", status_code=204, openapi_extra=array_of(ROUTES))
    async def set_routes(sid: Sid, request: Request) -> Response:
        """These routes and no others."""
        await lcrs.set_routes(caller_of(request), sid, await document_of(request))
        return answers.done()

    @router.get("/LcrRoutes")
    async def list_routes(request: Request, lcr_sid: SidQuery = None) -> Response:
        """`lcr_sid` is required."""
        found = await lcr_routes.list(caller_of(request), answers.needed("lcr_sid", lcr_sid))
        return JSONResponse([route_to_wire(route) for route in found])

    @router.get("/LcrCarrierSetEntries")
    async def list_entries(request: Request, lcr_route_sid: SidQuery = None) -> Response:
        """`lcr_route_sid` is required."""
        sid = answers.needed("lcr_route_sid", lcr_route_sid)
        found = await entries.list(caller_of(request), sid)
        return JSONResponse([entry_to_wire(entry) for entry in found])

    return router
