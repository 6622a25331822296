from unit.api.world import MISSING_SID, in_world


def test_bad_gateways_are_refused_by_field(sqlite_url):
    async def story(world):
        trunk = {"name": "trunk", "account_sid": world.account_sid}
        carrier = await world.made("VoipCarriers", trunk)
        good = {"voip_carrier_sid": carrier, "ipv4": "sip.example.com", "port": 5060}
        await world.check_refused(
            400,
            "POST",
            "/v1/SipGateways",
            [
                ({"ipv4": "192.0.2.1"}, ["voip_carrier_sid"]),
                ({"voip_carrier_sid": carrier}, ["ipv4"]),
                ({**good, "ipv4": "2001:db8::1"}, ["ipv4"]),
                ({**good, "ipv4": "a b"}, ["ipv4"]),
                ({**good, "ipv4": "sip:a.b"}, ["ipv4"]),
                ({**good, "inbound": 1}, ["ipv4"]),
                ({**good, "netmask": 24}, ["netmask"]),
                ({**good, "netmask": 33}, ["netmask"]),
                ({**good, "port": 0}, ["port"]),
                ({**good, "port": "5060"}, ["port"]),
                ({**good, "protocol": "sctp"}, ["protocol"]),
            ],
        )
        await world.check_refused(
            422,
            "POST",
            "/v1/SipGateways",
            [
                ({**good, "protocol": "tls"}, ["protocol"]),
                ({**good, "protocol": "tls/srtp"}, ["protocol"]),
                ({**good, "use_sips_scheme": 1}, ["use_sips_scheme"]),
                ({**good, "voip_carrier_sid": MISSING_SID}, ["voip_carrier_sid"]),
            ],
        )
        sid = await world.made("SipGateways", good)
        await world.check_refused(422, "POST", "/v1/SipGateways", [(good, ["ipv4"])])
        ranged = {**good, "ipv4": "192.0.2.0", "inbound": 1, "outbound": 0, "netmask": 24}
        await world.made("SipGateways", ranged)
        missing = await world.send("GET", "/v1/SipGateways")
        assert (missing.status, missing.body["msg"]) == (400, "missing voip_carrier_sid")
        moved = {"voip_carrier_sid": MISSING_SID}
        await world.check_refused(
            400, "PUT", f"/v1/SipGateways/{sid}", [(moved, ["voip_carrier_sid"])]
        )

    in_world(sqlite_url, story)


def test_an_account_may_not_lead_a_trunk_into_the_inside(tenants):
    one = tenants.home.accounts[0]

    async def story(world):
        carrier = one.sids["VoipCarriers"]
        gateway = f"/v1/SipGateways/{one.sids['SipGateways']}"
        inside = {"voip_carrier_sid": carrier, "ipv4": "127.0.0.1"}
        proxied = {"outbound_sip_proxy": "10.0.0.1"}

        async def marked():
            account = await world.directory.account(one.account_sid)
            return (await world.directory.facts(account)).by_sid(carrier).made_by_account

        for token, status in ((one.token, 422), (tenants.home.token, 201)):
            reply = await world.send("POST", "/v1/SipGateways", inside, token=token)
            assert reply.status == status, reply.text
        for token, status in ((one.token, 422), (tenants.home.token, 204)):
            path = f"/v1/VoipCarriers/{carrier}"
            assert (await world.send("PUT", path, proxied, token=token)).status == status
        assert not await marked()
        # A name may resolve to anything later, so from now on the policy applies to this trunk.
        named = {"ipv4": "trunk.example"}
        assert (await world.send("PUT", gateway, named, token=one.token)).status == 204
        assert await marked()

    in_world(tenants.url, story)
