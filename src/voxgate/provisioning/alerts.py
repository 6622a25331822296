"""Alerts, newest first (contract section 1.4.10)."""

from dataclasses import dataclass

from voxgate.model.alerts import Alert
from voxgate.provisioning import reach
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing
from voxgate.provisioning.permissions import Principal
from voxgate.store import alerts
from voxgate.store.alerts import AlertFilter
from voxgate.store.engine import Connection

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """`page` counts from 1. `days` wins over `start` and `end` (seconds since 1970)."""

    page: int
    count: int
    alert_type: str | None = None
    days: int | None = None
    start: float | None = None
    end: float | None = None


class Alerts:
    """Of an account, or of a provider with all its accounts."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list_of_account(
        self, caller: Principal, account_sid: str, query: AlertQuery
    ) -> Listing[Alert]:
        def question(connection: Connection) -> tuple[int, list[Alert]]:
            reach.account_in_path(connection, caller, account_sid, self._inventory.box)
            return self._page(connection, query, account_sid=account_sid)

        return Listing(*await self._inventory.read(question))

    async def list_of_provider(
        self, caller: Principal, service_provider_sid: str, query: AlertQuery
    ) -> Listing[Alert]:
        def question(connection: Connection) -> tuple[int, list[Alert]]:
            reach.provider_in_path(connection, caller, service_provider_sid, self._inventory.box)
            return self._page(connection, query, service_provider_sid=service_provider_sid)

        return Listing(*await self._inventory.read(question))

    def _page(
        self,
        connection: Connection,
        query: AlertQuery,
        *,
        account_sid: str | None = None,
        service_provider_sid: str | None = None,
    ) -> tuple[int, list[Alert]]:
        start, end = query.start, query.end
        if query.days is not None:
            start, end = self._inventory.now() - query.days * _DAY_S, None
        wanted = AlertFilter(account_sid, service_provider_sid, query.alert_type, start, end)
        offset = (query.page - 1) * query.count
        return alerts.page(connection, wanted, offset=offset, limit=query.count)
