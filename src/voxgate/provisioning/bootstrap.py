"""What an empty database starts with, and the sandbox carrier."""

from dataclasses import dataclass, replace

from voxgate.base.ids import new_sid, new_webhook_secret
from voxgate.base.secrets import token_digest
from voxgate.model.accounts import Account, ServiceProvider
from voxgate.model.carriers import SANDBOX, Carrier, Gateway
from voxgate.provisioning.api_keys import draw_key
from voxgate.provisioning.inventory import Inventory
from voxgate.store import accounts, api_keys, carriers, gateways, service_providers
from voxgate.store.engine import Connection

FIRST_NAME = "default"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """`admin_token` is only there when it was made now: it is shown once.

    `sandbox`: whether the sandbox belongs here, because all is new or it was used before.
    """

    account_sid: str
    admin_token: str | None
    sandbox: bool


class Bootstrap:
    """Run by `serve` before anything listens."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def run(self, admin_token: str | None) -> FirstStart:
        """Idempotent. `admin_token`: the key that must be the admin's, else one is drawn.

        With existing data and no `admin_token` nothing is changed.
        """
        now = self._inventory.now()
        box = self._inventory.box

        def change(connection: Connection) -> FirstStart:
            known = accounts.page(connection, box)[1]
            account = known[0] if known else self._first_account(connection, now)
            carrier = carriers.sandbox(connection, box)
            sandbox = not known or (carrier is not None and carrier.is_active)
            if admin_token is not None:
                digest = token_digest(admin_token)
                if api_keys.by_digest(connection, digest, box) is None:
                    key = draw_key(token=admin_token, now=now).key
                    api_keys.insert(connection, key, box)
                return FirstStart(account.account_sid, None, sandbox)
            if api_keys.admin_count(connection):
                return FirstStart(account.account_sid, None, sandbox)
            new = draw_key(now=now)
            api_keys.insert(connection, new.key, box)
            return FirstStart(account.account_sid, new.token, sandbox)

        return await self._inventory.write(change)

    async def ensure_sandbox(self, host: str, port: int) -> None:
        """The carrier named "sandbox" leads there; it belongs to nobody and all may use it."""
        now = self._inventory.now()
        box = self._inventory.box

        def change(connection: Connection) -> None:
            carrier = carriers.sandbox(connection, box)
            if carrier is None:
                carrier = Carrier(
                    new_sid(), SANDBOX, description="A scriptable far end.", created_at=now
                )
                carriers.insert(connection, carrier, box)
            elif not carrier.is_active:
                carriers.update(connection, replace(carrier, is_active=True), box)
            known = gateways.of_carriers(connection, box, [carrier.voip_carrier_sid])
            if [(gateway.host, gateway.port) for gateway in known] == [(host, port)]:
                return
            for gateway in known:
                gateways.delete(connection, gateway.sip_gateway_sid)
            sid = carrier.voip_carrier_sid
            gateways.insert(connection, Gateway(new_sid(), sid, host, port, created_at=now), box)

        await self._inventory.write(change)

    async def remove_sandbox(self) -> None:
        """No far end runs: trunk "sandbox" must not lead anywhere."""
        box = self._inventory.box

        def change(connection: Connection) -> None:
            carrier = carriers.sandbox(connection, box)
            if carrier is not None and carrier.is_active:
                carriers.update(connection, replace(carrier, is_active=False), box)

        await self._inventory.write(change)

    def _first_account(self, connection: Connection, now: float) -> Account:
        box = self._inventory.box
        providers = service_providers.page(connection, box)[1]
        if providers:
            provider = providers[0]
        else:
            provider = ServiceProvider(new_sid(), FIRST_NAME, created_at=now)
            service_providers.insert(connection, provider, box)
        account = Account(
            new_sid(),
            provider.service_provider_sid,
            FIRST_NAME,
            webhook_secret=new_webhook_secret(),
            created_at=now,
        )
        accounts.insert(connection, account, box)
        return account
