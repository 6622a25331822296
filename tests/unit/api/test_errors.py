from unit.api.world import in_world


def test_a_sid_that_is_none_is_a_bad_request(sqlite_url):
    async def story(world):
        for path in (
            "/v1/Accounts/x",
            "/v1/Applications/1234",
            f"/v1/Accounts/{world.account_sid}/Calls/abc",
            f"/v1/Accounts/{world.account_sid}0/Calls",
        ):
            reply = await world.send("GET", path)
            assert (reply.status, reply.body) == (400, {"msg": "Bad request"})

    in_world(sqlite_url, story)


def test_a_sid_may_be_written_in_capitals(sqlite_url):
    async def story(world):
        reply = await world.send("GET", f"/v1/Accounts/{world.account_sid.upper()}")
        assert reply.status == 200

    in_world(sqlite_url, story)


def test_unknown_paths_and_methods_are_told_in_plain_text(sqlite_url):
    async def story(world):
        missing = await world.send("GET", "/v1/Nothing")
        assert (missing.status, missing.text) == (404, "Not Found")
        wrong = await world.send("DELETE", "/v1/Accounts")
        assert (wrong.status, wrong.text) == (405, "Method Not Allowed")
        assert "allow" in wrong.headers

    in_world(sqlite_url, story)


def test_a_lost_database_is_503_and_not_401(sqlite_url):
    async def story(world):
        await world.database.close()
        world.clock.now += 60
        reply = await world.send("GET", "/v1/Accounts")
        assert reply.status == 503
        assert reply.body["msg"]

    in_world(sqlite_url, story)
