from unit.api.orders import HOOK
from unit.api.world import in_world


def test_lists_are_bare_arrays_until_a_page_is_asked_for(sqlite_url):
    async def story(world):
        for name in ("one", "two", "three"):
            body = {"name": name, "account_sid": world.account_sid, "call_hook": HOOK}
            world.clock.now += 1
            await world.made("Applications", body)

        everything = (await world.send("GET", "/v1/Applications")).body
        assert [each["name"] for each in everything] == ["one", "two", "three"]
        for page in (0, 1):
            reply = await world.send("GET", f"/v1/Applications?page={page}&page_size=2")
            envelope = reply.body
            assert [each["name"] for each in envelope.pop("data")] == ["one", "two"]
            assert envelope == {"total": 3, "page": page, "page_size": 2}
        second = (await world.send("GET", "/v1/Applications?page=2&page_size=2")).body
        assert [each["name"] for each in second["data"]] == ["three"]
        named = (await world.send("GET", "/v1/Applications?name=TW")).body
        assert [each["name"] for each in named] == ["two"]
        of_account = f"/v1/Accounts/{world.account_sid}/Applications?page=1"
        assert (await world.send("GET", of_account)).body["total"] == 3
        for wrong in ("page=-1", "page=x", "page=1&page_size=0", "page=1&page_size=501"):
            reply = await world.send("GET", f"/v1/Applications?{wrong}")
            assert reply.status == 400

    in_world(sqlite_url, story)
