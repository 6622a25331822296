"""Requests that tests send: a trunk and an application, and calls over them."""

from typing import Any

from unit.api.world import World
from voxgate.model.calls import Call, Json
from voxgate.routing.outbound import RoutePlan

HOOK = {"url": "https://app.example/call"}
PHONE = {"type": "phone", "number": "+15005550101", "trunk": "carrier"}
PLAIN: Json = {"from": "+15005550100", "to": PHONE, "call_hook": "https://app.example/call"}


async def furnish(world: World, **application: Any) -> tuple[str, str]:
    """A trunk with a gateway and an application; the path of its calls and the app's sid."""
    account = world.account_sid
    carrier = await world.made("VoipCarriers", {"name": "carrier", "account_sid": account})
    await world.made("SipGateways", {"voip_carrier_sid": carrier, "ipv4": "192.0.2.1"})
    body = {
        "name": "bot",
        "account_sid": account,
        "call_hook": {"url": "https://app.example/call", "username": "u", "password": "p"},
        "call_status_hook": {"url": "https://app.example/status"},
        **application,
    }
    return f"/v1/Accounts/{account}/Calls", await world.made("Applications", body)


async def place(world: World) -> tuple[str, str, str]:
    """The path of all calls, of the one placed, and its sid."""
    path, _ = await furnish(world)
    sid = (await world.send("POST", path, PLAIN)).body["sid"]
    return path, f"{path}/{sid}", sid


def started(world: World) -> tuple[Call, RoutePlan]:
    """The one call that was started."""
    (only,) = world.engine.started
    return only
