"""`voxgate demo`: a real call from a REST request to the words in the callee's ear, shown live.

Everything printed is read back from where it happened: the API's events, the webhooks that the
agent received, and the sandbox callee's own record of what it heard.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from voxgate.cli.client import ApiRefused, GatewayClient
from voxgate.cli.embedded import Embedded, embedded_gateway, until_stopped
from voxgate.cli.evidence import (
    Evidence,
    judge,
    show_checks,
    show_far_end,
    show_webhooks,
    show_words,
)
from voxgate.cli.screen import Failure, command_line, fact, heading
from voxgate.cli.timeline import Timeline
from voxgate.model.calls import Json
from voxgate.model.carriers import SANDBOX
from voxgate.sandbox.process import AnnouncingChild

AGENT = Path(__file__).parents[3] / "examples" / "hello_agent" / "app.py"
APPLICATION = "hello_agent (demo)"
CALLER, CALLEE = "+15005550001", "+15005550102"
WITNESS_S = 15
POLL_S = 0.1
TERMINAL = {"completed", "failed", "busy", "no-answer"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs during the demo."""

    gateway: Embedded
    client: GatewayClient
    http: aiohttp.ClientSession
    account_sid: str
    agent_url: str
    sandbox_url: str

    @property
    def calls_path(self) -> str:
        return f"/v1/Accounts/{self.account_sid}/Calls"


async def demo(console: Console, chosen: dict[str, Any], *, oneshot: bool) -> int:
    """Exit status: 0 when the call went as it should."""
    console.print("[bold]voxgate demo[/]: one outbound call, from REST to the callee's ear")
    async with AsyncExitStack() as stack:
        with console.status("starting gateway, sandbox and agent"):
            parts = await _start(stack, chosen)
        _show_parts(console, parts)
        body = {
            "application_sid": await _application(parts),
            "from": CALLER,
            "to": {"type": "phone", "number": CALLEE, "trunk": SANDBOX},
            "tag": {"campaign": "demo"},
        }
        evidence = await _call(console, parts, body)
        checks = judge(evidence)
        show_words(console, evidence)
        show_webhooks(console, evidence)
        show_far_end(console, "What the callee says (the sandbox's own record)", evidence.callee)
        show_checks(console, checks, evidence.ended)
        if not oneshot:
            _show_way_on(console, parts, body)
            await until_stopped()
            console.print("stopping")
    return 0 if all(check.good for check in checks) else 1


async def _start(stack: AsyncExitStack, chosen: dict[str, Any]) -> Parts:
    gateway = await stack.enter_async_context(embedded_gateway(chosen))
    if gateway.started.sandbox is None:
        raise Failure("the demo needs the sandbox: do not set VOXGATE_SANDBOX to false")
    client = await stack.enter_async_context(GatewayClient(gateway.started.http_url, gateway.token))
    http = await stack.enter_async_context(
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2 * WITNESS_S))
    )
    account_sid = gateway.started.account_sid or await client.only_account()
    return Parts(
        gateway=gateway,
        client=client,
        http=http,
        account_sid=account_sid,
        agent_url=await _start_agent(stack, client, account_sid),
        sandbox_url=gateway.started.sandbox.control_url,
    )


async def _start_agent(stack: AsyncExitStack, client: GatewayClient, account_sid: str) -> str:
    """Start the example agent with the account's webhook secret; its address."""
    if not AGENT.exists():
        raise Failure(
            "the example agent (examples/hello_agent) is not part of this installation; "
            "run the demo from a checkout of voxgate"
        )
    answer = await client.ask("GET", f"/v1/Accounts/{account_sid}/WebhookSecret")
    agent = AnnouncingChild(
        "the example agent",
        [sys.executable, str(AGENT), "--port", "0"],
        env={"WEBHOOK_SECRET": str(answer["webhook_secret"])},
    )
    stack.push_async_callback(agent.stop)
    return (await agent.start()).rpartition(" ")[2]


async def _application(parts: Parts) -> str:
    """The demo's application: made, or pointed at the agent that runs now."""
    hooks = {
        "call_hook": {"url": f"{parts.agent_url}/call", "method": "POST"},
        "call_status_hook": {"url": f"{parts.agent_url}/status", "method": "POST"},
    }
    path = f"/v1/Accounts/{parts.account_sid}/Applications"
    for application in await parts.client.ask("GET", path):
        if application["name"] == APPLICATION:
            sid = str(application["application_sid"])
            await parts.client.ask("PUT", f"/v1/Applications/{sid}", hooks)
            return sid
    new = {"name": APPLICATION, "account_sid": parts.account_sid, **hooks}
    return str((await parts.client.ask("POST", "/v1/Applications", new))["sid"])


async def _call(console: Console, parts: Parts, body: Json) -> Evidence:
    heading(console, "The request")
    command_line(console, parts.client.curl("POST", parts.calls_path, body))
    status, text = await parts.client.request("POST", parts.calls_path, body)
    console.print(f"\n  [bold]{status}[/] {text}", soft_wrap=True, markup=True)
    if status != 201:
        raise ApiRefused("POST", parts.calls_path, status, text)
    created = json.loads(text)
    heading(console, "The timeline, as it happens")
    timeline = Timeline(console)
    events = []
    async for event in parts.client.events(parts.account_sid, created["sid"]):
        timeline.show(event)
        events.append(event)
    return Evidence(
        events,
        await _webhooks(parts, created["sid"]),
        await _callee(parts, created["callid"]),
    )


async def _webhooks(parts: Parts, call_sid: str) -> list[Json]:
    """What the agent received about the call, once the last status is there (or is overdue)."""
    received: list[Json] = []
    for _ in range(int(WITNESS_S / POLL_S)):
        async with parts.http.get(f"{parts.agent_url}/received") as answer:
            everything = await answer.json()
        received = [each for each in everything if each["payload"].get("call_sid") == call_sid]
        told = {each["payload"].get("call_status") for each in received if _is_status(each)}
        if told & TERMINAL:
            break
        await asyncio.sleep(POLL_S)
    return received


def _is_status(received: Json) -> bool:
    return str(received["path"]) == "/status"


async def _callee(parts: Parts, call_id: str) -> Json:
    """The sandbox's record of the call; empty when the call never reached it."""
    url = f"{parts.sandbox_url}/calls/{call_id}?wait={WITNESS_S}"
    async with parts.http.get(url) as answer:
        record: Json = await answer.json() if answer.status == 200 else {}
    return record


def _show_parts(console: Console, parts: Parts) -> None:
    listeners = ", ".join(
        f"{each.transport}:{each.host}:{each.port}" for each in parts.gateway.started.sip
    )
    fact(console, "gateway", parts.client.base_url)
    fact(console, "SIP", listeners)
    fact(console, "agent", f"{parts.agent_url} (examples/hello_agent/app.py)")
    fact(console, "callee", f"{CALLEE} on the trunk “{SANDBOX}”")


def _show_way_on(console: Console, parts: Parts, body: Json) -> None:
    heading(console, "Everything keeps running; Ctrl-C stops it")
    fact(console, "API", f"{parts.client.base_url}/v1")
    fact(console, "API docs", f"{parts.client.base_url}/docs")
    fact(console, "admin key", parts.client.token)
    fact(console, "account", parts.account_sid)
    fact(console, "callees", f"{parts.sandbox_url}/personas (or: voxgate sandbox --list)")
    fact(console, "heard", f"{parts.sandbox_url}/calls")
    fact(console, "log", str(parts.gateway.log_file))
    console.print("\n  Call somebody else, for example a phone that is busy:\n")
    busy = body | {"to": {"type": "phone", "number": "+15005550130", "trunk": SANDBOX}}
    command_line(console, parts.client.curl("POST", parts.calls_path, busy))
