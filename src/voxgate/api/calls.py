"""/v1/Accounts/{account_sid}/Calls (contract sections 1.4.1, 2 and 6)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from voxgate.api import answers
from voxgate.api.answers import V1, Page, Sid, Wire
from voxgate.api.bodies import changes, document_of
from voxgate.api.gate import caller_of
from voxgate.model.calls import Call, CallEvent
from voxgate.provisioning.call_draft import CallDraft
from voxgate.provisioning.call_update import CallUpdateDraft
from voxgate.provisioning.calls import CallQuery, Calls
from voxgate.provisioning.pages import Listing

ALL_CALLS = "/Accounts/{account_sid}/Calls"
ONE_CALL = ALL_CALLS + "/{call_sid}"
WAIT_MAX_S = 30
EVENTS_MAX = 1000

Text = Annotated[str | None, Query(max_length=1024)]


def to_wire(call: Call) -> Wire:
    """What is not known yet is absent."""
    wire: dict[str, Any] = {
        "call_sid": call.call_sid,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "call_id": call.call_id,
        "sbc_callid": call.sbc_callid,
        "sip_status": call.sip_status,
        "sip_reason": call.sip_reason,
        "call_status": call.status.value,
        "account_sid": call.account_sid,
        "service_provider_sid": call.service_provider_sid,
        "application_sid": call.application_sid,
        "parent_call_sid": call.request.parent_call_sid,
        "caller_id": call.request.caller_id,
        "trace_id": call.trace_id,
        "trunk": call.trunk,
        "created_at": answers.moment(call.created_at),
        "answered_at": answers.moment(call.answered_at),
        "ended_at": answers.moment(call.ended_at),
        "duration": call.duration_s,
        "call_termination_by": call.termination_by,
        "outcome": call.outcome,
        "tag": call.tag or None,
    }
    return {name: value for name, value in wire.items() if value is not None}


def event_to_wire(event: CallEvent) -> Wire:
    return {
        "seq": event.seq,
        "at": answers.moment(event.at),
        "type": event.type.value,
        "data": event.data,
    }


def routes(calls: Calls) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Calls"])
    _add_all_calls(router, calls)
    _add_one_call(router, calls)
    return router


def _add_all_calls(router: APIRouter, calls: Calls) -> None:
    @router.post(ALL_CALLS, status_code=201, openapi_extra=_create_extra())
    async def create(account_sid: Sid, request: Request) -> Response:
        placed = await calls.create(
            caller_of(request),
            account_sid,
            await document_of(request),
            idempotency_key=request.headers.get("idempotency-key"),
        )
        # `callid` is the documented name, `callId` what existing clients of the contract read.
        answer = {"sid": placed.call_sid, "callid": placed.call_id, "callId": placed.call_id}
        return JSONResponse(answer, status_code=201)

    @router.get(ALL_CALLS)
    async def list_all(
        account_sid: Sid,
        request: Request,
        page: Page,
        *,
        direction: Text = None,
        from_: Annotated[str | None, Query(alias="from", max_length=1024)] = None,
        to: Text = None,
        call_status: Annotated[str | None, Query(alias="callStatus", max_length=16)] = None,
    ) -> Response:
        """Without `page`: calls in progress and those that ended within the last hour."""
        query = CallQuery(direction, from_, to, call_status, page.page, page.page_size)
        found = await calls.list(caller_of(request), account_sid, query)
        return answers.listing(Listing(found.total, found.calls), page, to_wire)

    @router.get("/Accounts/{account_sid}/CallCount")
    async def count(account_sid: Sid, request: Request) -> Response:
        return JSONResponse(await calls.count(caller_of(request), account_sid))


def _add_one_call(router: APIRouter, calls: Calls) -> None:
    @router.get(ONE_CALL)
    async def get(account_sid: Sid, call_sid: Sid, request: Request) -> Response:
        return JSONResponse(to_wire(await calls.get(caller_of(request), account_sid, call_sid)))

    @router.put(ONE_CALL, status_code=202, openapi_extra=changes(CallUpdateDraft))
    @router.post(ONE_CALL, status_code=202, openapi_extra=changes(CallUpdateDraft))
    async def update(account_sid: Sid, call_sid: Sid, request: Request) -> Response:
        """One change at a time. `sip_request` answers with what the far end answered."""
        document = await document_of(request)
        answer = await calls.update(caller_of(request), account_sid, call_sid, document)
        if answer is not None:
            return JSONResponse({"status": answer.status, "reason": answer.reason})
        return PlainTextResponse("Accepted", status_code=202)

    @router.delete(ONE_CALL, status_code=204)
    async def delete(account_sid: Sid, call_sid: Sid, request: Request) -> Response:
        """Put an ended call away. It does not hang up."""
        await calls.delete(caller_of(request), account_sid, call_sid)
        return answers.done()

    @router.get(f"{ONE_CALL}/events")
    async def events(
        account_sid: Sid,
        call_sid: Sid,
        request: Request,
        *,
        after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=EVENTS_MAX)] = 100,
        wait: Annotated[float, Query(ge=0, le=WAIT_MAX_S)] = 0.0,
    ) -> Response:
        """The call's log. With `wait` (seconds) the answer waits for something new."""
        found = await calls.events(
            caller_of(request), account_sid, call_sid, after=after, limit=limit, wait_s=wait
        )
        following = found[-1].seq if found else after
        listed = [event_to_wire(event) for event in found]
        return JSONResponse({"events": listed, "next": following})


def _create_extra() -> dict[str, Any]:
    extra = changes(CallDraft)
    extra["parameters"] = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "The same key and body within 24 hours answer with the same call.",
        }
    ]
    return extra
