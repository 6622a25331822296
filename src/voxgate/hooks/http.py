"""Hooks over HTTP: ask the application, or tell it a status (contract 3.1).

`ask` is for call and action hooks and repeats as the hook's URL wishes (`#rc=`); `tell` is for
statuses and tries once, because `records` repeats those for a day.
"""

import asyncio
import json
from dataclasses import dataclass
from functools import lru_cache

from yarl import URL

from voxgate.base.clock import Clock
from voxgate.base.egress import EgressPolicy
from voxgate.hooks.address import HTTP, Address, resolve
from voxgate.hooks.connection import Answer
from voxgate.hooks.failures import CLIENT_ERRORS, HookFailed, Kind, kind_of
from voxgate.hooks.pool import Origin, Pool
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


@dataclass(frozen=True, slots=True)
class _Target:
    """A hook made ready for sending: `head` is all of the request's head that never changes."""

    address: Address
    origin: Origin
    head: bytes


class HttpHooks:
    """The client to all applications, with one pool of connections. Await `close()` at the end."""

    def __init__(self, policy: EgressPolicy, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._policy = policy
        self._clock = clock
        self._timeout_s = timeout_s
        self._pool = Pool(policy, connect_s=min(_CONNECT_S, timeout_s), body_most=ANSWER_BYTES_MOST)
        self._target = lru_cache(maxsize=2048)(self._make_target)

    async def ask(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer:
        """Send a call or action hook and read the answer, bounded in time and size.

        `secret` signs (empty: unsigned). A relative `hook` lies on the host of `base`, and there
        `base`'s credentials serve a hook without its own. Raises HookFailed after the last try.
        """
        target = self._target(hook, base)
        wish = target.address.wish
        body = compact_json(payload)
        failures = 0
        while True:
            try:
                return await self._exchange(target, payload, body, secret=secret, parse=True)
            except HookFailed as failure:
                failures += 1
                if failures > wish.count or not wish.covers(failure.retry_class):
                    raise
            await asyncio.sleep(wish.pause_s(failures))

    async def tell(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer:
        """Deliver a status, once; the body of the answer is not looked at. Raises HookFailed."""
        return await self._exchange(
            self._target(hook, base), payload, compact_json(payload), secret=secret, parse=False
        )

    async def close(self) -> None:
        await self._pool.close()

    async def _exchange(
        self, target: _Target, payload: Json, body: bytes, *, secret: str, parse: bool
    ) -> HookAnswer:
        started = self._clock.monotonic()
        address = target.address
        signed = signature(secret, body, now=self._clock.wall()) if secret else None
        request = _request(target, payload, body, signed)
        try:
            answer = await self._send(target.origin, request)
            document = _judged(answer, parse=parse)
        except _Unfit as reason:
            raise HookFailed(
                reason.kind,
                address.shown,
                reason.detail,
                status=reason.status,
                duration_ms=self._elapsed_ms(started),
            ) from None
        return HookAnswer(
            address.shown, address.method, answer.status, document, self._elapsed_ms(started)
        )

    async def _send(self, origin: Origin, request: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._pool.exchange(origin, request)
        except CLIENT_ERRORS as failure:
            raise _Unfit(*kind_of(failure)) from None

    def _elapsed_ms(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)

    def _make_target(self, hook: Hook, base: Hook | None) -> _Target:
        address = resolve(hook, base, self._policy, HTTP)
        url = address.url
        head = f"Host: {url.host_port_subcomponent}\r\nUser-Agent: voxgate\r\n"
        head += "Accept-Encoding: identity\r\n"
        if address.method != "GET":
            head += f"Content-Type: {_JSON_TYPE}\r\n"
        if address.authorization is not None:
            head += f"Authorization: {address.authorization}\r\n"
        origin = url.raw_host or "", url.port or 0, url.scheme == "https"
        return _Target(address, origin, head.encode("latin-1"))


class _Unfit(Exception):
    """Why an exchange brought no answer that can be used; becomes a HookFailed with its address."""

    def __init__(self, kind: Kind, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status


def _request(target: _Target, payload: Json, body: bytes, signed: str | None) -> bytes:
    address = target.address
    is_get = address.method == "GET"
    url = _with_query(address.url, payload) if is_get else address.url
    head = f"{address.method} {url.raw_path_qs} HTTP/1.1\r\n".encode("latin-1") + target.head
    if signed is not None:
        head += f"{SIGNATURE_HEADER}: {signed}\r\n".encode("latin-1")
    if is_get:
        return head + b"\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _judged(answer: Answer, *, parse: bool) -> object:
    """The JSON document in an answer, None when there is none or it is not wanted."""
    status = answer.status
    if not 200 <= status < 300:
        raise _Unfit("status", f"the answer was {status}", status)
    if not parse or _JSON_TYPE not in answer.content_type:
        return None
    if not answer.whole:
        raise _Unfit("invalid", "the answer is larger than 1 MiB", status)
    try:
        text = answer.body.decode("utf-8-sig").strip()
        return _decoder.decode(text) if text else None
    except (ValueError, RecursionError) as problem:
        raise _Unfit("invalid", f"the answer is not JSON: {problem}", status) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def _with_query(url: URL, payload: Json) -> URL:
    """A GET carries what fits into a query: scalars, never over the URL's own parameters."""
    scalars = {
        key: json.dumps(value) if isinstance(value, bool) else str(value)
        for key, value in payload.items()
        if isinstance(value, str | int | float) and key not in url.query
    }
    return url.extend_query(scalars)
