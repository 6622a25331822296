"""The commands' side of the REST API: what a customer's program would do, in a few calls."""

import json
import shlex
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp

from voxgate.cli.screen import Failure
from voxgate.model.calls import Json

WAIT_S = 20
EVENTS_LIMIT = 200


class Unreachable(Failure):
    """No gateway answers at the address."""


class ApiRefused(Failure):
    """The gateway said no."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path} answered {status}: {_explained(body)}")


def _explained(body: str) -> str:
    """The `msg` and field errors of an error body, else the body itself."""
    try:
        document = json.loads(body)
    except ValueError:
        return body.strip()[:300]
    if not isinstance(document, dict) or "msg" not in document:
        return body.strip()[:300]
    msg = str(document["msg"])
    fields = [f"{each.get('field')}: {each.get('msg')}" for each in document.get("errors", [])]
    return "; ".join([msg, *(each for each in fields if each not in msg)])


class GatewayClient:
    """One gateway's REST API with one key."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=WAIT_S + 15),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def request(self, method: str, path: str, body: Json | None = None) -> tuple[int, str]:
        """Status and text of the answer; raises Unreachable."""
        try:
            async with self._http.request(method, self.base_url + path, json=body) as answer:
                return answer.status, await answer.text()
        except (aiohttp.ClientConnectionError, TimeoutError) as failure:
            raise Unreachable(f"no gateway answers at {self.base_url}: {failure}") from failure

    async def ask(self, method: str, path: str, body: Json | None = None) -> Any:  # noqa: ANN401
        """The JSON of a 2xx answer (None when empty); raises ApiRefused or Unreachable."""
        status, text = await self.request(method, path, body)
        if not 200 <= status < 300:
            raise ApiRefused(method, path, status, text)
        return json.loads(text) if text else None

    async def only_account(self) -> str:
        """The account the key can see; raises Failure when there is none or a choice."""
        accounts = await self.ask("GET", "/v1/Accounts")
        if not accounts:
            raise Failure("the gateway has no account yet: create one (POST /v1/Accounts)")
        if len(accounts) > 1:
            names = ", ".join(f"{each['account_sid']} ({each['name']})" for each in accounts)
            raise Failure(f"this key sees several accounts, choose one with --account: {names}")
        return str(accounts[0]["account_sid"])

    async def events(self, account_sid: str, call_sid: str) -> AsyncIterator[Json]:
        """The call's timeline as it happens; ends after the `ended` event."""
        after = 0
        while True:
            page = await self.ask(
                "GET",
                f"/v1/Accounts/{account_sid}/Calls/{call_sid}/events"
                f"?after={after}&limit={EVENTS_LIMIT}&wait={WAIT_S}",
            )
            for event in page["events"]:
                after = max(after, event["seq"])
                yield event
                if event["type"] == "ended":
                    return

    def curl(self, method: str, path: str, body: Json) -> str:
        """The command that sends the same request."""
        return (
            f"curl -X {method} {shlex.quote(self.base_url + path)} \\\n"
            f"  -H 'Authorization: Bearer {self.token}' \\\n"
            f"  -H 'Content-Type: application/json' \\\n"
            f"  -d {shlex.quote(json.dumps(body, indent=2))}"
        )


async def answers(base_url: str) -> bool:
    """Whether a gateway answers /health at the address."""
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(base_url.rstrip("/") + "/health") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
