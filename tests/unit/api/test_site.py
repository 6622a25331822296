from unit.api.world import in_world


def test_health_readiness_and_metrics_need_no_key(sqlite_url):
    async def story(world):
        for path in ("/", "/health"):
            alive = await world.send("GET", path, token=None)
            assert (alive.status, alive.text) == (200, "OK")
        ready = await world.send("GET", "/ready", token=None)
        assert (ready.status, ready.body) == (200, {"status": "ready", "problems": []})
        world.health.found = ["the disk is full"]
        not_ready = await world.send("GET", "/ready", token=None)
        assert (not_ready.status, not_ready.body["problems"]) == (503, ["the disk is full"])
        metrics = await world.send("GET", "/metrics", token=None)
        assert (metrics.status, metrics.text) == (200, "voxgate_up 1\n")

    in_world(sqlite_url, story)
