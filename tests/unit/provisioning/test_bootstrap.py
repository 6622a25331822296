from unit.api.world import ADMIN_TOKEN, in_world
from voxgate.provisioning.bootstrap import Bootstrap


def test_the_sandbox_is_there_for_all_and_nobody_changes_it(tenants):
    tenant = tenants.away.accounts[0]

    async def story(world):
        bootstrap = Bootstrap(world.inventory)
        await bootstrap.ensure_sandbox("127.0.0.1", 5099)
        await bootstrap.ensure_sandbox("127.0.0.1", 5100)
        listed = (await world.send("GET", "/v1/VoipCarriers?name=sandbox", token=tenant.token)).body
        (sid,) = [each["voip_carrier_sid"] for each in listed]
        path = f"/v1/VoipCarriers/{sid}"
        gateways = await world.send(
            "GET", f"/v1/SipGateways?voip_carrier_sid={sid}", token=tenant.token
        )
        assert [(each["ipv4"], each["port"]) for each in gateways.body] == [("127.0.0.1", 5100)]
        for token, refusal in ((tenant.token, 403), (tenants.away.token, 422), (ADMIN_TOKEN, 422)):
            put = await world.send("PUT", path, {"description": "mine"}, token=token)
            assert put.status == refusal
            assert (await world.send("DELETE", path, token=token)).status == refusal

        await bootstrap.remove_sandbox()
        account = await world.directory.account(tenant.account_sid)
        assert not (await world.directory.facts(account)).named("sandbox").is_active

    in_world(tenants.url, story)
