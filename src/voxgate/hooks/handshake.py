"""Opening a WebSocket to an application: within a time, to allowed addresses, over few redirects."""

import asyncio
from dataclasses import dataclass, replace
from typing import NoReturn

import aiohttp
from yarl import URL

from voxgate.base.egress import EgressPolicy, EgressRefused, connector
from voxgate.hooks.address import WEBSOCKET, Address
from voxgate.hooks.failures import CLIENT_ERRORS, HookFailed, kind_of, shown_url
from voxgate.hooks.frames import PROTOCOLS

REDIRECTS_MOST = 2  # contract 4.1
_CLOSE_S = 2.0
_SECURED = {"http": "ws", "https": "wss"}

Connection = aiohttp.ClientWebSocketResponse[bool]


@dataclass(frozen=True, slots=True)
class SocketLimits:
    handshake_s: float = 1.5
    frame_bytes_most: int = 1 << 20  # inbound; a larger one closes the socket with 1009
    ping_s: float = 0.0  # 0: none of our own


class SocketClient:
    """What all WebSockets to applications are opened with. Await `close()` at the end."""

    def __init__(
        self,
        policy: EgressPolicy,
        limits: SocketLimits,
        protocols: tuple[str, ...] = PROTOCOLS,
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._protocols = protocols
        self._session: aiohttp.ClientSession | None = None

    async def open(self, address: Address) -> Connection:
        """Connect and shake hands; pings are left to the caller. Raises HookFailed."""
        try:
            async with asyncio.timeout(self._limits.handshake_s):
                for _ in range(REDIRECTS_MOST + 1):
                    try:
                        return await self._shake_hands(address)
                    except _Redirected as redirected:
                        address = self._followed(address, redirected)
        except TimeoutError:
            raise HookFailed("connect", address.shown, "no handshake in time") from None
        detail = f"more than {REDIRECTS_MOST} redirects"
        raise HookFailed("status", address.shown, detail, status=302)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _shake_hands(self, address: Address) -> Connection:
        headers = {"User-Agent": "voxgate"}
        if address.authorization is not None:
            headers["Authorization"] = address.authorization
        try:
            return await self._client().ws_connect(
                address.url,
                protocols=self._protocols,
                headers=headers,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                max_msg_size=self._limits.frame_bytes_most,
                heartbeat=self._limits.ping_s or None,
                autoping=False,
            )
        except aiohttp.WSServerHandshakeError as refusal:
            detail = f"the handshake was answered with {refusal.status}"
            if refusal.status == 101:
                detail = refusal.message
            raise HookFailed("status", address.shown, detail, status=refusal.status) from None
        except TimeoutError:
            raise
        except CLIENT_ERRORS as failure:
            kind, detail = kind_of(failure)
            raise HookFailed(kind, address.shown, detail) from None

    def _followed(self, address: Address, redirected: "_Redirected") -> Address:
        """Where the redirect leads; credentials stay on their host. Raises HookFailed."""
        refused = HookFailed(
            "status", address.shown, "a redirect to nowhere usable", status=redirected.status
        )
        try:
            url = address.url.join(URL(redirected.location))
            url = url.with_scheme(_SECURED.get(url.scheme, url.scheme))
        except ValueError:
            raise refused from None
        if url.scheme not in WEBSOCKET or not url.host:
            raise refused
        try:
            self._policy.check_host(url.host)
        except EgressRefused as refusal:
            raise HookFailed("egress", shown_url(str(url)), str(refusal)) from None
        same = (url.host, url.port) == (address.url.host, address.url.port)
        return replace(
            address,
            url=url.with_user(None).with_fragment(None),
            shown=shown_url(str(url)),
            authorization=address.authorization if same else None,
        )

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=connector(self._policy),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[_no_redirects()],
            )
        return self._session


class _Redirected(Exception):
    """The application answered the handshake with another address."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(location)
        self.status = status
        self.location = location


def _no_redirects() -> aiohttp.TraceConfig:
    """`ws_connect` follows any number by itself and has no switch for that, but tells of them."""

    async def refuse(
        _session: aiohttp.ClientSession,
        _context: object,
        params: aiohttp.TraceRequestRedirectParams,
    ) -> NoReturn:
        raise _Redirected(params.response.status, params.response.headers.get("Location", ""))

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(refuse)
    return tracing
