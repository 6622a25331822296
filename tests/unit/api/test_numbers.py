from unit.api.world import in_world


def test_numbers_lose_their_plus_and_are_found_by_part(sqlite_url):
    async def story(world):
        for number in ("+4930111", "4930*", "^4940.*"):
            await world.made("PhoneNumbers", {"number": number, "account_sid": world.account_sid})
        found = (await world.send("GET", "/v1/PhoneNumbers?filter=930")).body
        assert [each["number"] for each in found] == ["4930*", "4930111"]
        page = (await world.send("GET", "/v1/PhoneNumbers?page=1&page_size=1")).body
        assert (page["total"], len(page["data"])) == (3, 1)
        query = f"account_sid={world.account_sid}"
        assert len((await world.send("GET", f"/v1/PhoneNumbers?{query}")).body) == 3

    in_world(sqlite_url, story)
