from unit.api.world import ADMIN_TOKEN, in_world


def test_a_key_can_expire(sqlite_url):
    async def story(world):
        body = {"account_sid": world.account_sid, "expiry_secs": 60}
        token = (await world.send("POST", "/v1/ApiKeys", body)).body["token"]
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 200
        world.clock.now += 60
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 401

    in_world(sqlite_url, story)


def test_the_last_admin_key_stays(sqlite_url):
    async def story(world):
        other = (await world.send("POST", "/v1/ApiKeys", {})).body
        assert (await world.send("DELETE", f"/v1/ApiKeys/{other['sid']}")).status == 204
        found = await world.directory.principal(ADMIN_TOKEN)
        reply = await world.send("DELETE", f"/v1/ApiKeys/{found.api_key_sid}")
        assert (reply.status, reply.body["msg"]) == (422, "cannot delete the last admin key")

    in_world(sqlite_url, story)
