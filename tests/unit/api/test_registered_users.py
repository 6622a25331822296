from unit.api.world import in_world
from voxgate.model.devices import Registration
from voxgate.store import registrations

CONTACT = "sip:alice@192.0.2.7:5062;transport=tcp"


def test_registered_users_are_told_in_the_contracts_words(sqlite_url):
    """Contract 1.4.12."""

    async def story(world):
        account = f"/v1/Accounts/{world.account_sid}"
        path = f"{account}/RegisteredSipUsers"
        await world.send("POST", f"{account}/SipRealms/Sip.Example.com")
        client = {"account_sid": world.account_sid, "username": "alice", "password": "secret word"}
        await world.made("Clients", client | {"allow_direct_app_calling": 0})
        now = world.clock.wall()
        phone = Registration(
            world.account_sid, "alice", "sip.example.com", CONTACT, "tcp", "203.0.113.9", 41000,
            "c", 1, now, now + 300,
        )  # fmt: skip
        await world.database.write(
            lambda c: registrations.replace(c, world.account_sid, "alice", removed=[], kept=[phone])
        )

        assert (await world.send("GET", path)).body == ["alice@sip.example.com"]
        (alice,) = (await world.send("POST", path, [])).body
        assert alice == {
            "name": "alice",
            "contact": CONTACT,
            "expiryTime": round((now + 300) * 1000),
            "protocol": "tcp",
            "sbcAddress": "192.0.2.1:5060",
            "registered_status": "active",
        }
        (bob,) = (await world.send("POST", path, ["bob@sip.example.com"])).body
        assert (bob["name"], bob["registered_status"], bob["contact"]) == ("bob", "inactive", None)
        one = (await world.send("GET", f"{path}/alice")).body
        flags = ("app", "queue", "user")
        assert [one[f"allow_direct_{flag}_calling"] for flag in flags] == [0, 1, 1]
        assert one["proxy"] == "sip:203.0.113.9:41000"
        assert (await world.send("GET", f"{path}/nobody")).status == 404

    in_world(sqlite_url, story)
