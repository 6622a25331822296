"""Refusals as HTTP answers: the shapes of contract section 1.1."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from voxgate.provisioning.errors import (
    CallGone,
    CallIncompatible,
    FieldError,
    NotAuthenticated,
    NotFound,
    Refused,
    Unavailable,
    summary,
)

RETRY_AFTER_S = 2


class BodyTooLarge(Refused):
    """More than the API reads."""

    status = 413


def refusal(refused: Refused) -> Response:
    if isinstance(refused, NotAuthenticated):
        return unauthorized()
    if isinstance(refused, NotFound):
        return PlainTextResponse("Not Found", status_code=404)
    if isinstance(refused, CallGone | CallIncompatible):
        return PlainTextResponse(refused.msg, status_code=refused.status)
    headers = None
    if isinstance(refused, Unavailable):
        headers = {"Retry-After": str(RETRY_AFTER_S)}
    body: dict[str, object] = {"msg": refused.msg}
    if refused.errors:
        body["errors"] = [{"field": e.field, "msg": e.msg} for e in refused.errors]
    return JSONResponse(body, status_code=refused.status, headers=headers)


def unauthorized() -> Response:
    return PlainTextResponse(
        "Unauthorized", status_code=401, headers={"WWW-Authenticate": "Bearer"}
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)


def _refused(_request: Request, failure: Exception) -> Response:
    if not isinstance(failure, Refused):
        raise failure
    return refusal(failure)


def _unreadable(_request: Request, failure: Exception) -> Response:
    """Path and query; bodies are read by the drafts."""
    if not isinstance(failure, RequestValidationError):
        raise failure
    problems = failure.errors()
    if any(problem["loc"][0] == "path" for problem in problems):
        return JSONResponse({"msg": "Bad request"}, status_code=400)
    errors = [
        FieldError(".".join(str(part) for part in problem["loc"][1:]), problem["msg"])
        for problem in problems
    ]
    listed = [{"field": error.field, "msg": error.msg} for error in errors]
    return JSONResponse({"msg": summary(errors), "errors": listed}, status_code=400)


def _http(_request: Request, failure: Exception) -> Response:
    """No such route or method: the reason phrase as text."""
    if not isinstance(failure, HTTPException):
        raise failure
    phrase = HTTPStatus(failure.status_code).phrase
    return PlainTextResponse(phrase, status_code=failure.status_code, headers=failure.headers)
