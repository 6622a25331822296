"""API keys: who may use the API as whom. Tokens are shown once."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from voxgate.base.ids import new_sid, new_token
from voxgate.base.secrets import token_digest
from voxgate.model.accounts import ApiKey
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import Draft, Sid
from voxgate.provisioning.errors import FieldError, Forbidden, Invalid, NotFound, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal
from voxgate.store import api_keys
from voxgate.store.engine import Connection

TOKEN_START = 6
_TEN_YEARS_S = 10 * 366 * 86400


class ApiKeyDraft(Draft):
    """Neither sid: a key like the one that asks (an admin's: an admin key)."""

    read_only: ClassVar = ("api_key_sid", "token", "created_at", "last_used", "expires_at")

    account_sid: Sid | None = None
    service_provider_sid: Sid | None = None
    expiry_secs: Annotated[int, Field(ge=1, le=_TEN_YEARS_S)] | None = None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """The only time the token is known."""

    key: ApiKey
    token: str


def draw_key(
    *,
    account_sid: str | None = None,
    service_provider_sid: str | None = None,
    token: str | None = None,
    expires_at: float | None = None,
    now: float,
) -> NewApiKey:
    """A key with a fresh token, or with the one given."""
    token = token or new_token()
    key = ApiKey(
        api_key_sid=new_sid(),
        token_sha256=token_digest(token),
        token_start=token[:TOKEN_START],
        account_sid=account_sid,
        service_provider_sid=service_provider_sid,
        expires_at=expires_at,
        created_at=now,
    )
    return NewApiKey(key, token)


class ApiKeys:
    """Nobody can make a key that may do more than his own."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def create(self, caller: Principal, document: object) -> NewApiKey:
        draft = ApiKeyDraft.to_create(document)
        if draft.account_sid is not None and draft.service_provider_sid is not None:
            msg = "give account_sid or service_provider_sid, not both"
            raise Invalid.fields(FieldError("service_provider_sid", msg))
        now = self._inventory.now()

        def change(connection: Connection) -> NewApiKey:
            account_sid, provider_sid = self._owner(connection, caller, draft)
            new = draw_key(
                account_sid=account_sid,
                service_provider_sid=provider_sid,
                expires_at=None if draft.expiry_secs is None else now + draft.expiry_secs,
                now=now,
            )
            api_keys.insert(connection, new.key, self._inventory.box)
            return new

        return await self._inventory.write(change)

    async def list_of_account(self, caller: Principal, account_sid: str) -> list[ApiKey]:
        def question(connection: Connection) -> list[ApiKey]:
            box = self._inventory.box
            reach.account_in_path(connection, caller, account_sid, box)
            return api_keys.of_account(connection, account_sid, box)

        return await self._inventory.read(question)

    async def list_of_provider(self, caller: Principal, service_provider_sid: str) -> list[ApiKey]:
        """Its own and those of its accounts."""

        def question(connection: Connection) -> list[ApiKey]:
            box = self._inventory.box
            reach.provider_in_path(connection, caller, service_provider_sid, box)
            return api_keys.of_provider(connection, service_provider_sid, box)

        return await self._inventory.read(question)

    async def delete(self, caller: Principal, api_key_sid: str) -> None:
        def change(connection: Connection) -> None:
            key = api_keys.get(connection, api_key_sid, self._inventory.box)
            if key is None or not self._may_delete(connection, caller, key):
                raise NotFound(f"there is no API key {api_key_sid}")
            is_admin_key = key.account_sid is None and key.service_provider_sid is None
            if is_admin_key and api_keys.admin_count(connection) == 1:
                raise Unprocessable("cannot delete the last admin key")
            api_keys.delete(connection, api_key_sid)

        await self._inventory.write(change)

    def _owner(
        self, connection: Connection, caller: Principal, draft: ApiKeyDraft
    ) -> tuple[str | None, str | None]:
        box = self._inventory.box
        if draft.account_sid is not None or caller.is_account:
            if draft.service_provider_sid is not None:
                raise Forbidden("an account's key can only make keys of its account")
            owner = reach.account_for_new(connection, caller, draft.account_sid, box)
            return owner.account_sid, None
        if draft.service_provider_sid is not None or caller.is_provider:
            sid = draft.service_provider_sid
            return None, reach.provider_for_new(connection, caller, sid, box)
        return None, None

    def _may_delete(self, connection: Connection, caller: Principal, key: ApiKey) -> bool:
        if key.account_sid is not None:
            return reach.sees_account(connection, caller, key.account_sid, self._inventory.box)
        return caller.may_use_provider(key.service_provider_sid)
