from unit.api.world import in_world


def test_a_gateway_is_made_shown_listed_and_deleted(tenants):
    one = tenants.home.accounts[0]

    async def story(world):
        body = {
            "voip_carrier_sid": one.sids["VoipCarriers"],
            "ipv4": "sip.example.com",
            "port": 5070,
            "protocol": "tcp",
            "inbound": 0,
            "outbound": 1,
            "send_options_ping": True,
        }
        sid = await world.made("SipGateways", body, token=one.token)
        path = f"/v1/SipGateways/{sid}"
        shown = (await world.send("GET", path, token=one.token)).body
        assert shown == {
            "sip_gateway_sid": sid,
            **body,
            "send_options_ping": 1,
            "netmask": 32,
            "is_active": 1,
            "priority": 0,
            "created_at": "2026-09-21T14:13:20.000Z",
        }
        query = f"voip_carrier_sid={one.sids['VoipCarriers']}"
        listed = await world.send("GET", f"/v1/SipGateways?{query}", token=one.token)
        assert {each["sip_gateway_sid"] for each in listed.body} == {sid, one.sids["SipGateways"]}
        assert (await world.send("PUT", path, {"is_active": 0}, token=one.token)).status == 204
        assert (await world.send("GET", path, token=one.token)).body["is_active"] == 0
        assert (await world.send("DELETE", path, token=one.token)).status == 204
        assert (await world.send("GET", path, token=one.token)).status == 404

    in_world(tenants.url, story)
