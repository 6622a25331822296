from unit.api.world import MISSING_SID, in_world


def test_bad_numbers_are_refused_by_field(sqlite_url):
    async def story(world):
        good = {"number": "+4930111", "account_sid": world.account_sid}
        await world.check_refused(
            400,
            "POST",
            "/v1/PhoneNumbers",
            [
                ({"account_sid": world.account_sid}, ["number"]),
                ({"number": "1"}, ["account_sid"]),
                ({**good, "number": "+"}, ["number"]),
                ({**good, "number": "49 30"}, ["number"]),
                ({**good, "number": "49*30"}, ["number"]),
                ({**good, "number": "^49("}, ["number"]),
                ({**good, "number": "1" * 133}, ["number"]),
            ],
        )
        sid = await world.made("PhoneNumbers", good)
        await world.check_refused(
            422,
            "POST",
            "/v1/PhoneNumbers",
            [
                ({**good, "number": "4930111"}, ["number"]),
                ({**good, "number": "2", "voip_carrier_sid": MISSING_SID}, ["voip_carrier_sid"]),
                ({**good, "number": "2", "application_sid": MISSING_SID}, ["application_sid"]),
            ],
        )
        path = f"/v1/PhoneNumbers/{sid}"
        fixed = {"number": "5", "voip_carrier_sid": MISSING_SID}
        await world.check_refused(400, "PUT", path, [(fixed, ["number", "voip_carrier_sid"])])

    in_world(sqlite_url, story)


def test_a_provider_hands_its_number_to_an_account(tenants):
    home = tenants.home
    one = home.accounts[0]

    async def story(world):
        body = {"number": "+4977", "service_provider_sid": home.service_provider_sid}
        sid = await world.made("PhoneNumbers", body, token=home.token)
        path = f"/v1/PhoneNumbers/{sid}"
        assert (await world.send("GET", path, token=one.token)).status == 404
        foreign = {"account_sid": tenants.away.accounts[0].account_sid}
        assert (await world.send("PUT", path, foreign, token=home.token)).status == 422
        given = {"account_sid": one.account_sid}
        assert (await world.send("PUT", path, given, token=home.token)).status == 204
        assert (await world.send("GET", path, token=one.token)).status == 200
        taken = {"account_sid": None}
        assert (await world.send("PUT", path, taken, token=one.token)).status == 403

    in_world(tenants.url, story)


def test_not_even_an_admin_puts_a_number_on_the_trunk_of_another_tenant(tenants):
    home, away = tenants.home, tenants.away
    one, two = home.accounts

    async def story(world):
        for number, owner in enumerate((one, two, home, away, away.accounts[0])):
            body = {
                "number": f"500{number}",
                "account_sid": one.account_sid,
                "voip_carrier_sid": owner.sids["VoipCarriers"],
            }
            reply = await world.send("POST", "/v1/PhoneNumbers", body)
            assert reply.status == (201 if owner in (one, home) else 422), reply.text

    in_world(tenants.url, story)
