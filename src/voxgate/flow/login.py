"""Who a device or trunk is that says so with a password (RFC 3261 section 22, contract 11.5)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voxgate.base.clock import Clock
from voxgate.base.errors import VoxgateError
from voxgate.flow.ways import Asker, SecretOf
from voxgate.hooks.failures import HookFailed
from voxgate.model.accounts import Account
from voxgate.model.calls import Json
from voxgate.model.devices import Client
from voxgate.model.hooks import Hook
from voxgate.model.inbound import Tenant, Trunk
from voxgate.sip.auth import Authorization, Credentials
from voxgate.sip.challenges import Challenger, Verdict
from voxgate.sip.message import Request
from voxgate.sip.transaction.destination import Destination

INVALID = "Invalid credentials"


@dataclass(frozen=True, slots=True)
class Final:
    """A final response to a request of the outside."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def because(cls, status: int, x_reason: str) -> "Final":
        return cls(status, "", (("X-Reason", x_reason),))


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A device with its client (None: the account's registration hook knows it), or a trunk."""

    username: str
    client: Client | None = None
    trunk: Trunk | None = None
    expires_s: int | None = None
    application_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody wants in: the realm he is asked for, and who may open it."""

    realm: str
    tenant: Tenant | None = None
    trunks: tuple[Trunk, ...] = ()  # that may log in here


@dataclass(frozen=True, slots=True)
class LoginPorts:
    account: Callable[[str], Awaitable[Account | None]]
    client: Callable[[str, str], Awaitable[Client | None]]
    asker: Asker
    secret_of: SecretOf
    raise_alert: Callable[[str, HookFailed], None]  # of an account
    clock: Clock


class Logins:
    def __init__(self, challenger: Challenger, ports: LoginPorts) -> None:
        self._challenger = challenger
        self._ports = ports

    async def judge(self, request: Request, source: Destination, door: Door) -> LoggedIn | Final:
        """Final is a challenge (401) or a refusal. Raises Unavailable."""
        try:
            answer = _answer_for(request, door.realm)
        except VoxgateError:
            return Final(400, "Bad Authorization")
        if answer is None:
            return self._challenge(door)
        trunk = next((t for t in door.trunks if t.inbound_auth_username == answer.username), None)
        if trunk is None and door.tenant is not None:
            account = await self._ports.account(door.tenant.account_sid)
            hook = account.registration_hook if account is not None else None
            if account is not None and hook is not None:
                return await self._by_hook(hook, account, request, source, answer, door)
        client = await self._client(door, answer.username) if trunk is None else None
        known = _credentials(client, trunk)
        verdict = self._challenger.judge(
            answer,
            known,
            realm=door.realm,
            method=request.method,
            body=request.body,
            now=self._ports.clock.monotonic(),
        )
        if verdict is Verdict.GRANTED:
            return LoggedIn(answer.username, client, trunk)
        return self._challenge(door, stale=True) if verdict is Verdict.STALE else _wrong()

    def _challenge(self, door: Door, *, stale: bool = False) -> Final:
        now = self._ports.clock.monotonic()
        return Final(401, "", tuple(self._challenger.challenges(door.realm, now=now, stale=stale)))

    async def _client(self, door: Door, username: str) -> Client | None:
        if door.tenant is None:
            return None
        found = await self._ports.client(door.tenant.account_sid, username)
        return found if found is not None and found.is_active else None

    async def _by_hook(  # noqa: PLR0917 - all of one question
        self,
        hook: Hook,
        account: Account,
        request: Request,
        source: Destination,
        answer: Authorization,
        door: Door,
    ) -> LoggedIn | Final:
        """The account itself knows its devices and their passwords."""
        now = self._ports.clock.monotonic()
        if not self._challenger.is_ours(answer.nonce, now=now):
            return self._challenge(door, stale=True)
        payload = _hook_payload(request, source, answer)
        secret = await self._ports.secret_of(account.account_sid)
        try:
            said = await self._ports.asker.ask(hook, payload, secret=secret)
        except HookFailed as failed:
            self._ports.raise_alert(account.account_sid, failed)
            passed_on = failed.status if failed.status and 400 <= failed.status <= 699 else 403
            return Final.because(passed_on, INVALID if passed_on == 403 else "registration hook")
        granted = _granted(said.document, answer.username)
        if granted is None:
            return _wrong()
        # Only now: a wrong password must not use up the answer of whoever knows the right one.
        return granted if self._challenger.count(answer) else self._challenge(door, stale=True)


def _answer_for(request: Request, realm: str) -> Authorization | None:
    """The answer to our challenge; those for other realms are for proxies on the way."""
    values = request.headers.all("Authorization")
    answers = [Authorization.parse(v) for v in values if v[:6].lower() == "digest"]
    return next((a for a in answers if a.realm.lower() == realm.lower()), None)


def _credentials(client: Client | None, trunk: Trunk | None) -> Credentials | None:
    if client is not None:
        return Credentials(client.username, client.password)
    if trunk is not None and trunk.inbound_auth_username and trunk.inbound_auth_password:
        return Credentials(trunk.inbound_auth_username, trunk.inbound_auth_password)
    return None


def _wrong() -> Final:
    return Final.because(403, INVALID)


def _hook_payload(request: Request, source: Destination, answer: Authorization) -> Json:
    payload: Json = {
        "source_address": source.host,
        "source_port": source.port,
        "method": request.method,
        "headers": _plain(request.headers.fields),
        "expires": _number(request.headers.get("Expires")),
        "scheme": "digest",
        "username": answer.username,
        "realm": answer.realm,
        "nonce": answer.nonce,
        "uri": answer.uri,
        "algorithm": answer.algorithm or "MD5",
        "response": answer.response,
        "qop": answer.qop,
        "nc": answer.nc,
        "cnonce": answer.cnonce,
    }
    return {name: value for name, value in payload.items() if value is not None}


def _plain(fields: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    return {name: value for name, value in fields if name.lower() != "authorization"}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _granted(document: object, username: str) -> LoggedIn | None:
    if not isinstance(document, dict) or document.get("status") != "ok":
        return None
    said: dict[str, Any] = document
    expires, application = said.get("expires"), said.get("application_sid")
    return LoggedIn(
        username,
        expires_s=expires if isinstance(expires, int) and expires > 0 else None,
        application_sid=application if isinstance(application, str) else None,
    )
