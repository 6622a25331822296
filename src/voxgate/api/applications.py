"""/v1/Applications (contract section 1.4.3)."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers
from voxgate.api.answers import DEFAULT_PAGE_SIZE, PageNumber, PageSize, Part, Sid, Wire
from voxgate.api.bodies import changes, creates, document_of
from voxgate.api.gate import caller_of
from voxgate.model.applications import Application
from voxgate.provisioning.applications import ApplicationDraft, Applications
from voxgate.provisioning.pages import PageRequest


def to_wire(application: Application) -> Wire:
    sid = application.application_sid
    return {
        "application_sid": sid,
        "account_sid": application.account_sid,
        "name": application.name,
        "call_hook": answers.hook(application.call_hook, sid, "call_hook"),
        "call_status_hook": answers.hook(application.call_status_hook, sid, "call_status_hook"),
        "app_json": application.app_json,
        "speech_synthesis_vendor": application.speech_synthesis_vendor,
        "speech_synthesis_language": application.speech_synthesis_language,
        "speech_synthesis_voice": application.speech_synthesis_voice,
        "speech_recognizer_vendor": application.speech_recognizer_vendor,
        "speech_recognizer_language": application.speech_recognizer_language,
        "created_at": answers.moment(application.created_at),
    }


def routes(applications: Applications) -> APIRouter:
    router = APIRouter(tags=["Applications"])

    @router.post("/Applications", status_code=201, openapi_extra=creates(ApplicationDraft))
    async def create(request: Request) -> Response:
        made = await applications.create(caller_of(request), await document_of(request))
        return answers.created(made.application_sid)

    @router.get("/Applications")
    async def list_all(
        request: Request,
        page: PageNumber = None,
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        name: Part = None,
    ) -> Response:
        wanted = PageRequest(page, page_size)
        found = await applications.list(caller_of(request), wanted, name=name)
        return answers.listing(found, wanted, to_wire)

    @router.get("/Accounts/{account_sid}/Applications")
    async def list_of_account(
        account_sid: Sid,
        request: Request,
        page: PageNumber = None,
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        name: Part = None,
    ) -> Response:
        wanted = PageRequest(page, page_size)
        found = await applications.list_of_account(
            caller_of(request), account_sid, wanted, name=name
        )
        return answers.listing(found, wanted, to_wire)

    @router.get("/ServiceProviders/{service_provider_sid}/Applications")
    async def list_of_provider(
        service_provider_sid: Sid,
        request: Request,
        page: PageNumber = None,
        page_size: PageSize = DEFAULT_PAGE_SIZE,
    ) -> Response:
        wanted = PageRequest(page, page_size)
        found = await applications.list_of_provider(
            caller_of(request), service_provider_sid, wanted
        )
        return answers.listing(found, wanted, to_wire)

    @router.get("/Applications/{application_sid}")
    async def get(application_sid: Sid, request: Request) -> Response:
        found = await applications.get(caller_of(request), application_sid)
        return JSONResponse(to_wire(found))

    @router.put(
        "/Applications/{application_sid}",
        status_code=204,
        openapi_extra=changes(ApplicationDraft),
    )
    async def change(application_sid: Sid, request: Request) -> Response:
        document = await document_of(request)
        await applications.change(caller_of(request), application_sid, document)
        return answers.done()

    @router.delete("/Applications/{application_sid}", status_code=204)
    async def delete(application_sid: Sid, request: Request) -> Response:
        await applications.delete(caller_of(request), application_sid)
        return answers.done()

    return router
