from unit.api.world import in_world


def test_the_routes_of_a_table_are_set_at_once_and_keep_their_sids(tenants):
    one = tenants.home.accounts[0]
    carrier, table = one.sids["VoipCarriers"], one.sids["Lcrs"]
    path = f"/v1/Lcrs/{table}/Routes"

    async def story(world):
        entry = {"voip_carrier_sid": carrier}
        routes = [
            {"regex": "4930", "priority": 0, "lcr_carrier_set_entries": [entry]},
            {"regex": "4940", "priority": 0},
            {"regex": ".*", "priority": 9999, "lcr_carrier_set_entries": [entry]},
        ]
        reply = await world.send("POST", path, routes, token=one.token)
        assert (reply.status, reply.raw) == (204, b"")
        stored = (await world.send("GET", path, token=one.token)).body
        assert [route["regex"] for route in stored] == ["4930", "4940", ".*"]
        default = stored[2]["lcr_carrier_set_entries"][0]["lcr_carrier_set_entry_sid"]
        shown = (await world.send("GET", f"/v1/Lcrs/{table}", token=one.token)).body
        assert shown["default_carrier_set_entry_sid"] == default

        # What GET showed can be put back, in part: the rest goes, the sids stay.
        assert (await world.send("PUT", path, stored[:1], token=one.token)).status == 204
        again = (await world.send("GET", path, token=one.token)).body
        assert again == stored[:1]
        shown = (await world.send("GET", f"/v1/Lcrs/{table}", token=one.token)).body
        assert shown["default_carrier_set_entry_sid"] is None

    in_world(tenants.url, story)
