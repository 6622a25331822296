"""/v1/Accounts/{sid}/Alerts, /v1/ServiceProviders/{sid}/Alerts (contract section 1.4.10)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers
from voxgate.api.answers import V1, Sid, Wire
from voxgate.api.gate import caller_of
from voxgate.model.alerts import Alert
from voxgate.provisioning.alerts import AlertQuery, Alerts
from voxgate.provisioning.errors import FieldError, Invalid
from voxgate.provisioning.pages import Listing

COUNT_MAX = 500
_PAGE_MAX = 1_000_000

# Text, so that a missing or foolish value gets the contract's words.
Number = Annotated[str | None, Query()]
Moment = Annotated[str | None, Query(description="ISO 8601; UTC unless it says otherwise.")]


def to_wire(alert: Alert) -> Wire:
    wire = {
        "time": answers.moment(alert.at),
        "account_sid": alert.account_sid,
        "service_provider_sid": alert.service_provider_sid,
        "alert_type": alert.alert_type,
        "message": alert.message,
        "detail": alert.detail,
        "target_sid": alert.target_sid,
        "vendor": alert.vendor,
    }
    return {name: value for name, value in wire.items() if value is not None}


def query_of(
    *,
    page: Number = None,
    count: Number = None,
    days: Number = None,
    start: Moment = None,
    end: Moment = None,
    alert_type: Annotated[str | None, Query(max_length=64)] = None,
) -> AlertQuery:
    return AlertQuery(
        page=_number("page", page, _PAGE_MAX),
        count=_number("count", count, COUNT_MAX),
        alert_type=alert_type,
        days=None if days is None else _number("days", days, 3660),
        start=_moment("start", start),
        end=_moment("end", end),
    )


def _number(name: str, text: str | None, most: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        msg = f'missing or invalid "{name}" query arg'
        raise Invalid(msg, [FieldError(name, f"must be a number from 1 to {most}")])
    return int(text)


def _moment(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        # A plus in a query string arrives as a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Invalid.fields(FieldError(name, "is not an ISO 8601 time")) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_Query = Annotated[AlertQuery, Depends(query_of)]


def _envelope(found: Listing[Alert], query: AlertQuery) -> Response:
    """Paging arguments come back as text, as existing clients expect."""
    return JSONResponse({
        "total": found.total,
        "page_size": str(query.count),
        "page": str(query.page),
        "data": [to_wire(alert) for alert in found.items],
    })


def routes(alerts: Alerts) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["Alerts"])

    @router.get("/Accounts/{sid}/Alerts")
    async def list_of_account(sid: Sid, request: Request, query: _Query) -> Response:
        found = await alerts.list_of_account(caller_of(request), sid, query)
        return _envelope(found, query)

    @router.get("/ServiceProviders/{sid}/Alerts")
    async def list_of_provider(sid: Sid, request: Request, query: _Query) -> Response:
        found = await alerts.list_of_provider(caller_of(request), sid, query)
        return _envelope(found, query)

    return router
