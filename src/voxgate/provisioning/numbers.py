"""Registered phone numbers: who may be shown as the caller, and over which trunk."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, StringConstraints

from voxgate.base.ids import new_sid
from voxgate.model.numbers import PhoneNumber
from voxgate.provisioning import carriers as carrier_rules
from voxgate.provisioning import reach
from voxgate.provisioning.drafts import Draft, Sid, one_line
from voxgate.provisioning.errors import FieldError, Forbidden, Invalid, NotFound, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import DENIED, Principal
from voxgate.routing import pattern
from voxgate.store import applications, numbers
from voxgate.store.engine import Connection
from voxgate.store.owners import Owner


def _number(text: str) -> str:
    """Without its plus; `^...` must be a regular expression, `*` may only stand at the end."""
    one_line(text)
    if any(char.isspace() for char in text):
        raise ValueError("must not contain blanks")
    bare = text.removeprefix("+")
    if not bare:
        raise ValueError("must not be empty")
    if bare.startswith("^"):
        try:
            pattern.check(bare)
        except pattern.BadPattern as bad:
            raise ValueError(str(bad)) from None
    elif "*" in bare.rstrip("*"):
        raise ValueError('may contain "*" only at its end; write a pattern as "^..."')
    return bare


class PhoneNumberDraft(Draft):
    required: ClassVar = ("number",)
    read_only: ClassVar = ("phone_number_sid", "created_at")

    number: Annotated[str, StringConstraints(max_length=132), AfterValidator(_number)] | None = None
    voip_carrier_sid: Sid | None = None
    account_sid: Sid | None = None
    service_provider_sid: Sid | None = None
    application_sid: Sid | None = None


class PhoneNumbers:
    """Of an account, or kept by a provider for all its accounts."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(
        self,
        caller: Principal,
        page: PageRequest,
        *,
        part: str | None = None,
        account_sid: str | None = None,
        service_provider_sid: str | None = None,
    ) -> Listing[PhoneNumber]:
        """All the caller's, or those of one of its accounts or of its provider."""
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[PhoneNumber]]:
            owner = reach.own(caller)
            if account_sid is not None:
                reach.account_in_path(connection, caller, account_sid, box)
                owner = Owner(account_sid=account_sid)
            elif service_provider_sid is not None:
                reach.provider_in_path(connection, caller, service_provider_sid, box)
                owner = Owner(service_provider_sid=service_provider_sid)
            return numbers.page(connection, box, owner, part=part, window=page.window)

        return Listing(*await self._inventory.read(question))

    async def create(self, caller: Principal, document: object) -> PhoneNumber:
        draft = PhoneNumberDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> PhoneNumber:
            account_sid, provider_sid = reach.owner_for_new(
                connection,
                caller,
                draft.account_sid,
                draft.service_provider_sid,
                self._inventory.box,
            )
            number = PhoneNumber(
                phone_number_sid=new_sid(),
                number=draft.number or "",
                account_sid=account_sid,
                service_provider_sid=provider_sid,
                voip_carrier_sid=draft.voip_carrier_sid,
                application_sid=draft.application_sid,
                created_at=now,
            )
            self._check_carrier(connection, caller, number)
            self._check_application(connection, number)
            _require_free(connection, number)
            numbers.insert(connection, number, self._inventory.box)
            return number

        return await self._inventory.write(change)

    async def get(self, caller: Principal, phone_number_sid: str) -> PhoneNumber:
        return await self._inventory.read(lambda c: self._visible(c, caller, phone_number_sid))

    async def change(self, caller: Principal, phone_number_sid: str, document: object) -> None:
        """Owner and application; `number` and its carrier never."""

        def change(connection: Connection) -> None:
            current = self._visible(connection, caller, phone_number_sid)
            draft = PhoneNumberDraft.to_change(document)
            fixed = ("number", "voip_carrier_sid", "service_provider_sid")
            wrong = [
                FieldError(name, "cannot be changed")
                for name in fixed
                if name in draft.model_fields_set and getattr(draft, name) != getattr(current, name)
            ]
            if wrong:
                raise Invalid.fields(*wrong)
            number = replace(current, **draft.sent())
            if number.account_sid != current.account_sid:
                self._require_movable(connection, caller, number)
                self._check_carrier(connection, caller, number)
            self._check_application(connection, number)
            _require_free(connection, number)
            numbers.update(connection, number, self._inventory.box)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, phone_number_sid: str) -> None:
        def change(connection: Connection) -> None:
            self._visible(connection, caller, phone_number_sid)
            numbers.delete(connection, phone_number_sid)

        await self._inventory.write(change)

    def _visible(
        self, connection: Connection, caller: Principal, phone_number_sid: str
    ) -> PhoneNumber:
        box = self._inventory.box
        number = numbers.get(connection, phone_number_sid, box)
        if number is not None:
            if number.account_sid is None:
                seen = caller.may_use_provider(number.service_provider_sid)
            else:
                seen = reach.sees_account(connection, caller, number.account_sid, box)
            if seen:
                return number
        raise NotFound(f"there is no phone number {phone_number_sid}")

    def _require_movable(
        self, connection: Connection, caller: Principal, number: PhoneNumber
    ) -> None:
        """A provider or admin hands a number to one of the provider's accounts, or takes it."""
        if caller.is_account:
            raise Forbidden(DENIED)
        if number.account_sid is not None:
            box = self._inventory.box
            account = reach.account_for_new(connection, caller, number.account_sid, box)
            if account.service_provider_sid != number.service_provider_sid:
                raise reach.unknown("account_sid")

    def _check_carrier(
        self, connection: Connection, caller: Principal, number: PhoneNumber
    ) -> None:
        if number.voip_carrier_sid is None:
            return
        try:
            carrier = carrier_rules.visible(
                connection, caller, number.voip_carrier_sid, self._inventory
            )
        except NotFound:
            raise reach.unknown("voip_carrier_sid") from None
        of_account = carrier.account_sid in {None, number.account_sid}
        of_provider = carrier.service_provider_sid in {None, number.service_provider_sid}
        if not (of_account and of_provider):
            raise reach.unknown("voip_carrier_sid")

    def _check_application(self, connection: Connection, number: PhoneNumber) -> None:
        if number.application_sid is None:
            return
        found = applications.get(connection, number.application_sid, self._inventory.box)
        if found is None or found.account_sid != number.account_sid:
            raise reach.unknown("application_sid")


def _require_free(connection: Connection, number: PhoneNumber) -> None:
    if numbers.taken(connection, number):
        raise Unprocessable.fields(FieldError("number", "is registered already"))
