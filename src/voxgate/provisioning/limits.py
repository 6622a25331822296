"""How much accounts and providers may use: one limit per category (contract 1.4.13)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from voxgate.base.ids import new_sid
from voxgate.model.limits import API_RATE, CALLS, DEVICES, Limit
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import Draft
from voxgate.provisioning.errors import FieldError, Forbidden, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal
from voxgate.store import limits
from voxgate.store.engine import Connection

ENFORCED = (CALLS, DEVICES, API_RATE)
_QUANTITY_MOST = 1_000_000

Category = Literal[
    "api_rate",
    "voice_call_session",
    "device",
    "voice_call_minutes",
    "voice_call_session_license",
    "voice_call_minutes_license",
]


class LimitDraft(Draft):
    required: ClassVar = ("category", "quantity")
    read_only: ClassVar = (
        "account_limits_sid",
        "service_provider_limits_sid",
        "account_sid",
        "service_provider_sid",
    )

    category: Category | None = None
    quantity: Annotated[int, Field(ge=0, le=_QUANTITY_MOST)] | None = None


class Limits:
    """An account's key sees its limits; who owns the account sets them."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def of_account(
        self, caller: Principal, account_sid: str, category: str | None
    ) -> list[Limit]:
        def question(connection: Connection) -> list[Limit]:
            reach.account_in_path(connection, caller, account_sid, self._inventory.box)
            return limits.of_account(connection, account_sid, category)

        return await self._inventory.read(question)

    async def of_provider(
        self, caller: Principal, service_provider_sid: str, category: str | None
    ) -> list[Limit]:
        def question(connection: Connection) -> list[Limit]:
            reach.provider_in_path(connection, caller, service_provider_sid, self._inventory.box)
            return limits.of_provider(connection, service_provider_sid, category)

        return await self._inventory.read(question)

    async def put_for_account(self, caller: Principal, account_sid: str, document: object) -> str:
        """Set or change; answers with the limit's sid."""
        draft = _parsed(document)

        def change(connection: Connection) -> str:
            _require_owner(caller)
            reach.account_in_path(connection, caller, account_sid, self._inventory.box)
            limit = Limit(new_sid(), draft.category or "", draft.quantity or 0, account_sid)
            return limits.put(connection, limit)

        return await self._inventory.write(change)

    async def put_for_provider(
        self, caller: Principal, service_provider_sid: str, document: object
    ) -> str:
        draft = _parsed(document)

        def change(connection: Connection) -> str:
            _require_admin(caller)
            reach.provider_in_path(connection, caller, service_provider_sid, self._inventory.box)
            limit = Limit(
                new_sid(),
                draft.category or "",
                draft.quantity or 0,
                service_provider_sid=service_provider_sid,
            )
            return limits.put(connection, limit)

        return await self._inventory.write(change)

    async def remove_from_account(
        self, caller: Principal, account_sid: str, category: str | None
    ) -> None:
        """All of them, or that of one category."""

        def change(connection: Connection) -> None:
            _require_owner(caller)
            reach.account_in_path(connection, caller, account_sid, self._inventory.box)
            limits.remove(connection, limits.of_account(connection, account_sid, category))

        await self._inventory.write(change)

    async def remove_from_provider(
        self, caller: Principal, service_provider_sid: str, category: str | None
    ) -> None:
        def change(connection: Connection) -> None:
            _require_admin(caller)
            reach.provider_in_path(connection, caller, service_provider_sid, self._inventory.box)
            found = limits.of_provider(connection, service_provider_sid, category)
            limits.remove(connection, found)

        await self._inventory.write(change)


def _parsed(document: object) -> LimitDraft:
    draft = LimitDraft.to_create(document)
    if draft.category not in ENFORCED:
        msg = f"{draft.category} is not available in this version; use {', '.join(ENFORCED)}"
        raise Unprocessable.fields(FieldError("category", msg))
    return draft


def _require_owner(caller: Principal) -> None:
    if caller.is_account:
        raise Forbidden("an account's key cannot change its own limits")


def _require_admin(caller: Principal) -> None:
    if not caller.is_admin:
        raise Forbidden("a provider's key cannot change its own limits")
