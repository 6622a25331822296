from unit.api.world import in_world


def test_bad_rules_are_refused_by_field(tenants):
    one = tenants.home.accounts[0]
    carrier, table = one.sids["VoipCarriers"], one.sids["Lcrs"]
    entry = {"voip_carrier_sid": carrier}

    async def story(world):
        path = f"/v1/Lcrs/{table}/Routes"
        reply = await world.send("PUT", path, {"regex": "1"})
        assert (reply.status, reply.fields) == (400, [])
        await world.check_refused(
            400,
            "PUT",
            path,
            [
                ([{"regex": "("}], ["0.regex"]),
                ([{"regex": "1"}, {"priority": 1}], ["1.regex"]),
                ([{"regex": "x" * 33}], ["0.regex"]),
                ([{"regex": "1", "priority": 10000}], ["0.priority"]),
                (
                    [{"regex": "1", "lcr_carrier_set_entries": [{**entry, "workload": 0}]}],
                    ["0.lcr_carrier_set_entries.0.workload"],
                ),
            ],
        )
        await world.check_refused(
            400,
            "POST",
            "/v1/LcrRoutes",
            [({"regex": "1"}, ["lcr_sid"]), ({"lcr_sid": table}, ["regex"])],
        )
        second = await world.send("POST", "/v1/Lcrs", {"name": "x", "account_sid": one.account_sid})
        assert second.status == 400
        for noun, name in (("LcrRoutes", "lcr_sid"), ("LcrCarrierSetEntries", "lcr_route_sid")):
            reply = await world.send("GET", f"/v1/{noun}")
            assert (reply.status, reply.body["msg"]) == (400, f"missing {name}")

    in_world(tenants.url, story)


def test_not_even_an_admin_mixes_the_trunks_of_tenants(tenants):
    home, away = tenants.home, tenants.away
    one, two = home.accounts

    async def story(world):
        own_table = one.sids["LcrRoutes"], (one, home)
        shared_table = home.sids["LcrRoutes"], (home,)
        for route, allowed in (own_table, shared_table):
            for owner in (one, two, home, away, away.accounts[0]):
                body = {
                    "lcr_route_sid": route,
                    "voip_carrier_sid": owner.sids["VoipCarriers"],
                }
                reply = await world.send("POST", "/v1/LcrCarrierSetEntries", body)
                assert reply.status == (201 if owner in allowed else 422), reply.text

    in_world(tenants.url, story)
