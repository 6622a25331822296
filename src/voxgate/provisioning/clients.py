"""SIP devices of an account: user names, passwords, and whom they may call directly."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, StringConstraints

from voxgate.base.ids import new_sid
from voxgate.base.secrets import masked
from voxgate.model.devices import Client
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import Draft, Flag, Sid, one_line
from voxgate.provisioning.errors import FieldError, Invalid, NotFound
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import Principal
from voxgate.store import clients, registrations
from voxgate.store.engine import Connection
from voxgate.store.owners import Owner


def _username(text: str) -> str:
    """What may stand before the `@` of an address, as devices write it."""
    one_line(text)
    if any(char.isspace() or char in '@:;?"<>,\\' for char in text):
        raise ValueError('must not contain blanks or any of @ : ; ? " < > , \\')
    return text


class ClientDraft(Draft):
    required: ClassVar = ("username", "password")
    not_null: ClassVar = (
        "is_active",
        "allow_direct_app_calling",
        "allow_direct_queue_calling",
        "allow_direct_user_calling",
    )
    read_only: ClassVar = ("client_sid", "created_at")

    account_sid: Sid | None = None
    username: (
        Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_username)]
        | None
    ) = None
    password: (
        Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(one_line)]
        | None
    ) = None
    is_active: Flag = True
    allow_direct_app_calling: Flag = True
    allow_direct_queue_calling: Flag = True
    allow_direct_user_calling: Flag = True


class Clients:
    """Whoever may use an account may manage its devices."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(
        self, caller: Principal, page: PageRequest, *, account_sid: str | None = None
    ) -> Listing[Client]:
        """All the caller's, or those of one of its accounts."""
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Client]]:
            owner = reach.own(caller)
            if account_sid is not None:
                reach.account_in_path(connection, caller, account_sid, box)
                owner = Owner(account_sid=account_sid)
            return clients.page(connection, box, owner, window=page.window)

        return Listing(*await self._inventory.read(question))

    async def create(self, caller: Principal, document: object) -> Client:
        draft = ClientDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> Client:
            box = self._inventory.box
            account = reach.account_for_new(connection, caller, draft.account_sid, box)
            blank = Client(new_sid(), account.account_sid, "", "", created_at=now)
            client = _with(connection, blank, draft)
            clients.insert(connection, client, box)
            return client

        return await self._inventory.write(change)

    async def get(self, caller: Principal, client_sid: str) -> Client:
        return await self._inventory.read(lambda c: self._visible(c, caller, client_sid))

    async def change(self, caller: Principal, client_sid: str, document: object) -> None:
        """A device that may no longer log in is no longer registered either."""

        def change(connection: Connection) -> None:
            current = self._visible(connection, caller, client_sid)
            draft = ClientDraft.to_change(document)
            if draft.account_sid not in {None, current.account_sid}:
                raise Invalid.fields(FieldError("account_sid", "cannot be changed"))
            client = _with(connection, current, draft)
            clients.update(connection, client, self._inventory.box)
            if not client.is_active or client.username != current.username:
                _unregister(connection, current)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, client_sid: str) -> None:
        def change(connection: Connection) -> None:
            current = self._visible(connection, caller, client_sid)
            clients.delete(connection, client_sid)
            _unregister(connection, current)

        await self._inventory.write(change)

    def _visible(self, connection: Connection, caller: Principal, client_sid: str) -> Client:
        box = self._inventory.box
        client = clients.get(connection, client_sid, box)
        if client is None or not reach.sees_account(connection, caller, client.account_sid, box):
            raise NotFound(f"there is no client {client_sid}")
        return client


def _with(connection: Connection, current: Client, draft: ClientDraft) -> Client:
    sent = draft.sent()
    sent.pop("account_sid", None)
    # The password as GET masks it is the one we have.
    if current.password and sent.get("password") == masked(current.password):
        del sent["password"]
    client = replace(current, **sent)
    if clients.name_taken(connection, client):
        msg = f"there is a client named {client.username!r} in this account already"
        raise Invalid.fields(FieldError("username", msg))
    return client


def _unregister(connection: Connection, client: Client) -> None:
    registrations.remove_of_user(connection, client.account_sid, client.username.lower())
