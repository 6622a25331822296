"""Which of an account's users have a device registered now (contract 1.4.12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter
from pydantic import ValidationError as NotValid

from voxgate.model.accounts import Account
from voxgate.model.devices import Client, Registration
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import field_errors
from voxgate.provisioning.errors import Invalid, NotFound
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal
from voxgate.store import clients, registrations
from voxgate.store.engine import Connection

NAMES = TypeAdapter(
    Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=1000)]
)


@dataclass(frozen=True, slots=True)
class RegisteredUser:
    """`registration` is the contact registered last; None: the user is not there."""

    username: str
    realm: str
    registration: Registration | None
    client: Client | None = None


class RegisteredUsers:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def names(self, caller: Principal, account_sid: str) -> list[str]:
        """`alice@tenant.example` of everybody who is registered. Raises Invalid without a realm."""
        return [
            f"{user.username}@{user.realm}"
            for user in await self.of_account(caller, account_sid, [])
        ]

    async def of_account(
        self, caller: Principal, account_sid: str, document: object
    ) -> list[RegisteredUser]:
        """The users named in the body, registered or not; an empty array: all that are."""
        names = _names(document)
        now = self._inventory.now()

        def question(connection: Connection) -> list[RegisteredUser]:
            account = self._account(connection, caller, account_sid)
            realm = _realm(account)
            wanted = [name.partition("@")[0].lower() for name in names]
            live = _newest(
                registrations.of_account(connection, account_sid, now=now, usernames=wanted)
            )
            return [RegisteredUser(n, realm, live.get(n)) for n in wanted or live]

        return await self._inventory.read(question)

    async def get(self, caller: Principal, account_sid: str, name: str) -> RegisteredUser:
        """With what the user's client may do. Raises NotFound for an unknown user."""
        now = self._inventory.now()
        username = name.partition("@")[0]

        def question(connection: Connection) -> RegisteredUser:
            account = self._account(connection, caller, account_sid)
            live = registrations.of_user(connection, account_sid, username.lower(), now=now)
            client = clients.by_username(connection, account_sid, username, self._inventory.box)
            if client is None and not live:
                raise NotFound(f"there is no user {username}")
            return RegisteredUser(username, _realm(account), live[0] if live else None, client)

        return await self._inventory.read(question)

    def _account(self, connection: Connection, caller: Principal, account_sid: str) -> Account:
        return reach.account_in_path(connection, caller, account_sid, self._inventory.box)


def _names(document: object) -> list[str]:
    try:
        return NAMES.validate_python(document, strict=True)
    except NotValid as failure:
        raise Invalid.fields(*field_errors(failure)) from None


def _realm(account: Account) -> str:
    if account.sip_realm is None:
        raise Invalid("the account has no sip_realm, so no users can be registered")
    return account.sip_realm


def _newest(found: Sequence[Registration]) -> dict[str, Registration]:
    newest: dict[str, Registration] = {}
    for registration in found:  # newest first
        newest.setdefault(registration.username, registration)
    return newest
