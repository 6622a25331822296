"""The REST surface over its use cases."""

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI

from voxgate.api.app import Parts, create_app
from voxgate.api.limits import Quotas, RateLimit
from voxgate.base.clock import SystemClock
from voxgate.base.settings import Settings
from voxgate.flow.application import app_json_problem
from voxgate.model.limits import Limit
from voxgate.provisioning.accounts import Accounts
from voxgate.provisioning.alerts import Alerts
from voxgate.provisioning.api_keys import ApiKeys
from voxgate.provisioning.applications import Applications
from voxgate.provisioning.calls import Calls
from voxgate.provisioning.carriers import Carriers
from voxgate.provisioning.clients import Clients
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.gateways import Gateways
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.lcr_routes import LcrCarrierSetEntries, LcrRoutes
from voxgate.provisioning.lcrs import Lcrs
from voxgate.provisioning.limits import Limits
from voxgate.provisioning.numbers import PhoneNumbers
from voxgate.provisioning.recordings import CallRecordings
from voxgate.provisioning.registered_users import RegisteredUsers
from voxgate.provisioning.service_providers import ServiceProviders
from voxgate.server.health import Health


def build_app(
    inventory: Inventory,
    directory: Directory,
    calls: Calls,
    health: Health,
    settings: Settings,
    *,
    sip_address: str,
    recordings: Callable[[Accounts], CallRecordings],
    quota_reached: Callable[[Limit, str, str], None],
) -> FastAPI:
    limit = settings.api_rate_limit
    accounts = Accounts(inventory)
    parts = Parts(
        directory=directory,
        health=health,
        service_providers=ServiceProviders(inventory),
        accounts=accounts,
        api_keys=ApiKeys(inventory),
        applications=Applications(inventory, app_json_problem),
        carriers=Carriers(inventory),
        gateways=Gateways(inventory),
        numbers=PhoneNumbers(inventory),
        lcrs=Lcrs(inventory),
        lcr_routes=LcrRoutes(inventory),
        lcr_entries=LcrCarrierSetEntries(inventory),
        alerts=Alerts(inventory),
        calls=calls,
        recordings=recordings(accounts),
        clients=Clients(inventory),
        registered_users=RegisteredUsers(inventory),
        limits=Limits(inventory),
        quotas=Quotas(directory.limits, quota_reached, SystemClock()),
        sip_address=sip_address,
        limit=RateLimit(limit, SystemClock()) if limit else None,
    )
    return create_app(parts, version=version("voxgate"))
