from unit.api.world import in_world


def test_a_provider_with_accounts_stays_and_an_empty_one_goes(sqlite_url):
    async def story(world):
        sid = await world.made("ServiceProviders", {"name": "new", "root_domain": "v.example"})
        await world.check_refused(
            422, "POST", "/v1/ServiceProviders", [({"name": "new"}, ["name"])]
        )
        account = await world.made("Accounts", {"name": "a", "service_provider_sid": sid})
        path = f"/v1/ServiceProviders/{sid}"
        assert (await world.send("DELETE", path)).status == 422
        assert (await world.send("DELETE", f"/v1/Accounts/{account}")).status == 204
        assert (await world.send("DELETE", path)).status == 204
        assert (await world.send("GET", path)).status == 404

    in_world(sqlite_url, story)
