"""Two providers, three accounts and one of every noun in each: who can see what of whom."""

from dataclasses import dataclass

from unit.api.world import World


@dataclass(frozen=True)
class Tenant:
    """Sids of everything that belongs to one account, and its key."""

    account_sid: str
    token: str
    sids: dict[str, str]


@dataclass(frozen=True)
class Provider:
    service_provider_sid: str
    token: str
    accounts: tuple[Tenant, ...]
    sids: dict[str, str]  # what the provider itself owns


async def make_tenant(world: World, provider_sid: str, name: str) -> Tenant:
    account = await world.made("Accounts", {"name": name, "service_provider_sid": provider_sid})
    token = await world.key(account_sid=account)
    key = await world.send("POST", "/v1/ApiKeys", {"account_sid": account})
    application = await world.made(
        "Applications",
        {
            "name": "bot",
            "account_sid": account,
            "call_hook": {"url": "https://app.example/call"},
            "call_status_hook": {"url": "https://app.example/status"},
        },
    )
    sids = {"ApiKeys": key.body["sid"], "Applications": application, "Accounts": account}
    return Tenant(account, token, sids | await _trunks(world, {"account_sid": account}))


async def make_provider(world: World, name: str, accounts: tuple[str, ...]) -> Provider:
    sid = await world.made("ServiceProviders", {"name": name})
    tenants = [await make_tenant(world, sid, f"{name} {each}") for each in accounts]
    sids = {"ServiceProviders": sid} | await _trunks(world, {"service_provider_sid": sid})
    token = await world.key(service_provider_sid=sid)
    return Provider(sid, token, tuple(tenants), sids)


async def _trunks(world: World, owner: dict[str, str]) -> dict[str, str]:
    carrier = await world.made("VoipCarriers", {"name": "trunk", **owner})
    gateway = await world.made(
        "SipGateways",
        {"voip_carrier_sid": carrier, "ipv4": "192.0.2.1", "inbound": 0, "outbound": 1},
    )
    number = await world.made("PhoneNumbers", {"number": "+4930111", **owner})
    table = await world.made("Lcrs", {"name": "rules", **owner})
    route = await world.made("LcrRoutes", {"lcr_sid": table, "regex": "49"})
    entry = await world.made(
        "LcrCarrierSetEntries", {"lcr_route_sid": route, "voip_carrier_sid": carrier}
    )
    return {
        "VoipCarriers": carrier,
        "SipGateways": gateway,
        "PhoneNumbers": number,
        "Lcrs": table,
        "LcrRoutes": route,
        "LcrCarrierSetEntries": entry,
    }
