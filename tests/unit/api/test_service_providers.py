from unit.api.world import in_world


def test_a_provider_is_made_shown_and_changed(sqlite_url):
    async def story(world):
        body = {"name": "Acme Voice", "description": "calls", "root_domain": "voice.example"}
        sid = await world.made("ServiceProviders", body)
        path = f"/v1/ServiceProviders/{sid}"
        created = {"service_provider_sid": sid, "created_at": "2026-09-21T14:13:20.000Z"}
        assert (await world.send("GET", path)).body == {**body, **created}
        await world.send("PUT", path, {"description": None})
        assert (await world.send("GET", path)).body == {**body, **created, "description": None}
        listed = (await world.send("GET", "/v1/ServiceProviders?page=1")).body
        assert (listed["total"], len(listed["data"])) == (2, 2)

    in_world(sqlite_url, story)


def test_the_lists_under_a_provider_hold_what_belongs_to_it(tenants):
    home = tenants.home

    async def story(world):
        for noun, expected in (
            ("Accounts", {each.account_sid for each in home.accounts}),
            ("Applications", {each.sids["Applications"] for each in home.accounts}),
            (
                "VoipCarriers",
                {home.sids["VoipCarriers"], *(e.sids["VoipCarriers"] for e in home.accounts)},
            ),
            (
                "PhoneNumbers",
                {home.sids["PhoneNumbers"], *(e.sids["PhoneNumbers"] for e in home.accounts)},
            ),
        ):
            path = f"/v1/ServiceProviders/{home.service_provider_sid}/{noun}"
            listed = (await world.send("GET", path, token=home.token)).body
            assert {next(iter(each.values())) for each in listed} == expected

    in_world(tenants.url, story)


def test_a_trunk_can_be_made_under_its_owners_path(tenants):
    home, one = tenants.home, tenants.home.accounts[0]

    async def story(world):
        for path, owner in (
            (f"ServiceProviders/{home.service_provider_sid}", None),
            (f"Accounts/{one.account_sid}", one.account_sid),
        ):
            sid = await world.made(f"{path}/VoipCarriers", {"name": "new"}, token=home.token)
            shown = (await world.send("GET", f"/v1/VoipCarriers/{sid}")).body
            assert shown["account_sid"] == owner
            assert shown["service_provider_sid"] == home.service_provider_sid
        contrary = {"name": "x", "account_sid": home.accounts[1].account_sid}
        path = f"/v1/Accounts/{one.account_sid}/VoipCarriers"
        reply = await world.send("POST", path, contrary)
        assert (reply.status, reply.fields) == (400, ["account_sid"])

    in_world(tenants.url, story)
