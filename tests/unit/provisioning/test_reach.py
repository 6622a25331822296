"""What is in reach: of paths, of lists, of references from one thing to another."""

import pytest

from unit.api.world import MISSING_SID, in_world

SUB_LISTS = ["ApiKeys", "Applications", "VoipCarriers", "PhoneNumbers", "Alerts?page=1&count=5"]

CALL = {
    "from": "+4930111",
    "to": {"type": "phone", "number": "+4915112345678", "trunk": "trunk"},
    "call_hook": "https://app.example/call",
}


@pytest.mark.parametrize("sub", [*SUB_LISTS, "Calls", "CallCount", "WebhookSecret"])
def test_lists_under_a_foreign_account_are_forbidden(tenants, sub):
    home = tenants.home
    away = tenants.away

    async def story(world):
        one, two = home.accounts
        path = f"/v1/Accounts/{one.account_sid}/{sub}"

        for token in (one.token, home.token):
            assert (await world.send("GET", path, token=token)).status == 200
        for token in (two.token, away.token):
            assert (await world.send("GET", path, token=token)).status == 403
        unknown = f"/v1/Accounts/{MISSING_SID}/{sub}"
        assert (await world.send("GET", unknown)).status == 404
        for token in (one.token, home.token):
            assert (await world.send("GET", unknown, token=token)).status == 403

    in_world(tenants.url, story)


@pytest.mark.parametrize("sub", [*SUB_LISTS, "Accounts"])
def test_lists_under_a_foreign_provider_are_forbidden(tenants, sub):
    home = tenants.home
    away = tenants.away

    async def story(world):
        path = f"/v1/ServiceProviders/{home.service_provider_sid}/{sub}"

        assert (await world.send("GET", path, token=home.token)).status == 200
        for token in (away.token, home.accounts[0].token):
            assert (await world.send("GET", path, token=token)).status == 403

    in_world(tenants.url, story)


def test_nobody_creates_into_a_foreign_account(tenants):
    home = tenants.home
    away = tenants.away

    async def story(world):
        one, two = home.accounts
        bodies = {
            "Applications": {"name": "new", "call_hook": {"url": "https://app.example/x"}},
            "VoipCarriers": {"name": "new"},
            "PhoneNumbers": {"number": "+1500"},
            "ApiKeys": {},
        }
        for noun, body in bodies.items():
            foreign = {**body, "account_sid": two.account_sid}
            assert (await world.send("POST", f"/v1/{noun}", foreign, token=one.token)).status == 403
            reply = await world.send("POST", f"/v1/{noun}", foreign, token=away.token)
            assert (reply.status, reply.fields) == (422, ["account_sid"])
            own = await world.send("POST", f"/v1/{noun}", body, token=one.token)
            assert own.status == 201
        path = f"/v1/Accounts/{two.account_sid}/VoipCarriers"
        assert (await world.send("POST", path, {"name": "n"}, token=one.token)).status == 403
        assert (await world.send("POST", path, {"name": "n"}, token=away.token)).status == 403

    in_world(tenants.url, story)


def test_foreign_things_cannot_be_referred_to(tenants):
    home = tenants.home

    async def story(world):
        one, two = home.accounts
        table = {"lcr_sid": one.sids["Lcrs"], "regex": "1"}
        entry = {"voip_carrier_sid": two.sids["VoipCarriers"]}
        posts = [
            ("SipGateways", {"voip_carrier_sid": two.sids["VoipCarriers"], "ipv4": "192.0.2.2"}),
            ("PhoneNumbers", {"number": "1", "voip_carrier_sid": two.sids["VoipCarriers"]}),
            ("PhoneNumbers", {"number": "1", "application_sid": two.sids["Applications"]}),
            ("VoipCarriers", {"name": "x", "application_sid": two.sids["Applications"]}),
            ("LcrRoutes", {"lcr_sid": two.sids["Lcrs"], "regex": "1"}),
            ("LcrRoutes", {**table, "lcr_carrier_set_entries": [entry]}),
            ("LcrCarrierSetEntries", {**entry, "lcr_route_sid": one.sids["LcrRoutes"]}),
            (
                "LcrCarrierSetEntries",
                {
                    "voip_carrier_sid": one.sids["VoipCarriers"],
                    "lcr_route_sid": two.sids["LcrRoutes"],
                },
            ),
        ]
        for noun, body in posts:
            reply = await world.send("POST", f"/v1/{noun}", body, token=one.token)
            assert (reply.status, len(reply.fields)) == (422, 1), (noun, body, reply.text)
        puts = [
            ("PhoneNumbers", {"application_sid": two.sids["Applications"]}),
            ("VoipCarriers", {"application_sid": two.sids["Applications"]}),
            ("Accounts", {"device_calling_application_sid": two.sids["Applications"]}),
            ("LcrCarrierSetEntries", entry),
            ("Lcrs", {"default_carrier_set_entry_sid": two.sids["LcrCarrierSetEntries"]}),
        ]
        for noun, body in puts:
            reply = await world.send("PUT", f"/v1/{noun}/{one.sids[noun]}", body, token=one.token)
            assert (reply.status, reply.fields) == (422, list(body)), (noun, reply.text)
        routes = [{"regex": "1", "lcr_carrier_set_entries": [entry]}]
        reply = await world.send(
            "PUT", f"/v1/Lcrs/{one.sids['Lcrs']}/Routes", routes, token=one.token
        )
        assert reply.fields == ["0.lcr_carrier_set_entries.0.voip_carrier_sid"]
        for noun, name in (
            ("SipGateways", "voip_carrier_sid=" + two.sids["VoipCarriers"]),
            ("LcrRoutes", "lcr_sid=" + two.sids["Lcrs"]),
            ("LcrCarrierSetEntries", "lcr_route_sid=" + two.sids["LcrRoutes"]),
        ):
            listed = await world.send("GET", f"/v1/{noun}?{name}", token=one.token)
            assert listed.status == 404

    in_world(tenants.url, story)


def test_calls_of_others_are_out_of_reach(tenants):
    home = tenants.home
    away = tenants.away

    async def story(world):
        one, two = home.accounts
        own = f"/v1/Accounts/{one.account_sid}/Calls"
        placed = await world.send("POST", own, CALL, token=one.token)
        assert placed.status == 201
        sid = placed.body["sid"]
        over = {"call_status": "completed"}

        async def all_of(path, token):
            replies = [
                await world.send("GET", path, token=token),
                await world.send("GET", f"{path}/events", token=token),
                await world.send("PUT", path, over, token=token),
                await world.send("POST", path, over, token=token),
                await world.send("DELETE", path, token=token),
            ]
            return [reply.status for reply in replies]

        for token in (two.token, away.token):
            assert await all_of(f"{own}/{sid}", token) == [403] * 5
            assert (await world.send("POST", own, CALL, token=token)).status == 403
        # Under one's own account somebody else's call is not there.
        theirs = f"/v1/Accounts/{two.account_sid}/Calls/{sid}"
        assert await all_of(theirs, two.token) == [404] * 5
        assert world.engine.updates == []
        assert await all_of(f"{own}/{sid}", home.token) == [200, 200, 202, 202, 422]

    in_world(tenants.url, story)
