import pytest

from unit.api.world import MISSING_SID, in_world

NOUNS = [
    "ServiceProviders",
    "Accounts",
    "Applications",
    "VoipCarriers",
    "SipGateways",
    "PhoneNumbers",
    "Lcrs",
    "LcrRoutes",
    "LcrCarrierSetEntries",
]


def test_every_noun_answers_the_four_methods_alike(tenants):
    one = tenants.home.accounts[0]
    sids = {**one.sids, "ServiceProviders": tenants.home.service_provider_sid}

    async def story(world):
        for noun in NOUNS:
            path = f"/v1/{noun}/{sids[noun]}"
            shown = await world.send("GET", path)
            assert shown.status == 200
            assert next(iter(shown.body.values())) == sids[noun], noun
            nothing = await world.send("PUT", path, {})
            assert (nothing.status, nothing.raw) == (204, b""), noun
            assert (await world.send("GET", path)).body == shown.body
            primary = next(iter(shown.body))
            fixed = await world.send("PUT", path, {primary: MISSING_SID})
            assert (fixed.status, fixed.fields) == (400, [primary]), noun
            strange = await world.send("PUT", path, {"strange": 1})
            assert (strange.status, strange.fields) == (400, ["strange"])

    in_world(tenants.url, story)


@pytest.mark.parametrize("noun", NOUNS)
def test_what_is_not_there_is_404_for_every_method(sqlite_url, noun):
    async def story(world):
        for method in ("GET", "PUT", "DELETE"):
            reply = await world.send(method, f"/v1/{noun}/{MISSING_SID}", {})
            assert (reply.status, reply.text) == (404, "Not Found")

    in_world(sqlite_url, story)
