from unit.api.world import in_world

VOICE = ("vendor", "language", "voice")


def test_an_application_is_made_shown_changed_and_deleted(database_url):
    async def story(world):
        body = {
            "name": "inbound-bot",
            "account_sid": world.account_sid,
            "call_hook": {"url": "wss://bot.example.org/vg", "method": "post"},
            "call_status_hook": {
                "url": "https://bot.example.org/status",
                "username": "user",
                "password": "password of the hook",
            },
            "speech_synthesis_vendor": "microsoft",
            "speech_synthesis_language": "de-DE",
        }
        sid = await world.made("Applications", body)
        path = f"/v1/Applications/{sid}"
        shown = (await world.send("GET", path)).body
        assert shown.pop("created_at") == "2026-09-21T14:13:20.000Z"
        status_hook = shown["call_status_hook"]
        assert status_hook.pop("webhook_sid") != shown["call_hook"].pop("webhook_sid")
        assert shown == {
            "application_sid": sid,
            "account_sid": world.account_sid,
            "name": "inbound-bot",
            "call_hook": {
                "url": "wss://bot.example.org/vg",
                "method": "POST",
                "username": None,
                "password": None,
            },
            "call_status_hook": {
                "url": "https://bot.example.org/status",
                "method": "POST",
                "username": "user",
                "password": "passwo" + "X" * 14,
            },
            "app_json": None,
            "record_all_calls": 0,
            "speech_synthesis_vendor": "microsoft",
            "speech_synthesis_language": "de-DE",
            "speech_synthesis_voice": None,
            "speech_recognizer_vendor": None,
            "speech_recognizer_language": None,
            "use_for_fallback_speech": 0,
            **dict.fromkeys(f"fallback_speech_synthesis_{n}" for n in VOICE),
            **dict.fromkeys(f"fallback_speech_recognizer_{n}" for n in VOICE[:2]),
            "fallback": None,
        }
        change = await world.send("PUT", path, {"name": "renamed", "call_status_hook": None})
        assert (change.status, change.raw) == (204, b"")
        after = (await world.send("GET", path)).body
        assert (after["name"], after["call_status_hook"]) == ("renamed", None)
        assert after["call_hook"]["url"] == "wss://bot.example.org/vg"

        assert (await world.send("DELETE", path)).status == 204
        for method in ("GET", "PUT", "DELETE"):
            gone = await world.send(method, path, {})
            assert (gone.status, gone.text) == (404, "Not Found")

    in_world(database_url, story)
