from unit.api.world import in_world


def test_names_must_be_an_array_of_texts(sqlite_url):
    async def story(world):
        path = f"/v1/Accounts/{world.account_sid}"
        assert (await world.send("POST", f"{path}/SipRealms/sip.example.com")).status == 204
        for body in ({"a": 1}, [1], ["x" * 65], "alice", None):
            reply = await world.send("POST", f"{path}/RegisteredSipUsers", body)
            assert reply.status == 400, body

    in_world(sqlite_url, story)


def test_an_account_without_a_realm_has_no_users(sqlite_url):
    """Contract 1.4.12: 400."""

    async def story(world):
        reply = await world.send("GET", f"/v1/Accounts/{world.account_sid}/RegisteredSipUsers")
        assert reply.status == 400
        assert "sip_realm" in reply.body["msg"]

    in_world(sqlite_url, story)


def test_foreign_accounts_are_403(sqlite_url):
    async def story(world):
        account = (await world.send("GET", f"/v1/Accounts/{world.account_sid}")).body
        other = {"name": "o", "service_provider_sid": account["service_provider_sid"]}
        token = await world.key(account_sid=await world.made("Accounts", other))
        path = f"/v1/Accounts/{world.account_sid}/RegisteredSipUsers"
        assert (await world.send("GET", path, token=token)).status == 403
        assert (await world.send("GET", f"{path}/alice", token=token)).status == 403

    in_world(sqlite_url, story)
