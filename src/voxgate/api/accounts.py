"""/v1/Accounts (contract section 1.4.2)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Sid, Wire
from voxgate.api.gate import caller_of
from voxgate.model.accounts import Account
from voxgate.model.recordings import BucketCredential
from voxgate.provisioning.accounts import AccountDraft, Accounts
from voxgate.provisioning.buckets import shown


def to_wire(account: Account, *, with_secret: bool = True) -> Wire:
    """The webhook secret is masked in lists."""
    sid = account.account_sid
    secret = account.webhook_secret
    return {
        "account_sid": sid,
        "name": account.name,
        "service_provider_sid": account.service_provider_sid,
        "sip_realm": account.sip_realm,
        "registration_hook": answers.hook(account.registration_hook, sid, "registration_hook"),
        "queue_event_hook": answers.hook(account.queue_event_hook, sid, "queue_event_hook"),
        "device_calling_application_sid": account.device_calling_application_sid,
        "is_active": answers.flag(account.is_active),
        "require_known_caller": answers.flag(account.require_known_caller),
        "record_all_calls": answers.flag(account.record_all_calls),
        "record_format": account.record_format,
        "bucket_credential": _bucket(account) if with_secret else None,
        "recording_hook": answers.hook(account.recording_hook, sid, "recording_hook"),
        "webhook_secret": secret if with_secret else answers.secret(secret),
        "speech_synthesis_vendor": account.speech_synthesis_vendor,
        "speech_synthesis_language": account.speech_synthesis_language,
        "speech_synthesis_voice": account.speech_synthesis_voice,
        "speech_recognizer_vendor": account.speech_recognizer_vendor,
        "speech_recognizer_language": account.speech_recognizer_language,
        "created_at": answers.moment(account.created_at),
    }


def _bucket(account: Account) -> Wire | None:
    """Only where one account is asked for, with its secrets masked."""
    if account.bucket_credential is None:
        return None
    return shown(BucketCredential.from_json(account.bucket_credential))


_listed = partial(to_wire, with_secret=False)


def routes(accounts: Accounts) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Accounts"])
    crud.add(router, "/Accounts", accounts, AccountDraft, to_wire)

    @router.get("/Accounts")
    async def list_all(request: Request, page: Page) -> Response:
        found = await accounts.list(caller_of(request), page)
        return answers.listing(found, page, _listed)

    @router.get("/ServiceProviders/{sid}/Accounts")
    async def list_of_provider(
        sid: Sid,
        request: Request,
        page: Page,
    ) -> Response:
        found = await accounts.list_of_provider(caller_of(request), sid, page)
        return answers.listing(found, page, _listed)

    @router.post("/Accounts/{sid}/SipRealms/{realm}", status_code=204)
    async def take_realm(
        sid: Sid, realm: Annotated[str, Path(max_length=132)], request: Request
    ) -> Response:
        """The domain that the account's SIP devices register to."""
        await accounts.take_realm(caller_of(request), sid, realm)
        return answers.done()

    @router.get("/Accounts/{sid}/WebhookSecret")
    async def webhook_secret(sid: Sid, request: Request, *, regenerate: bool = False) -> Response:
        """With `regenerate=true` a new one, which receivers must be told."""
        if regenerate:
            account = await accounts.regenerate_secret(caller_of(request), sid)
        else:
            account = await accounts.get(caller_of(request), sid)
        return JSONResponse({"webhook_secret": account.webhook_secret})

    return router
