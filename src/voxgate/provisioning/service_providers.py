"""Service providers: who accounts belong to."""

from dataclasses import replace
from typing import ClassVar

from voxgate.base.ids import new_sid
from voxgate.model.accounts import ServiceProvider
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import Draft, Host, Name, Prose
from voxgate.provisioning.errors import FieldError, Forbidden, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import DENIED, Principal, require
from voxgate.store import service_providers
from voxgate.store.engine import Connection


class ServiceProviderDraft(Draft):
    required: ClassVar = ("name",)
    read_only: ClassVar = ("service_provider_sid", "created_at")
    later: ClassVar = {"registration_hook": {}, "ms_teams_fqdn": "", "lcr_sid": ""}

    name: Name | None = None
    description: Prose | None = None
    root_domain: Host | None = None


class ServiceProviders:
    """Admins make and delete them; a provider changes itself; an account sees its own."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(self, caller: Principal, page: PageRequest) -> Listing[ServiceProvider]:
        only = None if caller.is_admin else caller.service_provider_sid
        box = self._inventory.box
        return Listing(
            *await self._inventory.read(
                lambda c: service_providers.page(c, box, only_sid=only, window=page.window)
            )
        )

    async def create(self, caller: Principal, document: object) -> ServiceProvider:
        require(caller.is_admin)
        draft = ServiceProviderDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> ServiceProvider:
            blank = ServiceProvider(new_sid(), "", created_at=now)
            provider = replace(blank, **draft.sent())
            _require_free_name(connection, provider)
            service_providers.insert(connection, provider, self._inventory.box)
            return provider

        return await self._inventory.write(change)

    async def get(self, caller: Principal, service_provider_sid: str) -> ServiceProvider:
        """An account sees its own provider too. Raises Forbidden for others."""

        def question(connection: Connection) -> ServiceProvider:
            box = self._inventory.box
            if caller.is_account:
                found = service_providers.get(connection, service_provider_sid, box)
                if found is None or service_provider_sid != caller.service_provider_sid:
                    raise Forbidden(DENIED)
                return found
            return reach.provider_in_path(connection, caller, service_provider_sid, box)

        return await self._inventory.read(question)

    async def change(self, caller: Principal, service_provider_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            box = self._inventory.box
            current = reach.provider_in_path(connection, caller, service_provider_sid, box)
            provider = replace(current, **ServiceProviderDraft.to_change(document).sent())
            _require_free_name(connection, provider)
            service_providers.update(connection, provider, box)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, service_provider_sid: str) -> None:
        require(caller.is_admin)

        def change(connection: Connection) -> None:
            box = self._inventory.box
            reach.provider_in_path(connection, caller, service_provider_sid, box)
            if service_providers.has_accounts(connection, service_provider_sid):
                raise Unprocessable("cannot delete a service provider with accounts")
            service_providers.delete(connection, service_provider_sid)

        await self._inventory.write(change)


def _require_free_name(connection: Connection, provider: ServiceProvider) -> None:
    if service_providers.name_taken(connection, provider):
        msg = f"there is a service provider named {provider.name!r} already"
        raise Unprocessable.fields(FieldError("name", msg))
