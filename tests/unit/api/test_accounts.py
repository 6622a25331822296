from unit.api.orders import HOOK
from unit.api.world import in_world


def test_an_account_is_made_with_a_secret_that_can_be_renewed(sqlite_url):
    async def story(world):
        (provider,) = (await world.send("GET", "/v1/ServiceProviders")).body
        body = {
            "name": "tenant",
            "service_provider_sid": provider["service_provider_sid"],
            "sip_realm": "Tenant.Example",
            "registration_hook": HOOK,
        }
        sid = await world.made("Accounts", body)
        path = f"/v1/Accounts/{sid}"
        shown = (await world.send("GET", path)).body
        assert (shown["sip_realm"], shown["is_active"]) == ("tenant.example", 1)
        assert shown["webhook_secret"].startswith("wh_secret_")
        same = (await world.send("GET", f"{path}/WebhookSecret")).body
        assert same == {"webhook_secret": shown["webhook_secret"]}
        renewed = (await world.send("GET", f"{path}/WebhookSecret?regenerate=true")).body
        assert renewed != same
        assert (await world.send("GET", f"{path}/WebhookSecret")).body == renewed
        listed = (await world.send("GET", "/v1/Accounts")).body
        masked = next(each for each in listed if each["account_sid"] == sid)["webhook_secret"]
        assert set(masked[6:]) == {"X"}

    in_world(sqlite_url, story)
