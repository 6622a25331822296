from unit.api.world import in_world
from voxgate.model.alerts import Alert
from voxgate.store import alerts


def test_alerts_are_paged_with_text_and_filtered(sqlite_url):
    async def story(world):
        now = world.clock.now
        made = [
            Alert(now - 10, world.account_sid, "tts-failure", "failed", detail="401", vendor="x"),
            Alert(now - 20 * 86400, world.account_sid, "no-tts", "old"),
        ]
        await world.database.write(lambda c: alerts.add(c, made))
        path = f"/v1/Accounts/{world.account_sid}/Alerts"
        everything = (await world.send("GET", f"{path}?page=1&count=25")).body
        assert (everything["total"], everything["page"], everything["page_size"]) == (2, "1", "25")
        assert everything["data"][0] == {
            "time": "2026-09-21T14:13:10.000Z",
            "account_sid": world.account_sid,
            "alert_type": "tts-failure",
            "message": "failed",
            "detail": "401",
            "vendor": "x",
        }
        for query in (
            "days=7",
            "alert_type=tts-failure",
            "start=2026-09-20",
            "start=2026-09-20T00:00:00%2B02:00&end=2026-09-30T00:00:00Z",
        ):
            found = (await world.send("GET", f"{path}?page=1&count=25&{query}")).body
            assert [each["alert_type"] for each in found["data"]] == ["tts-failure"], query
        for query, field in (
            ("", "page"),
            ("page=1", "count"),
            ("page=0&count=5", "page"),
            ("page=1&count=501", "count"),
            ("page=1&count=5&start=yesterday", "start"),
            ("page=1&count=5&days=x", "days"),
        ):
            reply = await world.send("GET", f"{path}?{query}")
            assert (reply.status, reply.fields) == (400, [field])

    in_world(sqlite_url, story)
