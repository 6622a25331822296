from unit.api.world import in_world


def test_a_client_hides_its_password_and_keeps_it(sqlite_url):
    async def story(world):
        body = {
            "account_sid": world.account_sid,
            "username": "alice",
            "password": "wonderland",
            "allow_direct_queue_calling": 0,
        }
        sid = await world.made("Clients", body)
        path = f"/v1/Clients/{sid}"
        shown = (await world.send("GET", path)).body
        assert shown["password"] == "wonderXXXX"
        flags = ("app", "queue", "user")
        assert [shown[f"allow_direct_{flag}_calling"] for flag in flags] == [1, 0, 1]
        assert shown["is_active"] == 1

        change = {"password": shown["password"], "is_active": 0}
        assert (await world.send("PUT", path, change)).status == 204
        known = await world.directory.client(world.account_sid, "alice")
        assert (known.password, known.is_active) == ("wonderland", False)
        listed = (await world.send("GET", f"/v1/Accounts/{world.account_sid}/Clients?page=1")).body
        assert (listed["total"], listed["data"][0]["username"]) == (1, "alice")
        assert (await world.send("DELETE", path)).status == 204
        assert (await world.send("GET", path)).status == 404

    in_world(sqlite_url, story)
