from unit.api.world import in_world
from voxgate.base.ids import new_sid


def test_conferences_and_queues_of_an_account_are_listed(sqlite_url):
    """gotcha 17: names with colons are whole."""

    async def story(world):
        path = f"/v1/Accounts/{world.account_sid}"
        world.engine.conference_names[world.account_sid] = ["a", "sales:emea:1"]
        world.engine.queue_lengths[world.account_sid] = {"line:1": 2, "other": 0}

        conferences = await world.send("GET", f"{path}/Conferences")
        queues = await world.send("GET", f"{path}/Queues")
        found = await world.send("GET", f"{path}/Queues?search=line")

        assert (conferences.status, conferences.body) == (200, ["a", "sales:emea:1"])
        assert queues.body == [{"name": "line:1", "length": 2}, {"name": "other", "length": 0}]
        assert found.body == [{"name": "line:1", "length": 2}]

    in_world(sqlite_url, story)


def test_those_of_others_are_not_shown(sqlite_url):
    async def story(world):
        stranger = new_sid()
        for noun in ("Conferences", "Queues"):
            reply = await world.send("GET", f"/v1/Accounts/{stranger}/{noun}")
            assert reply.status == 404

    in_world(sqlite_url, story)
