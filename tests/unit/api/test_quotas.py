from unit.api.world import in_world


def test_limits_are_set_changed_listed_and_removed(sqlite_url):
    async def story(world):
        account = (await world.send("GET", f"/v1/Accounts/{world.account_sid}")).body
        provider_sid = account["service_provider_sid"]
        owners = {
            f"/v1/Accounts/{world.account_sid}/Limits": "account_limits_sid",
            f"/v1/ServiceProviders/{provider_sid}/Limits": "service_provider_limits_sid",
        }
        for path, sid_name in owners.items():
            made = await world.send("POST", path, {"category": "device", "quantity": 3})
            again = await world.send("POST", path, {"category": "device", "quantity": 4})
            await world.send("POST", path, {"category": "api_rate", "quantity": 1000})
            assert (made.status, made.body) == (201, again.body)
            (device,) = (await world.send("GET", f"{path}?category=device")).body
            assert (device[sid_name], device["quantity"]) == (made.body["sid"], 4)
            assert (await world.send("DELETE", f"{path}?category=device")).status == 204
            left = (await world.send("GET", path)).body
            assert [limit["category"] for limit in left] == ["api_rate"]
            assert (await world.send("DELETE", path)).status == 204
            assert (await world.send("GET", path)).body == []

    in_world(sqlite_url, story)


def test_an_account_over_its_api_rate_is_429_until_the_minute_is_over(sqlite_url):
    async def story(world):
        token = await world.key(account_sid=world.account_sid)
        path = f"/v1/Accounts/{world.account_sid}/Limits"
        await world.send("POST", path, {"category": "api_rate", "quantity": 2})

        async def ask():
            return await world.send("GET", "/v1/Applications", token=token)

        statuses = [(await ask()).status for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        refused = await ask()
        assert refused.headers["retry-after"] == "60"
        assert refused.headers["ratelimit-limit"] == "2"
        assert (await world.send("GET", "/v1/Applications")).status == 200  # an admin's key
        world.clock.now += 60
        assert (await ask()).status == 200

    in_world(sqlite_url, story)
