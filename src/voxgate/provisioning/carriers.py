"""Carriers: SIP trunks of accounts, and of providers for all their accounts."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, StringConstraints

from voxgate.base.ids import new_sid
from voxgate.base.secrets import masked
from voxgate.model.carriers import SANDBOX, Carrier
from voxgate.provisioning import reach
from voxgate.provisioning.addresses import proxy_problem, sip_address
from voxgate.provisioning.drafts import Draft, Flag, Host, Name, Phrase, Prose, Sid, Word
from voxgate.provisioning.errors import FieldError, Forbidden, Invalid, NotFound, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import Principal
from voxgate.store import applications, carriers, trunk_registrations
from voxgate.store.engine import Connection
from voxgate.store.owners import Owner

_DIAL_CHARACTERS = re.compile(r"[0-9A-Za-z*#+.\-]*")


def _dialable(text: str) -> str:
    if _DIAL_CHARACTERS.fullmatch(text) is None:
        raise ValueError("may contain digits, letters, and * # + . -")
    return text


def _proxy(text: str) -> str:
    sip_address(text)
    return text


class CarrierDraft(Draft):
    required: ClassVar = ("name",)
    not_null: ClassVar = (
        "is_active",
        "e164_leading_plus",
        "trunk_type",
        "requires_register",
        "register_public_ip_in_contact",
    )
    read_only: ClassVar = ("voip_carrier_sid", "created_at", "register_status")
    later: ClassVar = {
        "dtmf_type": "rfc2833",
        "smpp_system_id": "",
        "smpp_password": "",
        "smpp_inbound_system_id": "",
        "smpp_inbound_password": "",
        "smpp_enquire_link_interval": 0,
    }

    name: Name | None = None
    description: Prose | None = None
    account_sid: Sid | None = None
    service_provider_sid: Sid | None = None
    application_sid: Sid | None = None
    is_active: Flag = True
    e164_leading_plus: Flag = False
    tech_prefix: (
        Annotated[str, StringConstraints(max_length=16), AfterValidator(_dialable)] | None
    ) = None
    diversion: (
        Annotated[str, StringConstraints(max_length=32), AfterValidator(_dialable)] | None
    ) = None
    outbound_sip_proxy: (
        Annotated[str, StringConstraints(max_length=255), AfterValidator(_proxy)] | None
    ) = None
    register_username: Word | None = None
    register_password: Phrase | None = None
    register_from_domain: Host | None = None
    trunk_type: Literal["static_ip", "auth", "reg"] = "static_ip"
    inbound_auth_username: Word | None = None
    inbound_auth_password: Phrase | None = None
    requires_register: Flag = False
    register_sip_realm: Host | None = None
    register_from_user: (
        Annotated[str, StringConstraints(max_length=128), AfterValidator(_dialable)] | None
    ) = None
    register_public_ip_in_contact: Flag = False


class Carriers:
    """An account sees its provider's trunks and the sandbox, and changes only its own."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(
        self, caller: Principal, page: PageRequest, *, name: str | None = None
    ) -> Listing[Carrier]:
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Carrier]]:
            if caller.account_sid is not None and caller.service_provider_sid is not None:
                owner = caller.account_sid, caller.service_provider_sid
                return carriers.usable_by(connection, box, *owner, name=name, window=page.window)
            return carriers.page(connection, box, reach.own(caller), name=name, window=page.window)

        return await self._listed(question)

    async def list_of_account(
        self, caller: Principal, account_sid: str, page: PageRequest, *, name: str | None = None
    ) -> Listing[Carrier]:
        """What the account may use: its own, its provider's, the sandbox."""
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Carrier]]:
            account = reach.account_in_path(connection, caller, account_sid, box)
            owner = account.account_sid, account.service_provider_sid
            return carriers.usable_by(connection, box, *owner, name=name, window=page.window)

        return await self._listed(question)

    async def list_of_provider(
        self, caller: Principal, service_provider_sid: str, page: PageRequest
    ) -> Listing[Carrier]:
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Carrier]]:
            reach.provider_in_path(connection, caller, service_provider_sid, box)
            owner = Owner(service_provider_sid=service_provider_sid)
            return carriers.page(connection, box, owner, window=page.window)

        return await self._listed(question)

    async def _listed(
        self, question: Callable[[Connection], tuple[int, Sequence[Carrier]]]
    ) -> Listing[Carrier]:
        """With how our registrations stand."""

        def completed(connection: Connection) -> tuple[int, Sequence[Carrier]]:
            total, found = question(connection)
            return total, _with_status(connection, found)

        return Listing(*await self._inventory.read(completed))

    async def create(
        self,
        caller: Principal,
        document: object,
        *,
        account_sid: str | None = None,
        service_provider_sid: str | None = None,
    ) -> Carrier:
        """`account_sid`, `service_provider_sid`: from the path, where there is one."""
        box = self._inventory.box
        now = self._inventory.now()

        def change(connection: Connection) -> Carrier:
            if account_sid is not None:
                reach.account_in_path(connection, caller, account_sid, box)
            if service_provider_sid is not None:
                reach.provider_in_path(connection, caller, service_provider_sid, box)
            draft = CarrierDraft.to_create(document)
            _require_path_owner(draft, account_sid, service_provider_sid)
            of_account, of_provider = reach.owner_for_new(
                connection,
                caller,
                account_sid or draft.account_sid,
                service_provider_sid or draft.service_provider_sid,
                box,
            )
            blank = Carrier(
                new_sid(),
                "",
                account_sid=of_account,
                service_provider_sid=of_provider,
                made_by_account=caller.is_account,
                created_at=now,
            )
            carrier = self._with(connection, caller, blank, draft)
            carriers.insert(connection, carrier, box)
            return carrier

        return await self._inventory.write(change)

    async def get(self, caller: Principal, voip_carrier_sid: str) -> Carrier:
        return await self._inventory.read(
            lambda c: _with_status(c, [visible(c, caller, voip_carrier_sid, self._inventory)])[0]
        )

    async def change(self, caller: Principal, voip_carrier_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            current = visible(connection, caller, voip_carrier_sid, self._inventory)
            require_changeable(caller, current)
            draft = CarrierDraft.to_change(document)
            _require_same_owner(current, draft)
            carrier = self._with(connection, caller, current, draft)
            carriers.update(connection, carrier, self._inventory.box)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, voip_carrier_sid: str) -> None:
        """With its gateways."""

        def change(connection: Connection) -> None:
            current = visible(connection, caller, voip_carrier_sid, self._inventory)
            require_changeable(caller, current)
            if users := carriers.users_of(connection, voip_carrier_sid):
                raise Unprocessable(f"cannot delete a carrier with {' and '.join(users)}")
            carriers.delete(connection, voip_carrier_sid)

        await self._inventory.write(change)

    def _with(
        self, connection: Connection, caller: Principal, current: Carrier, draft: CarrierDraft
    ) -> Carrier:
        sent = draft.sent()
        for owner in ("account_sid", "service_provider_sid"):
            sent.pop(owner, None)
        # The password as GET masks it is the one we have.
        for name in ("register_password", "inbound_auth_password"):
            password = getattr(current, name)
            if password and sent.get(name) == masked(password):
                del sent[name]
        for name in ("tech_prefix", "diversion", "outbound_sip_proxy", "register_from_user"):
            if sent.get(name) == "":
                sent[name] = None
        carrier = replace(current, **sent)
        if carrier.name == SANDBOX:
            msg = f"{SANDBOX!r} is the gateway's own carrier; choose another name"
            raise Unprocessable.fields(FieldError("name", msg))
        if carriers.name_taken(connection, carrier):
            msg = f"there is a carrier named {carrier.name!r} already"
            raise Unprocessable.fields(FieldError("name", msg))
        _require_credentials(carrier)
        if caller.is_account and carrier.outbound_sip_proxy != current.outbound_sip_proxy:
            carrier = self._with_own_proxy(carrier)
        self._check_application(connection, carrier)
        return carrier

    def _with_own_proxy(self, carrier: Carrier) -> Carrier:
        """From now on the trunk leads where the account says: egress policy applies."""
        proxy = carrier.outbound_sip_proxy
        if proxy is not None and (problem := proxy_problem(self._inventory.egress, proxy)):
            raise Unprocessable.fields(FieldError("outbound_sip_proxy", problem))
        return replace(carrier, made_by_account=True)

    def _check_application(self, connection: Connection, carrier: Carrier) -> None:
        if carrier.application_sid is None:
            return
        if carrier.account_sid is None:
            raise Invalid.fields(FieldError("application_sid", "requires account_sid"))
        found = applications.get(connection, carrier.application_sid, self._inventory.box)
        if found is None or found.account_sid != carrier.account_sid:
            raise reach.unknown("application_sid")


def _with_status(connection: Connection, found: Sequence[Carrier]) -> list[Carrier]:
    standing = trunk_registrations.everything(connection)
    return [
        replace(c, register_status=json.dumps(standing[c.voip_carrier_sid]))
        if c.voip_carrier_sid in standing
        else c
        for c in found
    ]


def visible(
    connection: Connection, caller: Principal, voip_carrier_sid: str, inventory: Inventory
) -> Carrier:
    """Raises NotFound for foreign carriers; what is seen may still not be changed."""
    carrier = carriers.get(connection, voip_carrier_sid, inventory.box)
    if carrier is not None:
        if carrier.account_sid is None:
            seen = caller.belongs_to(carrier.service_provider_sid)
        else:
            seen = reach.sees_account(connection, caller, carrier.account_sid, inventory.box)
        if seen:
            return carrier
    raise NotFound(f"there is no carrier {voip_carrier_sid}")


def require_changeable(caller: Principal, carrier: Carrier) -> None:
    """Of a carrier the caller sees. Raises Forbidden, or Unprocessable for the sandbox."""
    if carrier.account_sid is None and caller.is_account:
        raise Forbidden("carriers of the service provider are read-only for accounts")
    if carrier.service_provider_sid is None:
        raise Unprocessable(f"carrier {carrier.name!r} is the gateway's own; it cannot be changed")


def _require_credentials(carrier: Carrier) -> None:
    wrong = []
    if carrier.register_password and not carrier.register_username:
        wrong.append(FieldError("register_username", "is required with a password"))
    if carrier.requires_register:
        needed = ("register_username", "register_password")
        wrong += [
            FieldError(name, "is required with requires_register")
            for name in needed
            if not getattr(carrier, name) and not any(error.field == name for error in wrong)
        ]
    if carrier.trunk_type == "auth":
        wrong += [
            FieldError(name, 'is required for trunk_type "auth"')
            for name in ("inbound_auth_username", "inbound_auth_password")
            if not getattr(carrier, name)
        ]
    if wrong:
        raise Invalid.fields(*wrong)


def _require_path_owner(
    draft: CarrierDraft, account_sid: str | None, service_provider_sid: str | None
) -> None:
    """The body may repeat the owner in the path, not contradict it."""
    in_path = (("account_sid", account_sid), ("service_provider_sid", service_provider_sid))
    for name, value in in_path:
        if value is not None and getattr(draft, name) not in {None, value}:
            raise Invalid.fields(FieldError(name, "is not the one in the path"))


def _require_same_owner(current: Carrier, draft: CarrierDraft) -> None:
    for name in ("account_sid", "service_provider_sid"):
        if name in draft.model_fields_set and getattr(draft, name) != getattr(current, name):
            raise Invalid.fields(FieldError(name, "cannot be changed"))
