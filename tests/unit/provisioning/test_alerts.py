from dataclasses import replace

from unit.api.world import in_world
from voxgate.model.alerts import Alert
from voxgate.store import alerts


def test_a_provider_sees_the_alerts_of_its_accounts(tenants):
    home, away = tenants.home, tenants.away
    one, two = home.accounts

    async def story(world):
        alert = Alert(
            world.clock.now - 1,
            one.account_sid,
            "no-tts",
            "x",
            service_provider_sid=home.service_provider_sid,
        )
        neighbour = replace(alert, account_sid=two.account_sid)
        foreign = replace(
            alert,
            account_sid=away.accounts[0].account_sid,
            service_provider_sid=away.service_provider_sid,
        )
        await world.database.write(lambda c: alerts.add(c, [alert, neighbour, foreign]))
        query = "Alerts?page=1&count=10"
        path = f"/v1/ServiceProviders/{home.service_provider_sid}/{query}"
        found = (await world.send("GET", path, token=home.token)).body
        assert {each["account_sid"] for each in found["data"]} == {one.account_sid, two.account_sid}
        own = await world.send("GET", f"/v1/Accounts/{one.account_sid}/{query}", token=one.token)
        assert own.body["total"] == 1

    in_world(tenants.url, story)
