from unit.api.world import MISSING_SID, in_world

GOOD = {"username": "alice", "password": "wonderland"}


def test_bad_clients_are_refused_by_field(sqlite_url):
    async def story(world):
        good = {**GOOD, "account_sid": world.account_sid}
        await world.check_refused(
            400,
            "POST",
            "/v1/Clients",
            [
                ({"account_sid": world.account_sid, "username": "a"}, ["password"]),
                ({"account_sid": world.account_sid, "password": "a"}, ["username"]),
                (GOOD, ["account_sid"]),
                ({**good, "username": "a b"}, ["username"]),
                ({**good, "username": "alice@home"}, ["username"]),
                ({**good, "username": "x" * 65}, ["username"]),
                ({**good, "password": ""}, ["password"]),
                ({**good, "password": "a\nb"}, ["password"]),
                ({**good, "is_active": "yes"}, ["is_active"]),
                ({**good, "colour": "blue"}, ["colour"]),
                ({**good, "client_sid": MISSING_SID}, ["client_sid"]),
            ],
        )
        sid = await world.made("Clients", good)
        await world.check_refused(400, "POST", "/v1/Clients", [(good, ["username"])])
        other = [({"account_sid": MISSING_SID}, ["account_sid"])]
        await world.check_refused(400, "PUT", f"/v1/Clients/{sid}", other)

    in_world(sqlite_url, story)


def test_an_accounts_key_manages_its_own_devices_only(sqlite_url):
    async def story(world):
        provider = (await world.send("GET", f"/v1/Accounts/{world.account_sid}")).body
        other = await world.made(
            "Accounts", {"name": "o", "service_provider_sid": provider["service_provider_sid"]}
        )
        token = await world.key(account_sid=other)
        mine = await world.made("Clients", GOOD, token=token)
        foreign = await world.made("Clients", {**GOOD, "account_sid": world.account_sid})

        listed = (await world.send("GET", "/v1/Clients", token=token)).body
        assert [client["client_sid"] for client in listed] == [mine]
        for method in ("GET", "DELETE"):
            reply = await world.send(method, f"/v1/Clients/{foreign}", token=token)
            assert reply.status == 404

    in_world(sqlite_url, story)
