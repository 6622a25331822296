from unit.api.world import in_world


def test_single_routes_and_entries_are_made_changed_and_deleted(tenants):
    one = tenants.home.accounts[0]
    carrier, table = one.sids["VoipCarriers"], one.sids["Lcrs"]

    async def story(world):
        async def default():
            shown = await world.send("GET", f"/v1/Lcrs/{table}", token=one.token)
            return shown.body["default_carrier_set_entry_sid"]

        entry = {"voip_carrier_sid": carrier, "workload": 3}
        body = {
            "lcr_sid": table,
            "regex": ".*",
            "priority": 9999,
            "lcr_carrier_set_entries": [entry],
        }
        sid = await world.made("LcrRoutes", body, token=one.token)
        listed = (await world.send("GET", f"/v1/LcrRoutes?lcr_sid={table}", token=one.token)).body
        assert [each["regex"] for each in listed] == ["49", ".*"]
        (made,) = listed[1]["lcr_carrier_set_entries"]
        assert await default() == made["lcr_carrier_set_entry_sid"]
        path = f"/v1/LcrCarrierSetEntries/{made['lcr_carrier_set_entry_sid']}"
        assert (await world.send("PUT", path, {"workload": 9}, token=one.token)).status == 204
        assert (await world.send("GET", path, token=one.token)).body["workload"] == 9
        entries = f"/v1/LcrCarrierSetEntries?lcr_route_sid={sid}"
        assert len((await world.send("GET", entries, token=one.token)).body) == 1
        assert (await world.send("DELETE", path, token=one.token)).status == 204
        assert await default() is None
        route = f"/v1/LcrRoutes/{sid}"
        assert (await world.send("PUT", route, {"regex": "7"}, token=one.token)).status == 204
        assert (await world.send("DELETE", route, token=one.token)).status == 204
        assert (await world.send("GET", route, token=one.token)).status == 404

    in_world(tenants.url, story)
