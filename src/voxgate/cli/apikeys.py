"""`voxgate apikey`: keys straight in the database, for when the admin key is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from voxgate.base.clock import SystemClock, iso
from voxgate.base.egress import EgressPolicy
from voxgate.base.secrets import SecretBox
from voxgate.base.settings import Settings
from voxgate.cli.screen import Failure, fact
from voxgate.model.accounts import ApiKey
from voxgate.provisioning.api_keys import ApiKeys
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal, Scope
from voxgate.store.engine import Database

DAY_S = 86_400
# Whoever can run commands on the database may do what an admin key may.
OPERATOR = Principal(Scope.ADMIN, api_key_sid="")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a key opens; nobody named: everything."""

    account_sid: str | None
    service_provider_sid: str | None

    def document(self) -> dict[str, object]:
        named = {
            "account_sid": self.account_sid,
            "service_provider_sid": self.service_provider_sid,
        }
        return {name: sid for name, sid in named.items() if sid is not None}


async def create(
    console: Console, settings: Settings, owner: Owner, expires_days: float | None
) -> int:
    """Raises Refused when the owner does not exist."""
    document = owner.document()
    if expires_days is not None:
        document["expiry_secs"] = round(expires_days * DAY_S)
    async with _api_keys(settings) as keys:
        new = await keys.create(OPERATOR, document)
    fact(console, "key", f"{new.token}  (shown only now: keep it)")
    fact(console, "sid", new.key.api_key_sid)
    fact(console, "opens", _owner_of(new.key))
    return 0


async def show(console: Console, settings: Settings, owner: Owner) -> int:
    async with _api_keys(settings) as keys:
        if owner.account_sid is not None:
            found = await keys.list_of_account(OPERATOR, owner.account_sid)
        elif owner.service_provider_sid is not None:
            found = await keys.list_of_provider(OPERATOR, owner.service_provider_sid)
        else:
            raise Failure("say whose keys: --account or --service-provider", status=2)
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name in ("sid", "opens", "made (UTC)", "last used", "expires"):
        table.add_column(name, overflow="fold")
    for key in found:
        times = (key.created_at, key.last_used, key.expires_at)
        table.add_row(key.api_key_sid, _owner_of(key), *map(_minute, times))
    console.print(table)
    return 0


async def delete(console: Console, settings: Settings, sid: str) -> int:
    """Raises Refused for an unknown key, and for the last admin key."""
    async with _api_keys(settings) as keys:
        await keys.delete(OPERATOR, sid)
    console.print(f"the key {sid} is gone")
    return 0


def _owner_of(key: ApiKey) -> str:
    return key.account_sid or key.service_provider_sid or "everything (admin)"


def _minute(at: float | None) -> str:
    return "never" if at is None else iso(at)[:16].replace("T", " ")


@asynccontextmanager
async def _api_keys(settings: Settings) -> AsyncIterator[ApiKeys]:
    """The use cases on the database at this version's schema. Raises StoreUnavailable."""
    clock = SystemClock()
    database = Database(settings.sqlalchemy_url)
    try:
        await database.migrate()
        box = SecretBox.from_settings(settings.secret_key, settings.key_file)
        directory = Directory(database, box, clock)
        try:
            yield ApiKeys(Inventory(database, directory, box, clock, EgressPolicy()))
        finally:
            await directory.close()
    finally:
        await database.close()
