"""The HTTP application: every route, behind the gate."""

from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

from voxgate.api import (
    accounts,
    alerts,
    api_keys,
    applications,
    calls,
    carriers,
    clients,
    errors,
    gateways,
    lcrs,
    numbers,
    openapi,
    quotas,
    recordings,
    registered_users,
    rooms,
    service_providers,
    site,
)
from voxgate.api.gate import Gate
from voxgate.api.limits import Quotas, RateLimit
from voxgate.api.site import Health
from voxgate.provisioning.accounts import Accounts
from voxgate.provisioning.alerts import Alerts
from voxgate.provisioning.api_keys import ApiKeys
from voxgate.provisioning.applications import Applications
from voxgate.provisioning.calls import Calls
from voxgate.provisioning.carriers import Carriers
from voxgate.provisioning.clients import Clients
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.gateways import Gateways
from voxgate.provisioning.lcr_routes import LcrCarrierSetEntries, LcrRoutes
from voxgate.provisioning.lcrs import Lcrs
from voxgate.provisioning.limits import Limits
from voxgate.provisioning.numbers import PhoneNumbers
from voxgate.provisioning.recordings import CallRecordings
from voxgate.provisioning.registered_users import RegisteredUsers
from voxgate.provisioning.service_providers import ServiceProviders


@dataclass(frozen=True, slots=True)
class Parts:
    """The use cases behind the routes, and what the gate needs. `limit` None: no rate limit."""

    directory: Directory
    health: Health
    service_providers: ServiceProviders
    accounts: Accounts
    api_keys: ApiKeys
    applications: Applications
    carriers: Carriers
    gateways: Gateways
    numbers: PhoneNumbers
    lcrs: Lcrs
    lcr_routes: LcrRoutes
    lcr_entries: LcrCarrierSetEntries
    alerts: Alerts
    calls: Calls
    recordings: CallRecordings
    clients: Clients
    registered_users: RegisteredUsers
    limits: Limits
    quotas: Quotas
    sip_address: str  # host:port of the listener that devices register with
    limit: RateLimit | None = None


def create_app(parts: Parts, *, version: str) -> FastAPI:
    app = FastAPI(
        title="voxgate",
        version=version,
        description="A voice gateway: ask for a call, and it is placed, spoken and reported.",
        redoc_url=None,
    )
    app.add_middleware(Gate, directory=parts.directory, limit=parts.limit, quotas=parts.quotas)
    errors.install(app)
    for router in _routers(parts):
        # Not include_router: that builds every route a second time, most of the start-up time.
        app.router.routes.extend(router.routes)
    openapi.describe(app)
    return app


def _routers(parts: Parts) -> tuple[APIRouter, ...]:
    return (
        # First, because routes are tried in order and this one is in a hurry.
        calls.routes(parts.calls),
        rooms.routes(parts.calls),
        site.routes(parts.health),
        applications.routes(parts.applications),
        accounts.routes(parts.accounts),
        api_keys.routes(parts.api_keys),
        carriers.routes(parts.carriers),
        gateways.routes(parts.gateways),
        numbers.routes(parts.numbers),
        lcrs.routes(parts.lcrs, parts.lcr_routes, parts.lcr_entries),
        alerts.routes(parts.alerts),
        recordings.routes(parts.recordings),
        clients.routes(parts.clients),
        registered_users.routes(parts.registered_users, parts.sip_address),
        quotas.routes(parts.limits),
        service_providers.routes(parts.service_providers),
    )
