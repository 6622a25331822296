from unit.api.world import MISSING_SID, in_world
from unit.store.clusters import BOX
from unit.store.samples import a_call
from voxgate.store import calls


def test_bad_accounts_are_refused_by_field(sqlite_url):
    async def story(world):
        (provider,) = (await world.send("GET", "/v1/ServiceProviders")).body
        good = {"name": "t", "service_provider_sid": provider["service_provider_sid"]}
        await world.check_refused(
            400,
            "POST",
            "/v1/Accounts",
            [
                ({"name": "t"}, ["service_provider_sid"]),
                ({**good, "sip_realm": "not a realm"}, ["sip_realm"]),
                ({**good, "sip_realm": "192.0.2.1"}, ["sip_realm"]),
                ({**good, "registration_hook": "https://a.b"}, ["registration_hook"]),
                ({**good, "webhook_secret": "mine"}, ["webhook_secret"]),
                ({**good, "is_active": "yes"}, ["is_active"]),
                ({**good, "is_active": 2}, ["is_active"]),
            ],
        )
        await world.check_refused(
            422,
            "POST",
            "/v1/Accounts",
            [
                ({**good, "service_provider_sid": MISSING_SID}, ["service_provider_sid"]),
                ({**good, "name": "default"}, ["name"]),
                (
                    {**good, "enable_debug_log": 1, "plan_type": "paid"},
                    ["enable_debug_log", "plan_type"],
                ),
            ],
        )
        await world.made("Accounts", {**good, "sip_realm": "one.example", "enable_debug_log": 0})
        twin = {**good, "name": "u", "sip_realm": "ONE.example"}
        await world.check_refused(422, "POST", "/v1/Accounts", [(twin, ["sip_realm"])])

    in_world(sqlite_url, story)


def test_an_account_with_calls_in_progress_stays(sqlite_url):
    async def story(world):
        call = a_call(account_sid=world.account_sid)
        await world.database.write(lambda c: calls.insert(c, [call], BOX))
        reply = await world.send("DELETE", f"/v1/Accounts/{world.account_sid}")

        assert (reply.status, "progress" in reply.body["msg"]) == (422, True)

    in_world(sqlite_url, story)
