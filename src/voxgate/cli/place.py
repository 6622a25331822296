"""`voxgate call`: place one call, follow it, and say how it went."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass

from rich.console import Console

from voxgate.cli.client import GatewayClient, answers
from voxgate.cli.embedded import embedded_gateway
from voxgate.cli.screen import Failure, verdict
from voxgate.cli.timeline import Timeline, outcome_of
from voxgate.model.calls import Json
from voxgate.model.carriers import SANDBOX

DEFAULT_URL = "http://127.0.0.1:3000"
CALLER = "+15005550001"


@dataclass(frozen=True, slots=True)
class CallOrder:
    """What was typed. `say` and `hook` are the two ways to tell what happens after the answer."""

    to: str
    from_: str = CALLER
    say: str | None = None
    hook: str | None = None
    trunk: str | None = None
    timeout_s: int | None = None
    account_sid: str | None = None
    url: str | None = None
    token: str | None = None
    embedded: bool = False  # a gateway of its own even where one runs
    headers: tuple[str, ...] = ()  # "Name: value", for the INVITE

    def body(self, trunk: str | None) -> Json:
        """The body of POST Calls."""
        if self.to.startswith(("sip:", "sips:")):
            target: Json = {"type": "sip", "sipUri": self.to}
        else:
            target = {"type": "phone", "number": self.to}
            if trunk is not None:
                target["trunk"] = trunk
        body: Json = {"from": self.from_, "to": target}
        if self.headers:
            body["headers"] = dict(map(_header, self.headers))
        if self.timeout_s is not None:
            body["timeout"] = self.timeout_s
        if self.hook is not None:
            body["call_hook"] = self.hook
        else:
            words = self.say or "Hello. This is a test call from vox gate. Goodbye."
            body["app_json"] = json.dumps([{"verb": "say", "text": words}, {"verb": "hangup"}])
        return body


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise Failure(f"--header: {text!r} is not Name: value", status=2)
    return name.strip(), value.strip()


async def place(console: Console, order: CallOrder) -> int:
    """Exit status: 0 when the call was answered and ended without a fault."""
    async with AsyncExitStack() as stack:
        client, account_sid, trunk = await _gateway(console, stack, order)
        created = await client.ask("POST", f"/v1/Accounts/{account_sid}/Calls", order.body(trunk))
        console.print(f"  call [bold]{created['sid']}[/]  Call-ID {created['callid']}")
        timeline = Timeline(console)
        last: Json = {}
        async for event in client.events(account_sid, created["sid"]):
            timeline.show(event)
            last = event
    outcome = outcome_of(last)
    good = last["data"].get("call_status") == "completed" and outcome.get("fault_domain") is None
    next_step = "" if good else f"\n{outcome.get('next_step', '')}"
    verdict(
        console,
        good=good,
        title=str(outcome.get("code", last["data"].get("call_status"))),
        text=f"{outcome.get('summary', '')}{next_step}",
    )
    return 0 if good else 1


async def _gateway(
    console: Console, stack: AsyncExitStack, order: CallOrder
) -> tuple[GatewayClient, str, str | None]:
    """A client for the gateway that runs, or else for one of our own with the sandbox trunk."""
    url = order.url or DEFAULT_URL
    if not order.embedded and (order.url is not None or await answers(url)):
        if order.token is None:
            raise Failure("a gateway needs its key: give --token or set VOXGATE_TOKEN", status=2)
        client = await stack.enter_async_context(GatewayClient(url, order.token))
        return client, order.account_sid or await client.only_account(), order.trunk
    if not order.embedded:
        console.print(f"  no gateway runs at {url}")
    console.print("  starting a gateway with the sandbox for this call")
    gateway = await stack.enter_async_context(embedded_gateway())
    client = await stack.enter_async_context(GatewayClient(gateway.started.http_url, gateway.token))
    account_sid = order.account_sid or gateway.started.account_sid or await client.only_account()
    return client, account_sid, order.trunk or SANDBOX
