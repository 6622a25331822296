"""No route of the REST API shows or changes anything of another tenant, whatever it is called with."""

import json
import re
from typing import Any

import pytest

from interop.gateway import Gateway, Json
from voxgate.base.ids import new_sid

REFUSED = {400, 403, 404, 422}  # 400 and 422: the body was judged first


class Tenant:
    """One of each thing that can be made over REST."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._gateway = gateway
        self.provider = self._made("ServiceProviders", name=name)
        self.account = self._made("Accounts", name=name, service_provider_sid=self.provider)
        key = gateway.api("POST", "/ApiKeys", {"account_sid": self.account})
        self.token = str(key["token"])
        own = {"account_sid": self.account}
        hook = {"url": "https://app.example/hook"}
        application = self._made("Applications", name=name, call_hook=hook, **own)
        carrier = self._made("VoipCarriers", name=name, application_sid=application, **own)
        entry = {"voip_carrier_sid": carrier, "ipv4": "192.0.2.77", "inbound": True}
        lcr = self._made("Lcrs", name=name, **own)
        route = self._made("LcrRoutes", lcr_sid=lcr, regex="49", priority=1)
        sip_user = {"username": "ann", "password": "a long secret"}
        self.sids = {
            "ServiceProviders": self.provider,
            "Accounts": self.account,
            "ApiKeys": str(key["sid"]),
            "Applications": application,
            "VoipCarriers": carrier,
            "SipGateways": self._made("SipGateways", **entry),
            "PhoneNumbers": self._made("PhoneNumbers", number="4930" + name, **own),
            "Lcrs": lcr,
            "LcrRoutes": route,
            "LcrCarrierSetEntries": self._made(
                "LcrCarrierSetEntries", lcr_route_sid=route, voip_carrier_sid=carrier, priority=1
            ),
            "Clients": self._made("Clients", **sip_user, **own),
        }
        self.call = str(
            gateway.api("POST", f"/Accounts/{self.account}/Calls", {
                "from": "+15005550001",
                "to": {"type": "phone", "number": "+15005550132", "trunk": "sandbox"},
                "app_json": json.dumps([{"verb": "hangup"}]),
                "timeout": 30,
            })["sid"]
        )  # fmt: skip

    def _made(self, kind: str, **body: Any) -> str:
        return str(self._gateway.api("POST", f"/{kind}", body)["sid"])

    def state(self) -> list[Any]:
        """Everything it has, as it is now."""
        return [
            self._gateway.api("GET", f"/{kind}/{sid}")
            for kind, sid in self.sids.items()
            if kind != "ApiKeys"
        ] + [
            self._gateway.api("GET", f"/Accounts/{self.account}/ApiKeys"),
            self._gateway.api("GET", f"/Accounts/{self.account}/Calls/{self.call}")["call_status"],
        ]

    def fill(self, path: str) -> str:
        """A route with what is this tenant's in every place."""
        kind = path.split("/")[2]
        values = {
            "account_sid": self.account,
            "call_sid": self.call,
            "sid": self.sids[kind],
            "realm": "stolen.example",
            "user": "ann",
            "day": "2026-11-22",
            "format_": "wav",
        }
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)

    def body(self) -> Json:
        """What a request may name of it; each route takes what it knows."""
        return {
            "name": "taken",
            "account_sid": self.account,
            "service_provider_sid": self.provider,
            "application_sid": self.sids["Applications"],
            "voip_carrier_sid": self.sids["VoipCarriers"],
            "lcr_sid": self.sids["Lcrs"],
            "lcr_route_sid": self.sids["LcrRoutes"],
        }


@pytest.fixture(scope="module")
def victim(gateway):
    return Tenant(gateway, "11")


@pytest.fixture(scope="module")
def stranger(gateway):
    return Tenant(gateway, "22")


def operations(gateway: Gateway) -> list[tuple[str, str]]:
    paths = gateway.request("GET", "/openapi.json").body["paths"]
    return [(path, method) for path, ways in paths.items() if "/v1/" in path for method in ways]


def test_no_route_gives_or_changes_anything_of_another_tenant(gateway, victim, stranger):
    before = victim.state()
    theirs = [victim.account, victim.provider, victim.call, *victim.sids.values()]
    tried = 0

    for path, method in operations(gateway):
        for body in (None,) if method in {"get", "delete"} else ({}, victim.body()):
            reply = gateway.request(method.upper(), victim.fill(path), body, token=stranger.token)
            tried += 1
            # What names nothing of the other tenant is about the caller's own.
            own = set() if "{" in path or body else {200, 201}
            assert reply.status in REFUSED | own, (method, path, body, reply.status, reply.body)
            shown = json.dumps(reply.body)
            named = set(json.dumps(body or {}).split('"'))
            assert not [sid for sid in theirs if sid in shown and sid not in named], (method, path)

    assert tried > 80
    assert victim.state() == before


def test_a_call_takes_nothing_of_another_tenant(gateway, victim, stranger):
    phone = {"type": "phone", "number": "+15005550132"}
    for taken in (
        {"application_sid": victim.sids["Applications"], "to": {**phone, "trunk": "sandbox"}},
        {"to": {**phone, "trunk": "11"}},
        {"to": {"type": "user", "name": "ann"}},
    ):
        body = {"from": "+15005550001", "app_json": '[{"verb": "hangup"}]', **taken}
        path = f"/v1/Accounts/{stranger.account}/Calls"
        reply = gateway.request("POST", path, body, token=stranger.token)
        assert reply.status in REFUSED, (taken, reply.status, reply.body)


def test_what_does_not_exist_is_refused_like_what_is_anothers(gateway, stranger):
    for kind, sid in stranger.sids.items():
        if kind != "ApiKeys":
            known = gateway.request("GET", f"/v1/{kind}/{sid}", token=stranger.token)
            unknown = gateway.request("GET", f"/v1/{kind}/{new_sid()}", token=stranger.token)
            assert unknown.status in {403, 404}, (kind, known.status, unknown.status)
