from unit.api.world import MISSING_SID, in_world


def test_bad_carriers_are_refused_by_field(sqlite_url):
    async def story(world):
        good = {"name": "trunk", "account_sid": world.account_sid}
        await world.check_refused(
            400,
            "POST",
            "/v1/VoipCarriers",
            [
                ({"account_sid": world.account_sid}, ["name"]),
                ({"name": "trunk"}, ["account_sid"]),
                ({**good, "tech_prefix": "12 34"}, ["tech_prefix"]),
                ({**good, "tech_prefix": "1" * 17}, ["tech_prefix"]),
                ({**good, "diversion": "+1\r\n"}, ["diversion"]),
                ({**good, "outbound_sip_proxy": "sips:a.b"}, ["outbound_sip_proxy"]),
                ({**good, "outbound_sip_proxy": "sip:a.b?X=y"}, ["outbound_sip_proxy"]),
                ({**good, "register_password": "x"}, ["register_username"]),
                ({**good, "register_from_domain": "sip:a.b"}, ["register_from_domain"]),
                ({**good, "register_status": "{}"}, ["register_status"]),
                ({**good, "trunk_type": "dynamic"}, ["trunk_type"]),
                (
                    {**good, "trunk_type": "auth"},
                    ["inbound_auth_username", "inbound_auth_password"],
                ),
                (
                    {**good, "requires_register": 1},
                    ["register_username", "register_password"],
                ),
                ({**good, "register_sip_realm": "sip:a.b"}, ["register_sip_realm"]),
                ({**good, "register_from_user": "a b"}, ["register_from_user"]),
            ],
        )
        await world.check_refused(
            422,
            "POST",
            "/v1/VoipCarriers",
            [
                ({**good, "name": "sandbox"}, ["name"]),
                ({**good, "dtmf_type": "info"}, ["dtmf_type"]),
                ({**good, "application_sid": MISSING_SID}, ["application_sid"]),
            ],
        )
        sid = await world.made("VoipCarriers", good)
        await world.check_refused(422, "POST", "/v1/VoipCarriers", [(good, ["name"])])
        path = f"/v1/VoipCarriers/{sid}"
        await world.check_refused(400, "PUT", path, [({"account_sid": None}, ["account_sid"])])
        await world.check_refused(422, "PUT", path, [({"name": "sandbox"}, ["name"])])

    in_world(sqlite_url, story)


def test_a_carrier_in_use_stays(tenants):
    one = tenants.home.accounts[0]

    async def story(world):
        path = f"/v1/VoipCarriers/{one.sids['VoipCarriers']}"
        reply = await world.send("DELETE", path)
        assert (reply.status, "routing rules" in reply.body["msg"]) == (422, True)
        await world.send("DELETE", f"/v1/Lcrs/{one.sids['Lcrs']}")
        assert (await world.send("DELETE", path)).status == 204
        gateway = await world.send("GET", f"/v1/SipGateways/{one.sids['SipGateways']}")
        assert gateway.status == 404

    in_world(tenants.url, story)
