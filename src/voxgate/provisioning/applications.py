"""Applications: what runs on a call."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from voxgate.base.ids import new_sid
from voxgate.model.applications import Application
from voxgate.model.calls import Json
from voxgate.provisioning import reach
from voxgate.provisioning.addresses import owned_hooks, proxy_problem, sip_address
from voxgate.provisioning.call_draft import header_name, phone_number
from voxgate.provisioning.drafts import (
    Draft,
    Flag,
    Name,
    OwnedHook,
    Phrase,
    Sid,
    Spare,
    SparePhrase,
    Word,
)
from voxgate.provisioning.errors import FieldError, Invalid, NotFound, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.pages import Listing, PageRequest
from voxgate.provisioning.permissions import Principal
from voxgate.store import applications
from voxgate.store.engine import Connection
from voxgate.store.owners import Owner

VerbCheck = Callable[[str], str | None]
"""What is wrong with an `app_json` (a JSON array of verbs as text), or None."""

HOOKS = ("call_hook", "call_status_hook")
FALLBACK_VENDORS = ("fallback_speech_synthesis_vendor", "fallback_speech_recognizer_vendor")


def _goal(text: str) -> str:
    """A number, or a SIP URI that may be dialled."""
    if text.lower().startswith(("sip:", "sips:")):
        sip_address(text)
        return text
    return phone_number(text)


class FallbackDraft(Draft):
    """Where a call goes whose application cannot be reached (contract section 12)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    type: Literal["dial", "refer"]
    to: Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_goal)]
    trunk: Phrase | None = None
    caller_id: Phrase | None = None
    referred_by: Phrase | None = None
    reason_header: Annotated[str, AfterValidator(header_name)] = "X-Reason"
    timeout: Annotated[int, Field(ge=1, le=600)] = 60

    def to_json(self) -> Json:
        found = {
            "type": self.type,
            "to": self.to,
            "trunk": self.trunk,
            "caller_id": self.caller_id,
            "referred_by": self.referred_by,
            "reason_header": self.reason_header,
            "timeout": self.timeout,
        }
        return {name: value for name, value in found.items() if value is not None}


class ApplicationDraft(Draft):
    required: ClassVar = ("name",)
    read_only: ClassVar = ("application_sid", "created_at")
    later: ClassVar = {
        "messaging_hook": {},
        "env_vars": {},
        "speech_synthesis_label": "",
        "speech_recognizer_label": "",
        "fallback_speech_synthesis_label": "",
        "fallback_speech_recognizer_label": "",
    }

    name: Name | None = None
    account_sid: Sid | None = None
    call_hook: OwnedHook = None
    call_status_hook: OwnedHook = None
    app_json: str | None = None
    record_all_calls: Flag = False
    speech_synthesis_vendor: Word | None = None
    speech_synthesis_language: Word | None = None
    speech_synthesis_voice: Phrase | None = None
    speech_recognizer_vendor: Word | None = None
    speech_recognizer_language: Word | None = None
    use_for_fallback_speech: Flag = Field(
        False, description="Whether the fallback vendors count; naming one switches it on."
    )
    fallback_speech_synthesis_vendor: Spare = None
    fallback_speech_synthesis_language: Spare = None
    fallback_speech_synthesis_voice: SparePhrase = None
    fallback_speech_recognizer_vendor: Spare = None
    fallback_speech_recognizer_language: Spare = None
    fallback: FallbackDraft | None = None


class Applications:
    """Create, read, change, delete; each checks first that the caller may."""

    def __init__(self, inventory: Inventory, check_verbs: VerbCheck) -> None:
        self._inventory = inventory
        self._check_verbs = check_verbs

    async def list(
        self, caller: Principal, page: PageRequest, *, name: str | None = None
    ) -> Listing[Application]:
        """All that the caller may see, `name` only those that contain it."""
        box = self._inventory.box
        return Listing(
            *await self._inventory.read(
                lambda c: applications.page(
                    c, box, reach.own(caller), name=name, window=page.window
                )
            )
        )

    async def list_of_account(
        self, caller: Principal, account_sid: str, page: PageRequest, *, name: str | None = None
    ) -> Listing[Application]:
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Application]]:
            reach.account_in_path(connection, caller, account_sid, box)
            owner = Owner(account_sid=account_sid)
            return applications.page(connection, box, owner, name=name, window=page.window)

        return Listing(*await self._inventory.read(question))

    async def list_of_provider(
        self, caller: Principal, service_provider_sid: str, page: PageRequest
    ) -> Listing[Application]:
        box = self._inventory.box

        def question(connection: Connection) -> tuple[int, list[Application]]:
            reach.provider_in_path(connection, caller, service_provider_sid, box)
            owner = Owner(service_provider_sid=service_provider_sid)
            return applications.page(connection, box, owner, window=page.window)

        return Listing(*await self._inventory.read(question))

    async def create(self, caller: Principal, document: object) -> Application:
        draft = ApplicationDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> Application:
            account = reach.account_for_new(
                connection, caller, draft.account_sid, self._inventory.box
            )
            blank = Application(new_sid(), account.account_sid, "", created_at=now)
            application = self._with(blank, draft)
            self._require_runnable(application)
            self._require_free_name(connection, application)
            applications.insert(connection, application, self._inventory.box)
            return application

        return await self._inventory.write(change)

    async def get(self, caller: Principal, application_sid: str) -> Application:
        return await self._inventory.read(lambda c: self._visible(c, caller, application_sid))

    async def change(self, caller: Principal, application_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            current = self._visible(connection, caller, application_sid)
            draft = ApplicationDraft.to_change(document)
            if draft.account_sid not in {None, current.account_sid}:
                raise Invalid.fields(FieldError("account_sid", "cannot be changed"))
            application = self._with(current, draft)
            self._require_runnable(application)
            self._require_free_name(connection, application)
            applications.update(connection, application, self._inventory.box)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, application_sid: str) -> None:
        def change(connection: Connection) -> None:
            self._visible(connection, caller, application_sid)
            if applications.has_numbers(connection, application_sid):
                raise Unprocessable("cannot delete application with phone numbers")
            applications.delete(connection, application_sid)

        await self._inventory.write(change)

    def _visible(
        self, connection: Connection, caller: Principal, application_sid: str
    ) -> Application:
        box = self._inventory.box
        application = applications.get(connection, application_sid, box)
        if application is None or not reach.sees_account(
            connection, caller, application.account_sid, box
        ):
            raise NotFound(f"there is no application {application_sid}")
        return application

    def _with(self, current: Application, draft: ApplicationDraft) -> Application:
        sent = draft.sent()
        sent.pop("account_sid", None)
        if sent.get("app_json") is not None and (problem := self._check_verbs(sent["app_json"])):
            raise Invalid.fields(FieldError("app_json", problem))
        if (fallback := sent.get("fallback")) is not None:
            self._check_reach(fallback)
            sent["fallback"] = fallback.to_json()
        if any(sent.get(name) for name in FALLBACK_VENDORS):
            sent.setdefault("use_for_fallback_speech", True)
        hooks = owned_hooks(sent, current, HOOKS, self._inventory.egress)
        return replace(current, **{**sent, **hooks})

    def _check_reach(self, fallback: FallbackDraft) -> None:
        if not fallback.to.lower().startswith(("sip:", "sips:")):
            return
        if problem := proxy_problem(self._inventory.egress, fallback.to):
            raise Unprocessable.fields(FieldError("fallback.to", problem))

    def _require_runnable(self, application: Application) -> None:
        if application.call_hook is None and application.app_json is None:
            raise Invalid.fields(FieldError("call_hook", "call_hook or app_json is required"))

    def _require_free_name(self, connection: Connection, application: Application) -> None:
        if applications.name_taken(connection, application):
            msg = f"the account has an application named {application.name!r} already"
            raise Unprocessable.fields(FieldError("name", msg))
