"""`voxgate ring`: somebody calls an application, without a phone and without a carrier.

The caller is a scripted one of a sandbox of its own. A trunk for it is made and taken away again.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
from rich.console import Console

from voxgate.base.ids import new_token
from voxgate.cli.evidence import show_far_end
from voxgate.cli.place import CALLER, follow, show_outcome
from voxgate.cli.reach import Reach, Reached, reach_gateway
from voxgate.cli.screen import Failure, fact
from voxgate.model.calls import Json
from voxgate.sandbox.process import SandboxProcess

CALLED = "+15005550100"
USUAL_SCRIPT = "listen 10s; hang up"
DEFAULT_SIP_ADDRESS = "127.0.0.1:5060"
_POLL_S = 0.2
_END_S = 20


@dataclass(frozen=True, slots=True)
class RingOrder:
    """What was typed. Without hook and application it is the number's own that is asked."""

    number: str
    script: str = USUAL_SCRIPT
    from_: str = CALLER
    hook: str | None = None
    application_sid: str | None = None
    sip: str = DEFAULT_SIP_ADDRESS


async def ring_in(console: Console, order: RingOrder, reach: Reach) -> int:
    """Exit status: 0 when the call was answered and ended without a fault."""
    async with AsyncExitStack() as stack:
        gateway = await reach_gateway(console, stack, reach)
        await _open_door(stack, gateway, order)
        caller = await _start_caller(stack)
        call_id = await caller.place(order, _sip_address(gateway, order))
        call_sid = await _arrived(gateway, caller, call_id)
        console.print(f"  call [bold]{call_sid}[/]  Call-ID {call_id}")
        last = await follow(console, gateway, call_sid)
        record = await caller.record(call_id, wait_s=_END_S)
    show_far_end(console, "What the caller says (the sandbox's own record)", record)
    fact(console, "hung up by", str(record.get("ended_by")))
    return show_outcome(console, last)


async def _open_door(stack: AsyncExitStack, gateway: Reached, order: RingOrder) -> None:
    """A trunk that calls from this machine, until the stack closes."""
    name = f"voxgate ring {new_token()[:8]}"
    trunk: Json = {"name": name}
    if order.hook is not None:
        hook = {"url": order.hook, "method": "POST"}
        trunk["application_sid"] = await _make(
            stack, gateway, "Applications", {"name": name, "call_hook": hook}
        )
    elif order.application_sid is not None:
        trunk["application_sid"] = order.application_sid
    sid = await _make(stack, gateway, "VoipCarriers", trunk)
    entrance = {"voip_carrier_sid": sid, "ipv4": "127.0.0.1", "inbound": True, "outbound": False}
    await gateway.client.ask("POST", "/v1/SipGateways", entrance)


async def _make(stack: AsyncExitStack, gateway: Reached, kind: str, body: Json) -> str:
    body = {**body, "account_sid": gateway.account_sid}
    sid = str((await gateway.client.ask("POST", f"/v1/{kind}", body))["sid"])
    stack.push_async_callback(gateway.client.request, "DELETE", f"/v1/{kind}/{sid}")
    return sid


def _sip_address(gateway: Reached, order: RingOrder) -> str:
    if gateway.own is None:
        return order.sip
    udp = next((each for each in gateway.own.started.sip if each.transport == "udp"), None)
    if udp is None:
        raise Failure("the gateway does not take SIP over UDP (VOXGATE_SIP)")
    return f"{udp.host}:{udp.port}"


async def _arrived(gateway: Reached, caller: "_Caller", call_id: str) -> str:
    """The sid the gateway has given the call. Raises Failure when it was refused."""
    path = f"/v1/Accounts/{gateway.account_sid}/Calls?direction=inbound"
    while True:
        for call in await gateway.client.ask("GET", path):
            if call["call_id"] == call_id:
                return str(call["call_sid"])
        record = await caller.record(call_id)
        if record["state"] == "ended":
            why = f"SIP status {record['sip_status']}" if record["sip_status"] else "no answer"
            problems = "; ".join(record["problems"])
            raise Failure(f"the gateway did not take the call: {why} {problems}".rstrip())
        await asyncio.sleep(_POLL_S)


async def _start_caller(stack: AsyncExitStack) -> "_Caller":
    sandbox = SandboxProcess()
    address = await sandbox.start()
    stack.push_async_callback(sandbox.stop)
    timeout = aiohttp.ClientTimeout(total=2 * _END_S)
    http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
    return _Caller(http, address.control_url)


class _Caller:
    """The sandbox's control interface."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def place(self, order: RingOrder, sip: str) -> str:
        """The Call-ID. Raises Failure naming what cannot be carried out."""
        errand = {
            "to": f"sip:{quote(order.number, safe='+')}@{sip}",
            "from": order.from_,
            "script": order.script,
        }
        async with self._http.post(f"{self._url}/calls", json=errand) as answer:
            document: Json = await answer.json()
            if answer.status != 201:
                raise Failure(f"the caller cannot do that: {document['msg']}", status=2)
            return str(document["call_id"])

    async def record(self, call_id: str, *, wait_s: int = 0) -> Json:
        """What it knows about its call; `wait_s`: for the call's end."""
        path = f"{self._url}/calls/{quote(call_id, safe='')}?wait={wait_s}"
        async with self._http.get(path) as answer:
            document: Json = await answer.json()
            return document
