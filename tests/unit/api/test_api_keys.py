from unit.api.world import in_world


def test_a_token_is_shown_once_and_lists_show_how_it_begins(sqlite_url):
    async def story(world):
        made = (await world.send("POST", "/v1/ApiKeys", {"account_sid": world.account_sid})).body
        path = f"/v1/Accounts/{world.account_sid}/ApiKeys"
        (listed,) = (await world.send("GET", path)).body
        assert listed["api_key_sid"] == made["sid"]
        assert listed["token"] == made["token"][:6] + "X" * 30
        assert (listed["account_sid"], listed["last_used"]) == (world.account_sid, None)

        await world.send("GET", "/v1/Accounts", token=made["token"])
        noted = None
        while noted is None:
            noted = (await world.send("GET", path)).body[0]["last_used"]
        assert noted == "2026-09-21T14:13:20.000Z"

    in_world(sqlite_url, story)
