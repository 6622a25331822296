from unit.api.world import in_world


def test_a_carrier_hides_its_password_and_keeps_it(sqlite_url):
    async def story(world):
        body = {
            "name": "trunk",
            "account_sid": world.account_sid,
            "e164_leading_plus": 1,
            "tech_prefix": "99#",
            "register_username": "user",
            "register_password": "carrier password",
            "outbound_sip_proxy": "sip:proxy.example:5070;transport=tcp",
            "trunk_type": "static_ip",
            "dtmf_type": "rfc2833",
            "requires_register": 0,
        }
        sid = await world.made("VoipCarriers", body)
        path = f"/v1/VoipCarriers/{sid}"
        shown = (await world.send("GET", path)).body
        assert shown["register_password"] == "carrieXXXXXXXXXX"
        assert (shown["e164_leading_plus"], shown["is_active"]) == (1, 1)
        back = {name: shown[name] for name in (*body, "is_active")}
        assert (await world.send("PUT", path, {**back, "tech_prefix": ""})).status == 204
        account = await world.directory.account(world.account_sid)
        (carrier,) = (await world.directory.facts(account)).carriers
        assert (carrier.register_password, carrier.tech_prefix) == ("carrier password", None)
        assert not carrier.made_by_account

    in_world(sqlite_url, story)
