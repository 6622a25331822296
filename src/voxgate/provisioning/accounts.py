"""Accounts: the tenants."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

from voxgate.base.ids import new_sid, new_webhook_secret
from voxgate.model.accounts import Account
from voxgate.model.recordings import BucketCredential
from voxgate.provisioning import reach
from voxgate.provisioning.addresses import owned_hooks
from voxgate.provisioning.buckets import BucketDraft
from voxgate.provisioning.drafts import (
    Draft,
    Flag,
    Host,
    Name,
    OwnedHook,
    Phrase,
    Sid,
    Word,
    is_address,
    is_hostname,
)
from voxgate.provisioning.errors import FieldError, Forbidden, Invalid, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import Principal, require
from voxgate.store import accounts, applications, calls, recordings, registrations
from voxgate.store.engine import Connection

HOOKS = ("registration_hook", "queue_event_hook", "recording_hook")
# What an account's own key cannot change (contract section 1.2).
_NOT_BY_ITSELF = ("sip_realm", "is_active")


class AccountDraft(Draft):
    required: ClassVar = ("name",)
    not_null: ClassVar = ("is_active", "require_known_caller", "record_all_calls", "record_format")
    read_only: ClassVar = ("account_sid", "webhook_secret", "created_at")
    later: ClassVar = {
        "siprec_hook_sid": "",
        "disable_cdrs": 0,
        "enable_debug_log": 0,
        "device_to_call_ratio": 5,
        "plan_type": "trial",
    }

    name: Name | None = None
    service_provider_sid: Sid | None = None
    sip_realm: Host | None = None
    registration_hook: OwnedHook = None
    queue_event_hook: OwnedHook = None
    device_calling_application_sid: Sid | None = None
    is_active: Flag = True
    require_known_caller: Flag = False
    record_all_calls: Flag = False
    record_format: Literal["mp3", "wav"] = "mp3"
    bucket_credential: BucketDraft | None = None
    recording_hook: OwnedHook = None
    speech_synthesis_vendor: Word | None = None
    speech_synthesis_language: Word | None = None
    speech_synthesis_voice: Phrase | None = None
    speech_recognizer_vendor: Word | None = None
    speech_recognizer_language: Word | None = None


class Accounts:
    """Providers make them; an account's own key may read, change and delete it."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def list(self, caller: Principal, page: PageRequest) -> Listing[Account]:
        box = self._inventory.box
        own = (
            {"account_sid": caller.account_sid}
            if caller.is_account
            else {"service_provider_sid": caller.service_provider_sid}
        )
        return Listing(
            *await self._inventory.read(lambda c: accounts.page(c, box, window=page.window, **own))
        )

    async def list_of_provider(
        self, caller: Principal, service_provider_sid: str, page: PageRequest
    ) -> Listing[Account]:
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Account]]:
            reach.provider_in_path(connection, caller, service_provider_sid, box)
            return accounts.page(
                connection, box, service_provider_sid=service_provider_sid, window=page.window
            )

        return Listing(*await self._inventory.read(question))

    async def create(self, caller: Principal, document: object) -> Account:
        require(not caller.is_account)
        draft = AccountDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> Account:
            provider = reach.provider_for_new(
                connection, caller, draft.service_provider_sid, self._inventory.box
            )
            blank = Account(
                new_sid(), provider, "", webhook_secret=new_webhook_secret(), created_at=now
            )
            account = self._with(connection, blank, draft)
            accounts.insert(connection, account, self._inventory.box)
            return account

        return await self._inventory.write(change)

    async def get(self, caller: Principal, account_sid: str) -> Account:
        box = self._inventory.box
        return await self._inventory.read(
            lambda c: reach.account_in_path(c, caller, account_sid, box)
        )

    async def change(self, caller: Principal, account_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            box = self._inventory.box
            current = reach.account_in_path(connection, caller, account_sid, box)
            draft = AccountDraft.to_change(document)
            if draft.service_provider_sid not in {None, current.service_provider_sid}:
                raise Invalid.fields(
                    FieldError("service_provider_sid", "service_provider_sid may not be modified")
                )
            account = self._with(connection, current, draft)
            for name in _NOT_BY_ITSELF if caller.is_account else ():
                if getattr(account, name) != getattr(current, name):
                    raise Forbidden(f"an account's key cannot change {name}")
            accounts.update(connection, account, box)
            if account.bucket_credential != current.bucket_credential:
                recordings.hurry(connection, account_sid)

        await self._inventory.write(change)

    async def regenerate_secret(self, caller: Principal, account_sid: str) -> Account:
        """A new webhook secret; receivers must be told."""

        def change(connection: Connection) -> Account:
            box = self._inventory.box
            current = reach.account_in_path(connection, caller, account_sid, box)
            account = replace(current, webhook_secret=new_webhook_secret())
            accounts.update(connection, account, box)
            return account

        return await self._inventory.write(change)

    async def bucket(
        self, caller: Principal, account_sid: str, document: object
    ) -> BucketCredential:
        """The bucket that a request names in full, masked secrets being the account's own."""
        account = await self.get(caller, account_sid)
        if not isinstance(document, dict):
            raise Invalid("the body must be a JSON object")
        draft = AccountDraft.to_change({"bucket_credential": document})
        kept = account.bucket_credential
        current = BucketCredential.from_json(kept) if kept else None
        named = draft.bucket_credential
        credential = named.to_credential(current) if named else None
        if credential is None:
            raise Invalid.fields(FieldError("vendor", "must name a vendor of buckets"))
        return credential

    async def take_realm(self, caller: Principal, account_sid: str, realm: str) -> None:
        """The domain of the account's devices. Those registered under another one must return."""
        name = realm.strip().lower()
        if is_address(name) or not is_hostname(name) or "." not in name.strip("."):
            raise Invalid.fields(FieldError("sip_realm", "is not a domain name"))

        def change(connection: Connection) -> None:
            box = self._inventory.box
            current = reach.account_in_path(connection, caller, account_sid, box)
            account = replace(current, sip_realm=name)
            if accounts.realm_taken(connection, account):
                msg = f"{name} is another account's SIP realm"
                raise Unprocessable.fields(FieldError("sip_realm", msg))
            accounts.update(connection, account, box)
            if name != current.sip_realm:
                registrations.remove_of_account(connection, account_sid)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, account_sid: str) -> None:
        """With everything it owns."""

        def change(connection: Connection) -> None:
            reach.account_in_path(connection, caller, account_sid, self._inventory.box)
            if calls.count_open(connection, account_sid):
                raise Unprocessable("cannot delete an account with calls in progress")
            accounts.delete(connection, account_sid)

        await self._inventory.write(change)

    def _with(self, connection: Connection, current: Account, draft: AccountDraft) -> Account:
        sent = draft.sent()
        sent.pop("service_provider_sid", None)
        sent |= _bucket(current, sent)
        hooks = owned_hooks(sent, current, HOOKS, self._inventory.egress)
        account = replace(current, **{**sent, **hooks})
        if account.sip_realm is not None:
            account = replace(account, sip_realm=account.sip_realm.lower())
            if is_address(account.sip_realm or ""):
                raise Invalid.fields(FieldError("sip_realm", "is not a domain name"))
        self._check_application(connection, account)
        twin = accounts.twin(connection, account, self._inventory.box)
        if twin is not None:
            field = "name" if twin.name == account.name else "sip_realm"
            raise Unprocessable.fields(FieldError(field, "another account has this already"))
        return account

    def _check_application(self, connection: Connection, account: Account) -> None:
        sid = account.device_calling_application_sid
        if sid is None:
            return
        application = applications.get(connection, sid, self._inventory.box)
        if application is None or application.account_sid != account.account_sid:
            raise reach.unknown("device_calling_application_sid")


def _bucket(current: Account, sent: dict[str, Any]) -> dict[str, str | None]:
    """What `bucket_credential` becomes, when it was sent."""
    if "bucket_credential" not in sent:
        return {}
    draft: BucketDraft | None = sent["bucket_credential"]
    if draft is None:
        return {"bucket_credential": None}
    kept = current.bucket_credential
    credential = draft.to_credential(BucketCredential.from_json(kept) if kept else None)
    return {"bucket_credential": credential.to_json() if credential else None}
