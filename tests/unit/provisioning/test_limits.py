from unit.api.world import in_world


def test_bad_limits_are_refused_by_field(sqlite_url):
    async def story(world):
        path = f"/v1/Accounts/{world.account_sid}/Limits"
        await world.check_refused(
            400,
            "POST",
            path,
            [
                ({"category": "device"}, ["quantity"]),
                ({"quantity": 1}, ["category"]),
                ({"category": "colour", "quantity": 1}, ["category"]),
                ({"category": "device", "quantity": -1}, ["quantity"]),
                ({"category": "device", "quantity": "1"}, ["quantity"]),
            ],
        )
        later = [({"category": "voice_call_minutes", "quantity": 1}, ["category"])]
        await world.check_refused(422, "POST", path, later)

    in_world(sqlite_url, story)


def test_nobody_raises_his_own_limits(sqlite_url):
    async def story(world):
        account = (await world.send("GET", f"/v1/Accounts/{world.account_sid}")).body
        provider_sid = account["service_provider_sid"]
        of_account = f"/v1/Accounts/{world.account_sid}/Limits"
        of_provider = f"/v1/ServiceProviders/{provider_sid}/Limits"
        tenant = await world.key(account_sid=world.account_sid)
        provider = await world.key(service_provider_sid=provider_sid)
        body = {"category": "device", "quantity": 9}

        async def status(method, path, token):
            sent = body if method == "POST" else None
            return (await world.send(method, path, sent, token=token)).status

        assert await status("POST", of_account, tenant) == 403
        assert await status("DELETE", of_account, tenant) == 403
        assert await status("GET", of_account, tenant) == 200
        assert await status("POST", of_account, provider) == 201
        assert await status("POST", of_provider, provider) == 403
        assert await status("DELETE", of_provider, provider) == 403
        assert await status("GET", of_provider, provider) == 200
        assert await status("GET", of_provider, tenant) == 403

    in_world(sqlite_url, story)
