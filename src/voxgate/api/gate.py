"""Before any route under /v1: who asks, how often, how much.

Plain ASGI, because every request passes here.
"""

from http import HTTPStatus

from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxgate.api.errors import BodyTooLarge, refusal
from voxgate.api.limits import Allowance, Quotas, RateLimit
from voxgate.base.log import get_logger
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Refused
from voxgate.provisioning.permissions import Principal

log = get_logger("api")

BODY_LIMIT = 1024 * 1024
_PRINCIPAL = "voxgate.principal"
_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


def caller_of(request: Request) -> Principal:
    principal: Principal = request.scope[_PRINCIPAL]
    return principal


class Gate:
    """Authenticates, limits, and answers for what nobody else caught."""

    def __init__(
        self, app: ASGIApp, directory: Directory, limit: RateLimit | None, quotas: Quotas
    ) -> None:
        self._app = app
        self._directory = directory
        self._limit = limit
        self._quotas = quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = scope["path"].startswith("/v1/")
        answer = _Answer(send, _HEADERS if guarded else ())
        try:
            if guarded:
                await self._guard(scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        except Exception as failure:  # boundary: one request must not end the server
            log.exception("request_failed", path=scope["path"], exc_info=failure)
            if not answer.started:
                broken = JSONResponse({"msg": "internal error"}, status_code=500)
                await broken(scope, receive, answer)

    async def _guard(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if scope["method"] == "OPTIONS":
            await _preflight()(scope, receive, answer)
            return
        try:
            principal = await self._directory.principal(_token(scope))
            quota = await self._quotas.take(principal)
        except Refused as refused:
            await refusal(refused)(scope, receive, answer)
            return
        if quota is not None and not quota.granted:
            answer.headers = (*answer.headers, *_allowance_headers(quota))
            await _too_many(quota)(scope, receive, answer)
            return
        if self._limit is not None:
            allowance = self._limit.take(principal.api_key_sid)
            answer.headers = (*answer.headers, *_allowance_headers(allowance))
            if not allowance.granted:
                await _too_many(allowance)(scope, receive, answer)
                return
        scope[_PRINCIPAL] = principal
        await self._app(scope, _bounded(scope, receive), answer)


class _Answer:
    """The ASGI send, adding headers to the response and noting that it began."""

    def __init__(self, send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self.headers = headers
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            if self.headers:
                message["headers"] = [*message["headers"], *self.headers]
        await self._send(message)


def _token(scope: Scope) -> str:
    """Empty when there is none; no key has that digest."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Refuses a body beyond the limit: at once when it is declared, else when it has come."""
    declared = next((v for n, v in scope["headers"] if n == b"content-length"), b"0")
    announced = int(declared) if declared.isdigit() else 0
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive() if announced <= BODY_LIMIT else {}
        received += len(message.get("body", b""))
        if max(announced, received) > BODY_LIMIT:
            raise BodyTooLarge(f"the body is larger than {BODY_LIMIT} bytes")
        return message

    return bounded


def _preflight() -> Response:
    return Response(
        status_code=HTTPStatus.NO_CONTENT,
        headers={
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
            "Access-Control-Max-Age": "86400",
        },
    )


def _allowance_headers(allowance: Allowance) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"ratelimit-limit", b"%d" % allowance.limit),
        (b"ratelimit-remaining", b"%d" % allowance.remaining),
        (b"ratelimit-reset", b"%d" % allowance.reset_s),
    )


def _too_many(allowance: Allowance) -> Response:
    return PlainTextResponse(
        "Too Many Requests", status_code=429, headers={"Retry-After": str(allowance.reset_s)}
    )
