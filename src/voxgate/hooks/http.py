"""Hooks over HTTP: ask the application, or tell it a status (contract 3.1).

`ask` is for call and action hooks and repeats as the hook's URL wishes (`#rc=`); `tell` is for
statuses and tries once, because `records` repeats those for a day.
"""

import asyncio
import errno
import json
from dataclasses import dataclass
from functools import lru_cache

import aiohttp
from yarl import URL

from voxgate.base.clock import Clock
from voxgate.base.egress import EgressPolicy, connector
from voxgate.hooks.address import HTTP, Address, resolve
from voxgate.hooks.failures import CLIENT_ERRORS, HookFailed, Kind, kind_of
from voxgate.hooks.reading import decode_json
from voxgate.hooks.signing import SIGNATURE_HEADER, compact_json, signature
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook

ANSWER_BYTES_MOST = 1 << 20
_CONNECT_S = 5.0
_JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What came back. `document` is None unless the body was JSON; `url` is fit to be shown."""

    url: str
    method: str
    status: int
    document: object
    duration_ms: int


@dataclass(slots=True)
class _Trace:
    """One request's connection: whether it had been used before."""

    reused: bool = False


class HttpHooks:
    """The client to all applications, with one pool of connections. Await `close()` at the end."""

    def __init__(self, policy: EgressPolicy, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._policy = policy
        self._clock = clock
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._address = lru_cache(maxsize=2048)(self._resolve)

    async def ask(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer:
        """Send a call or action hook and read the answer, bounded in time and size.

        `secret` signs (empty: unsigned). A relative `hook` lies on the host of `base`, and there
        `base`'s credentials serve a hook without its own. Raises HookFailed after the last try.
        """
        address = self._address(hook, base)
        body = compact_json(payload)
        failures = 0
        while True:
            try:
                return await self._exchange(address, payload, body, secret=secret, parse=True)
            except HookFailed as failure:
                failures += 1
                if failures > address.wish.count or not address.wish.covers(failure.retry_class):
                    raise
            await asyncio.sleep(address.wish.pause_s(failures))

    async def tell(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer:
        """Deliver a status, once; the body of the answer is not looked at. Raises HookFailed."""
        body = compact_json(payload)
        return await self._exchange(
            self._address(hook, base), payload, body, secret=secret, parse=False
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _exchange(
        self, address: Address, payload: Json, body: bytes, *, secret: str, parse: bool
    ) -> HookAnswer:
        started = self._clock.monotonic()
        headers = {"Content-Type": _JSON_TYPE} if address.method != "GET" else {}
        if address.authorization is not None:
            headers["Authorization"] = address.authorization
        if secret:
            headers[SIGNATURE_HEADER] = signature(secret, body, now=self._clock.wall())
        is_get = address.method == "GET"
        url = _with_query(address.url, payload) if is_get else address.url
        try:
            status, is_json, answer = await self._send(
                address.method, url, None if is_get else body, headers
            )
            document = _judged(status, answer if parse and is_json else b"")
        except _Unfit as reason:
            raise HookFailed(
                reason.kind,
                address.shown,
                reason.detail,
                status=reason.status,
                duration_ms=self._elapsed_ms(started),
            ) from None
        return HookAnswer(
            address.shown, address.method, status, document, self._elapsed_ms(started)
        )

    async def _send(
        self, method: str, url: URL, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bool, bytes]:
        """Status, whether the body is JSON, and the body. Raises _Unfit.

        The server may close an idle connection in the moment we use it; what was sent on a used
        connection and got not one byte back is therefore sent once more (RFC 9112 9.3.1).
        """
        trace = _Trace()
        try:
            return await self._send_once(method, url, body, headers, trace)
        except CLIENT_ERRORS as failure:
            if not (trace.reused and _was_dropped(failure)):
                raise _unfit(failure) from None
        try:
            return await self._send_once(method, url, body, headers, trace)
        except CLIENT_ERRORS as failure:
            raise _unfit(failure) from None

    async def _send_once(
        self, method: str, url: URL, body: bytes | None, headers: dict[str, str], trace: _Trace
    ) -> tuple[int, bool, bytes]:
        request = self._client().request(
            method, url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=trace
        )
        async with request as response:
            answer = bytearray()
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > ANSWER_BYTES_MOST:
                    response.close()
                    break
            content_type = response.headers.get("Content-Type", "").lower()
            return response.status, _JSON_TYPE in content_type, bytes(answer)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=connector(self._policy),
                timeout=aiohttp.ClientTimeout(
                    total=self._timeout_s, sock_connect=min(_CONNECT_S, self._timeout_s)
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
                headers={"User-Agent": "voxgate"},
                trace_configs=[_tracing()],
            )
        return self._session

    def _elapsed_ms(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)

    def _resolve(self, hook: Hook, base: Hook | None) -> Address:
        return resolve(hook, base, self._policy, HTTP)


class _Unfit(Exception):
    """Why an exchange brought no answer that can be used; becomes a HookFailed with its address."""

    def __init__(self, kind: Kind, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status


def _was_dropped(failure: Exception) -> bool:
    """The connection ended before a byte of the answer came."""
    if isinstance(failure, OSError):
        return failure.errno in {errno.ECONNRESET, errno.EPIPE}
    return isinstance(failure, aiohttp.ServerDisconnectedError)


def _unfit(failure: Exception) -> _Unfit:
    return _Unfit(*kind_of(failure))


def _judged(status: int, answer: bytes) -> object:
    """The JSON document in an answer, None for an empty one."""
    if not 200 <= status < 300:
        raise _Unfit("status", f"the answer was {status}", status)
    if len(answer) > ANSWER_BYTES_MOST:
        raise _Unfit("invalid", "the answer is larger than 1 MiB", status)
    try:
        text = answer.decode("utf-8-sig").strip()
        return decode_json(text) if text else None
    except ValueError as problem:
        raise _Unfit("invalid", f"the answer is not JSON: {problem}") from None


def _with_query(url: URL, payload: Json) -> URL:
    """A GET carries what fits into a query: scalars, never over the URL's own parameters."""
    scalars = {
        key: json.dumps(value) if isinstance(value, bool) else str(value)
        for key, value in payload.items()
        if isinstance(value, str | int | float) and key not in url.query
    }
    return url.extend_query(scalars)


def _tracing() -> aiohttp.TraceConfig:
    async def note_reuse(
        _session: aiohttp.ClientSession,
        context: object,
        _params: aiohttp.TraceConnectionReuseconnParams,
    ) -> None:
        context.trace_request_ctx.reused = True  # type: ignore[attr-defined]

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(note_reuse)
    return tracing
