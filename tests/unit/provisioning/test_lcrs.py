from unit.api.world import in_world


def test_sids_of_other_tables_are_not_taken_over(tenants):
    one, two = tenants.home.accounts

    async def story(world):
        stolen = {
            "lcr_route_sid": two.sids["LcrRoutes"],
            "regex": "1",
            "lcr_carrier_set_entries": [
                {
                    "lcr_carrier_set_entry_sid": two.sids["LcrCarrierSetEntries"],
                    "voip_carrier_sid": one.sids["VoipCarriers"],
                }
            ],
        }
        path = f"/v1/Lcrs/{one.sids['Lcrs']}/Routes"
        assert (await world.send("PUT", path, [stolen, stolen], token=one.token)).status == 204
        theirs = f"/v1/LcrRoutes/{two.sids['LcrRoutes']}"
        kept = (await world.send("GET", theirs, token=two.token)).body
        assert (kept["regex"], len(kept["lcr_carrier_set_entries"])) == ("49", 1)

    in_world(tenants.url, story)
