"""/v1/Applications (contract section 1.4.3)."""

from fastapi import APIRouter, Request, Response

from voxgate.api import answers, crud
from voxgate.api.answers import V1, Page, Part, Sid, Wire
from voxgate.api.gate import caller_of
from voxgate.model.applications import Application
from voxgate.provisioning.applications import ApplicationDraft, Applications


def to_wire(application: Application) -> Wire:
    sid = application.application_sid
    return {
        "application_sid": sid,
        "account_sid": application.account_sid,
        "name": application.name,
        "call_hook": answers.hook(application.call_hook, sid, "call_hook"),
        "call_status_hook": answers.hook(application.call_status_hook, sid, "call_status_hook"),
        "app_json": application.app_json,
        "record_all_calls": answers.flag(application.record_all_calls),
        "speech_synthesis_vendor": application.speech_synthesis_vendor,
        "speech_synthesis_language": application.speech_synthesis_language,
        "speech_synthesis_voice": application.speech_synthesis_voice,
        "speech_recognizer_vendor": application.speech_recognizer_vendor,
        "speech_recognizer_language": application.speech_recognizer_language,
        "use_for_fallback_speech": answers.flag(application.use_for_fallback_speech),
        "fallback_speech_synthesis_vendor": application.fallback_speech_synthesis_vendor,
        "fallback_speech_synthesis_language": application.fallback_speech_synthesis_language,
        "fallback_speech_synthesis_voice": application.fallback_speech_synthesis_voice,
        "fallback_speech_recognizer_vendor": application.fallback_speech_recognizer_vendor,
        "fallback_speech_recognizer_language": application.fallback_speech_recognizer_language,
        "fallback": application.fallback,
        "created_at": answers.moment(application.created_at),
    }


def routes(applications: Applications) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Applications"])
    crud.add(router, "/Applications", applications, ApplicationDraft, to_wire)

    @router.get("/Applications")
    async def list_all(
        request: Request,
        page: Page,
        name: Part = None,
    ) -> Response:
        found = await applications.list(caller_of(request), page, name=name)
        return answers.listing(found, page, to_wire)

    @router.get("/Accounts/{account_sid}/Applications")
    async def list_of_account(
        account_sid: Sid,
        request: Request,
        page: Page,
        name: Part = None,
    ) -> Response:
        found = await applications.list_of_account(caller_of(request), account_sid, page, name=name)
        return answers.listing(found, page, to_wire)

    @router.get("/ServiceProviders/{sid}/Applications")
    async def list_of_provider(
        sid: Sid,
        request: Request,
        page: Page,
    ) -> Response:
        found = await applications.list_of_provider(caller_of(request), sid, page)
        return answers.listing(found, page, to_wire)

    return router
