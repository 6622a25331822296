"""Nobody sees, changes or deletes what is not his: every noun, every method, every scope."""

import pytest

from unit.api.world import MISSING_SID, in_world

CHANGES = {
    "ServiceProviders": {"description": "changed"},
    "Accounts": {"name": "renamed"},
    "Applications": {"name": "renamed"},
    "VoipCarriers": {"description": "changed"},
    "SipGateways": {"port": 5099},
    "PhoneNumbers": {},
    "Lcrs": {"name": "renamed"},
    "LcrRoutes": {"description": "changed"},
    "LcrCarrierSetEntries": {"workload": 7},
}

IN_PATH = {"Accounts", "ServiceProviders"}  # a foreign one there is 403, elsewhere 404


async def statuses(world, noun, sid, token):
    """GET, PUT, DELETE; the last is only tried where it must not work."""
    path = f"/v1/{noun}/{sid}"
    got = await world.send("GET", path, token=token)
    put = await world.send("PUT", path, CHANGES[noun], token=token)
    return got.status, put.status


CALL = {
    "from": "+4930111",
    "to": {"type": "phone", "number": "+4915112345678", "trunk": "trunk"},
    "call_hook": "https://app.example/call",
}


@pytest.mark.parametrize("noun", sorted(set(CHANGES) - {"ServiceProviders"}))
def test_the_three_scopes_on_things_of_an_account(tenants, noun):
    home = tenants.home
    away = tenants.away

    async def story(world):
        own, neighbour = home.accounts
        refused = 403 if noun in IN_PATH else 404
        sid = own.sids[noun]

        for token in (own.token, home.token):
            assert await statuses(world, noun, sid, token) == (200, 204)
        for token in (neighbour.token, away.token, away.accounts[0].token):
            assert await statuses(world, noun, sid, token) == (refused, refused)
            deleted = await world.send("DELETE", f"/v1/{noun}/{sid}", token=token)
            assert deleted.status == refused
        assert (await world.send("GET", f"/v1/{noun}/{sid}")).status == 200

    in_world(tenants.url, story)


@pytest.mark.parametrize("noun", sorted(set(CHANGES) - {"Accounts", "Applications"}))
def test_the_three_scopes_on_things_of_a_provider(tenants, noun):
    shared = {"VoipCarriers", "SipGateways"}  # accounts see them, read-only

    home = tenants.home
    away = tenants.away

    async def story(world):
        sid, path = home.sids[noun], f"/v1/{noun}/{home.sids[noun]}"
        refused = 403 if noun in IN_PATH else 404

        assert await statuses(world, noun, sid, home.token) == (200, 204)
        for token in (away.token, away.accounts[0].token):
            assert await statuses(world, noun, sid, token) == (refused, refused)
            assert (await world.send("DELETE", path, token=token)).status == refused
        account = home.accounts[0].token
        seen = 200 if noun in shared | {"ServiceProviders"} else 404
        forbidden = 404 if seen == 404 else 403
        assert await statuses(world, noun, sid, account) == (seen, forbidden)
        assert (await world.send("DELETE", path, token=account)).status == forbidden
        assert (await world.send("GET", path)).status == 200

    in_world(tenants.url, story)


def test_lists_show_exactly_what_a_key_may_see(tenants):
    home = tenants.home
    away = tenants.away

    async def story(world):
        one, two = home.accounts
        three = away.accounts[0]
        nouns = ("Applications", "VoipCarriers", "PhoneNumbers", "Lcrs")

        async def seen(noun, token):
            reply = await world.send("GET", f"/v1/{noun}", token=token)
            assert reply.status == 200
            return {next(iter(each.values())) for each in reply.body}

        for noun in nouns:
            of_provider = {home.sids[noun]} if noun in home.sids else set()
            shared = of_provider if noun == "VoipCarriers" else set()
            assert await seen(noun, one.token) == {one.sids[noun]} | shared
            assert await seen(noun, home.token) == {one.sids[noun], two.sids[noun]} | of_provider
            everything = await seen(noun, "3f6c1f6a-8f4e-4f0e-9a53-0d1c2b3a4f5e")
            assert {one.sids[noun], two.sids[noun], three.sids[noun]} <= everything

        assert await seen("Accounts", one.token) == {one.account_sid}
        assert await seen("Accounts", home.token) == {one.account_sid, two.account_sid}
        for token in (one.token, home.token):
            assert await seen("ServiceProviders", token) == {home.service_provider_sid}

    in_world(tenants.url, story)


def test_nobody_makes_a_key_that_may_do_more_than_his_own(tenants):
    home = tenants.home
    away = tenants.away

    async def story(world):
        account = home.accounts[0]

        async def status(body, token):
            return (await world.send("POST", "/v1/ApiKeys", body, token=token)).status

        of_home = {"service_provider_sid": home.service_provider_sid}
        of_away = {"service_provider_sid": away.service_provider_sid}
        assert await status(of_home, account.token) == 403
        assert await status(of_away, home.token) == 403
        assert await status(of_home, home.token) == 201
        both = {**of_home, "account_sid": account.account_sid}
        assert await status(both, home.token) == 400

        # Without an owner a key is like the one that asks, never more.
        for token, scope in ((account.token, "account"), (home.token, "provider")):
            made = await world.send("POST", "/v1/ApiKeys", {}, token=token)
            new = made.body["token"]
            accounts = await world.send("GET", "/v1/Accounts", token=new)
            of_home = {each["service_provider_sid"] for each in accounts.body}
            assert of_home == {home.service_provider_sid}
            assert len(accounts.body) == (1 if scope == "account" else 2)
            create = await world.send("POST", "/v1/Accounts", {"name": scope}, token=new)
            assert create.status == (403 if scope == "account" else 201)
            providers = await world.send("POST", "/v1/ServiceProviders", {"name": "x"}, token=new)
            assert providers.status == 403

    in_world(tenants.url, story)


def test_keys_are_deleted_by_those_above_them_only(tenants):
    home = tenants.home
    away = tenants.away

    async def story(world):
        one, two = home.accounts
        listed = await world.send(
            "GET", f"/v1/ServiceProviders/{home.service_provider_sid}/ApiKeys"
        )
        provider_key = next(k for k in listed.body if k["account_sid"] is None)["api_key_sid"]

        async def status(sid, token):
            return (await world.send("DELETE", f"/v1/ApiKeys/{sid}", token=token)).status

        assert await status(one.sids["ApiKeys"], two.token) == 404
        assert await status(one.sids["ApiKeys"], away.token) == 404
        assert await status(provider_key, one.token) == 404
        assert await status(one.sids["ApiKeys"], one.token) == 204
        assert await status(two.sids["ApiKeys"], home.token) == 204
        assert await status(one.sids["ApiKeys"], one.token) == 404

    in_world(tenants.url, story)


def test_a_deleted_key_opens_nothing_from_that_moment(sqlite_url):
    async def story(world):
        made = await world.send("POST", "/v1/ApiKeys", {"account_sid": world.account_sid})
        token, sid = made.body["token"], made.body["sid"]
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 200
        await world.send("DELETE", f"/v1/ApiKeys/{sid}")

        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 401

    in_world(sqlite_url, story)


def test_a_provider_may_look_after_calls_but_not_place_them(tenants):
    home = tenants.home

    async def story(world):
        account = home.accounts[0].account_sid
        reply = await world.send("POST", f"/v1/Accounts/{account}/Calls", CALL, token=home.token)

        assert reply.status == 400
        assert reply.body["msg"] == f"unauthorized createCall request for account {account}"
        assert world.engine.started == []

    in_world(tenants.url, story)


def test_an_account_cannot_change_what_its_provider_decides(tenants):
    home = tenants.home

    async def story(world):
        account = home.accounts[0]
        path = f"/v1/Accounts/{account.account_sid}"
        for change in ({"sip_realm": "mine.example"}, {"is_active": 0}):
            assert (await world.send("PUT", path, change, token=account.token)).status == 403
            assert (await world.send("PUT", path, change, token=home.token)).status == 204
        assert (
            await world.send("POST", "/v1/Accounts", {"name": "x"}, token=account.token)
        ).status == 403
        moved = {"service_provider_sid": MISSING_SID}
        assert (await world.send("PUT", path, moved)).status == 400

    in_world(tenants.url, story)


def test_the_engine_decides_only_about_calls_the_caller_may_touch(sqlite_url):
    async def story(world):
        path = f"/v1/Accounts/{world.account_sid}/Calls/{MISSING_SID}"
        assert (await world.send("PUT", path, {"call_status": "completed"})).status == 404
        assert world.engine.updates == []

    in_world(sqlite_url, story)
