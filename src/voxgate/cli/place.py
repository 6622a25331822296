"""`voxgate call`: place one call, follow it, and say how it went."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass

from rich.console import Console

from voxgate.cli.reach import Reach, Reached, reach_gateway
from voxgate.cli.screen import Failure, verdict
from voxgate.cli.timeline import Timeline, outcome_of
from voxgate.model.calls import Json
from voxgate.model.carriers import SANDBOX

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


async def place(console: Console, order: CallOrder, reach: Reach) -> int:
    """Exit status: 0 when the call was answered and ended without a fault."""
    async with AsyncExitStack() as stack:
        gateway = await reach_gateway(console, stack, reach)
        trunk = order.trunk or (None if gateway.own is None else SANDBOX)
        path = f"/v1/Accounts/{gateway.account_sid}/Calls"
        created = await gateway.client.ask("POST", path, order.body(trunk))
        console.print(f"  call [bold]{created['sid']}[/]  Call-ID {created['callid']}")
        last = await follow(console, gateway, created["sid"])
    return show_outcome(console, last)


async def follow(console: Console, gateway: Reached, call_sid: str) -> Json:
    """Print what happens to a call until it ends; the `ended` event."""
    timeline = Timeline(console)
    last: Json = {}
    async for event in gateway.client.events(gateway.account_sid, call_sid):
        timeline.show(event)
        last = event
    return last


def show_outcome(console: Console, last: Json) -> int:
    """Exit status: 0 when the call was answered and ended without a fault."""
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
