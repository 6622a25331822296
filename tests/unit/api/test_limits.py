from unit.api.world import in_world


def test_requests_beyond_the_rate_are_429_until_the_minute_is_over(sqlite_url):
    async def story(world):
        granted = [await world.send("GET", "/v1/Accounts") for _ in range(3)]
        assert [reply.status for reply in granted] == [200] * 3
        assert [reply.headers["ratelimit-remaining"] for reply in granted] == ["2", "1", "0"]
        refused = await world.send("GET", "/v1/Accounts")
        assert (refused.status, refused.text) == (429, "Too Many Requests")
        assert refused.headers["ratelimit-limit"] == "3"
        assert 0 < int(refused.headers["retry-after"]) <= 60

        assert (await world.send("GET", "/health")).status == 200
        world.clock.now += 60
        assert (await world.send("GET", "/v1/Accounts")).status == 200

    in_world(sqlite_url, story, requests_per_minute=3)


def test_keys_are_limited_apart(sqlite_url):
    async def story(world):
        token = await world.key(account_sid=world.account_sid)
        assert (await world.send("GET", "/v1/Accounts")).status == 429
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 200

    in_world(sqlite_url, story, requests_per_minute=1)


def test_without_a_limit_there_are_no_limit_headers(sqlite_url):
    async def story(world):
        reply = await world.send("GET", "/v1/Accounts")
        assert "ratelimit-limit" not in reply.headers

    in_world(sqlite_url, story)
