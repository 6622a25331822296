from unit.api.orders import HOOK
from unit.api.world import MISSING_SID, in_world


def test_what_get_showed_can_be_put_back_without_losing_a_password(sqlite_url):
    async def story(world):
        hook = {**HOOK, "username": "u", "password": "a long password"}
        body = {"name": "bot", "account_sid": world.account_sid, "call_hook": hook}
        sid = await world.made("Applications", body)
        path = f"/v1/Applications/{sid}"
        shown = (await world.send("GET", path)).body
        back = {k: shown[k] for k in ("name", "account_sid", "call_hook", "call_status_hook")}
        assert (await world.send("PUT", path, back)).status == 204
        kept = await world.directory.application(sid)
        assert kept.call_hook.password == "a long password"

        back["call_hook"]["password"] = "another"
        await world.send("PUT", path, back)
        assert (await world.directory.application(sid)).call_hook.password == "another"

    in_world(sqlite_url, story)


def test_bad_applications_are_refused_by_field(sqlite_url):
    async def story(world):
        good = {"name": "bot", "account_sid": world.account_sid, "call_hook": HOOK}
        await world.check_refused(
            400,
            "POST",
            "/v1/Applications",
            [
                ({**good, "name": ""}, ["name"]),
                ({**good, "name": None}, ["name"]),
                ({**good, "name": "x" * 65}, ["name"]),
                ({**good, "name": "a\nb"}, ["name"]),
                ({}, ["name"]),
                ({"name": "bot", "call_hook": HOOK}, ["account_sid"]),
                ({**good, "account_sid": "x"}, ["account_sid"]),
                ({**good, "call_hook": None}, ["call_hook"]),
                ({**good, "call_hook": "https://app.example"}, ["call_hook"]),
                ({**good, "call_hook": {"url": "https://a b"}}, ["call_hook"]),
                ({**good, "call_hook": {"url": "mailto:a@b.c"}}, ["call_hook"]),
                ({**good, "call_hook": {"url": "https:///x"}}, ["call_hook"]),
                ({**good, "call_hook": {"url": "https://a.b:99999/"}}, ["call_hook"]),
                (
                    {**good, "call_hook": {"link": "https://a.b"}},
                    ["call_hook.url", "call_hook.link"],
                ),
                ({**good, "app_json": "nope"}, ["app_json"]),
                ({**good, "colour": "red"}, ["colour"]),
                ({**good, "fallback": {"type": "dial"}}, ["fallback.to"]),
                ({**good, "fallback": {"type": "fax", "to": "+49"}}, ["fallback.type"]),
                ({**good, "fallback": {"type": "dial", "to": "sip:"}}, ["fallback.to"]),
                (
                    {**good, "fallback": {"type": "dial", "to": "+49", "reason_header": "Via"}},
                    ["fallback.reason_header"],
                ),
                ({**good, "application_sid": MISSING_SID}, ["application_sid"]),
            ],
        )
        await world.check_refused(
            422,
            "POST",
            "/v1/Applications",
            [
                ({**good, "account_sid": MISSING_SID}, ["account_sid"]),
                ({**good, "messaging_hook": HOOK}, ["messaging_hook"]),
                (
                    {**good, "fallback_speech_synthesis_label": "x", "env_vars": {"A": 1}},
                    ["fallback_speech_synthesis_label", "env_vars"],
                ),
                ({**good, "call_hook": {"url": "http://169.254.169.254/"}}, ["call_hook"]),
            ],
        )
        harmless = {
            "messaging_hook": None,
            "env_vars": {},
            "fallback_speech_recognizer_label": "",
            "fallback_speech_recognizer_vendor": "",
        }
        await world.made("Applications", {**good, **harmless})
        await world.check_refused(422, "POST", "/v1/Applications", [(good, ["name"])])

    in_world(sqlite_url, story)


def test_naming_a_fallback_vendor_switches_fallback_speech_on(sqlite_url):
    async def story(world):
        body = {"name": "bot", "account_sid": world.account_sid, "call_hook": HOOK}
        vendor = {"fallback_speech_synthesis_vendor": "acme"}
        sid = await world.made("Applications", body)
        path = f"/v1/Applications/{sid}"

        for change, shown in (
            ({**vendor, "use_for_fallback_speech": 0}, 0),
            (vendor, 1),
            ({"use_for_fallback_speech": 0}, 0),
            ({"fallback_speech_synthesis_vendor": ""}, 0),
        ):
            assert (await world.send("PUT", path, change)).status == 204
            assert (await world.send("GET", path)).body["use_for_fallback_speech"] == shown

        assert (await world.send("GET", path)).body["fallback_speech_synthesis_vendor"] is None

    in_world(sqlite_url, story)


def test_an_application_with_numbers_stays(sqlite_url):
    async def story(world):
        body = {"name": "bot", "account_sid": world.account_sid, "call_hook": HOOK}
        sid = await world.made("Applications", body)
        number = {"number": "1", "account_sid": world.account_sid, "application_sid": sid}
        number_sid = await world.made("PhoneNumbers", number)
        reply = await world.send("DELETE", f"/v1/Applications/{sid}")
        assert reply.status == 422
        assert reply.body["msg"] == "cannot delete application with phone numbers"

        await world.send("DELETE", f"/v1/PhoneNumbers/{number_sid}")
        assert (await world.send("DELETE", f"/v1/Applications/{sid}")).status == 204

    in_world(sqlite_url, story)


def test_a_fallback_is_kept_shown_and_taken_away(sqlite_url):
    async def story(world):
        fallback = {"type": "dial", "to": "+4930111222", "caller_id": "+49301"}
        body = {"name": "bot", "account_sid": world.account_sid, "call_hook": HOOK}
        sid = await world.made("Applications", {**body, "fallback": fallback})
        path = f"/v1/Applications/{sid}"
        kept = (await world.send("GET", path)).body["fallback"]
        assert kept == {**fallback, "reason_header": "X-Reason", "timeout": 60}
        assert (await world.directory.application(sid)).fallback == kept

        assert (await world.send("PUT", path, {"fallback": None})).status == 204
        assert (await world.send("GET", path)).body["fallback"] is None

    in_world(sqlite_url, story)
