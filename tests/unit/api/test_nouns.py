"""What each noun takes, answers and refuses (contract section 1.4)."""

from unit.api.world import ADMIN_TOKEN, MISSING_SID, in_world
from unit.store.clusters import BOX
from unit.store.samples import a_call
from voxgate.model.alerts import Alert
from voxgate.provisioning.bootstrap import Bootstrap
from voxgate.store import alerts, calls

HOOK = {"url": "https://app.example/call"}


async def refused(world, status, method, path, cases):
    """Every (body, fields) of `cases` is refused with that status and names those fields."""
    for body, fields in cases:
        reply = await world.send(method, path, body)
        assert (reply.status, sorted(reply.fields)) == (status, sorted(fields)), (body, reply)


# ---------------------------------------------------------------- applications


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
            "speech_synthesis_vendor": "microsoft",
            "speech_synthesis_language": "de-DE",
            "speech_synthesis_voice": None,
            "speech_recognizer_vendor": None,
            "speech_recognizer_language": None,
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
        await refused(
            world,
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
                ({**good, "application_sid": MISSING_SID}, ["application_sid"]),
            ],
        )
        await refused(
            world,
            422,
            "POST",
            "/v1/Applications",
            [
                ({**good, "account_sid": MISSING_SID}, ["account_sid"]),
                ({**good, "messaging_hook": HOOK}, ["messaging_hook"]),
                (
                    {**good, "record_all_calls": 1, "env_vars": {"A": 1}},
                    ["record_all_calls", "env_vars"],
                ),
                (
                    {**good, "fallback_speech_synthesis_vendor": "x"},
                    ["fallback_speech_synthesis_vendor"],
                ),
                ({**good, "call_hook": {"url": "http://169.254.169.254/"}}, ["call_hook"]),
            ],
        )
        harmless = {"messaging_hook": None, "record_all_calls": 0, "env_vars": {}}
        await world.made("Applications", {**good, **harmless})
        await refused(world, 422, "POST", "/v1/Applications", [(good, ["name"])])

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


def test_lists_are_bare_arrays_until_a_page_is_asked_for(sqlite_url):
    async def story(world):
        for name in ("one", "two", "three"):
            body = {"name": name, "account_sid": world.account_sid, "call_hook": HOOK}
            world.clock.now += 1
            await world.made("Applications", body)

        everything = (await world.send("GET", "/v1/Applications")).body
        assert [each["name"] for each in everything] == ["one", "two", "three"]
        for page in (0, 1):
            reply = await world.send("GET", f"/v1/Applications?page={page}&page_size=2")
            envelope = reply.body
            assert [each["name"] for each in envelope.pop("data")] == ["one", "two"]
            assert envelope == {"total": 3, "page": page, "page_size": 2}
        second = (await world.send("GET", "/v1/Applications?page=2&page_size=2")).body
        assert [each["name"] for each in second["data"]] == ["three"]
        named = (await world.send("GET", "/v1/Applications?name=TW")).body
        assert [each["name"] for each in named] == ["two"]
        of_account = f"/v1/Accounts/{world.account_sid}/Applications?page=1"
        assert (await world.send("GET", of_account)).body["total"] == 3
        for wrong in ("page=-1", "page=x", "page=1&page_size=0", "page=1&page_size=501"):
            reply = await world.send("GET", f"/v1/Applications?{wrong}")
            assert reply.status == 400

    in_world(sqlite_url, story)


# ---------------------------------------------------------------- accounts, providers, keys


def test_an_account_is_made_with_a_secret_that_can_be_renewed(sqlite_url):
    async def story(world):
        (provider,) = (await world.send("GET", "/v1/ServiceProviders")).body
        body = {
            "name": "tenant",
            "service_provider_sid": provider["service_provider_sid"],
            "sip_realm": "Tenant.Example",
            "registration_hook": HOOK,
        }
        sid = await world.made("Accounts", body)
        path = f"/v1/Accounts/{sid}"
        shown = (await world.send("GET", path)).body
        assert (shown["sip_realm"], shown["is_active"]) == ("tenant.example", 1)
        assert shown["webhook_secret"].startswith("wh_secret_")
        same = (await world.send("GET", f"{path}/WebhookSecret")).body
        assert same == {"webhook_secret": shown["webhook_secret"]}
        renewed = (await world.send("GET", f"{path}/WebhookSecret?regenerate=true")).body
        assert renewed != same
        assert (await world.send("GET", f"{path}/WebhookSecret")).body == renewed
        listed = (await world.send("GET", "/v1/Accounts")).body
        masked = next(each for each in listed if each["account_sid"] == sid)["webhook_secret"]
        assert set(masked[6:]) == {"X"}

    in_world(sqlite_url, story)


def test_bad_accounts_are_refused_by_field(sqlite_url):
    async def story(world):
        (provider,) = (await world.send("GET", "/v1/ServiceProviders")).body
        good = {"name": "t", "service_provider_sid": provider["service_provider_sid"]}
        await refused(
            world,
            400,
            "POST",
            "/v1/Accounts",
            [
                ({"name": "t"}, ["service_provider_sid"]),
                ({**good, "sip_realm": "not a realm"}, ["sip_realm"]),
                ({**good, "registration_hook": "https://a.b"}, ["registration_hook"]),
                ({**good, "webhook_secret": "mine"}, ["webhook_secret"]),
                ({**good, "is_active": "yes"}, ["is_active"]),
                ({**good, "is_active": 2}, ["is_active"]),
            ],
        )
        await refused(
            world,
            422,
            "POST",
            "/v1/Accounts",
            [
                ({**good, "service_provider_sid": MISSING_SID}, ["service_provider_sid"]),
                ({**good, "name": "default"}, ["name"]),
                (
                    {**good, "record_all_calls": 1, "plan_type": "paid"},
                    ["record_all_calls", "plan_type"],
                ),
            ],
        )
        await world.made("Accounts", {**good, "sip_realm": "one.example", "record_all_calls": 0})
        twin = {**good, "name": "u", "sip_realm": "ONE.example"}
        await refused(world, 422, "POST", "/v1/Accounts", [(twin, ["sip_realm"])])

    in_world(sqlite_url, story)


def test_an_account_with_calls_in_progress_stays(sqlite_url):
    async def story(world):
        call = a_call(account_sid=world.account_sid)
        await world.database.write(lambda c: calls.insert(c, [call], BOX))
        reply = await world.send("DELETE", f"/v1/Accounts/{world.account_sid}")

        assert (reply.status, "progress" in reply.body["msg"]) == (422, True)

    in_world(sqlite_url, story)


def test_a_provider_with_accounts_stays_and_an_empty_one_goes(sqlite_url):
    async def story(world):
        sid = await world.made("ServiceProviders", {"name": "new", "root_domain": "v.example"})
        await refused(world, 422, "POST", "/v1/ServiceProviders", [({"name": "new"}, ["name"])])
        account = await world.made("Accounts", {"name": "a", "service_provider_sid": sid})
        path = f"/v1/ServiceProviders/{sid}"
        assert (await world.send("DELETE", path)).status == 422
        assert (await world.send("DELETE", f"/v1/Accounts/{account}")).status == 204
        assert (await world.send("DELETE", path)).status == 204
        assert (await world.send("GET", path)).status == 404

    in_world(sqlite_url, story)


def test_a_token_is_shown_once_and_lists_show_how_it_begins(sqlite_url):
    async def story(world):
        made = (await world.send("POST", "/v1/ApiKeys", {"account_sid": world.account_sid})).body
        path = f"/v1/Accounts/{world.account_sid}/ApiKeys"
        (listed,) = (await world.send("GET", path)).body
        assert listed["api_key_sid"] == made["sid"]
        assert listed["token"] == made["token"][:6] + "X" * 30
        assert (listed["account_sid"], listed["last_used"]) == (world.account_sid, None)

        await world.send("GET", "/v1/Accounts", token=made["token"])
        noted = None
        while noted is None:
            noted = (await world.send("GET", path)).body[0]["last_used"]
        assert noted == "2026-09-21T14:13:20.000Z"

    in_world(sqlite_url, story)


def test_a_key_can_expire(sqlite_url):
    async def story(world):
        body = {"account_sid": world.account_sid, "expiry_secs": 60}
        token = (await world.send("POST", "/v1/ApiKeys", body)).body["token"]
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 200
        world.clock.now += 60
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 401

    in_world(sqlite_url, story)


def test_the_last_admin_key_stays(sqlite_url):
    async def story(world):
        other = (await world.send("POST", "/v1/ApiKeys", {})).body
        assert (await world.send("DELETE", f"/v1/ApiKeys/{other['sid']}")).status == 204
        found = await world.directory.principal(ADMIN_TOKEN)
        reply = await world.send("DELETE", f"/v1/ApiKeys/{found.api_key_sid}")
        assert (reply.status, reply.body["msg"]) == (422, "cannot delete the last admin key")

    in_world(sqlite_url, story)


# ---------------------------------------------------------------- carriers and gateways


def test_a_carrier_hides_its_password_and_keeps_it(sqlite_url):
    async def story(world):
        body = {
            "name": "trunk",
            "account_sid": world.account_sid,
            "e164_leading_plus": 1,
            "tech_prefix": "99#",
            "register_username": "user",
            "register_password": "carrier password",
            "outbound_sip_proxy": "sip:proxy.example:5070;transport=tcp",
            "trunk_type": "static_ip",
            "dtmf_type": "rfc2833",
            "requires_register": 0,
        }
        sid = await world.made("VoipCarriers", body)
        path = f"/v1/VoipCarriers/{sid}"
        shown = (await world.send("GET", path)).body
        assert shown["register_password"] == "carrieXXXXXXXXXX"
        assert (shown["e164_leading_plus"], shown["is_active"]) == (1, 1)
        back = {name: shown[name] for name in (*body, "is_active")}
        assert (await world.send("PUT", path, {**back, "tech_prefix": ""})).status == 204
        account = await world.directory.account(world.account_sid)
        (carrier,) = (await world.directory.facts(account)).carriers
        assert (carrier.register_password, carrier.tech_prefix) == ("carrier password", None)
        assert not carrier.made_by_account

    in_world(sqlite_url, story)


def test_bad_carriers_are_refused_by_field(sqlite_url):
    async def story(world):
        good = {"name": "trunk", "account_sid": world.account_sid}
        await refused(
            world,
            400,
            "POST",
            "/v1/VoipCarriers",
            [
                ({"account_sid": world.account_sid}, ["name"]),
                ({"name": "trunk"}, ["account_sid"]),
                ({**good, "tech_prefix": "12 34"}, ["tech_prefix"]),
                ({**good, "tech_prefix": "1" * 17}, ["tech_prefix"]),
                ({**good, "diversion": "+1\r\n"}, ["diversion"]),
                ({**good, "outbound_sip_proxy": "sips:a.b"}, ["outbound_sip_proxy"]),
                ({**good, "outbound_sip_proxy": "sip:a.b?X=y"}, ["outbound_sip_proxy"]),
                ({**good, "register_password": "x"}, ["register_username"]),
                ({**good, "register_from_domain": "sip:a.b"}, ["register_from_domain"]),
                ({**good, "register_status": "{}"}, ["register_status"]),
            ],
        )
        await refused(
            world,
            422,
            "POST",
            "/v1/VoipCarriers",
            [
                ({**good, "name": "sandbox"}, ["name"]),
                ({**good, "trunk_type": "reg"}, ["trunk_type"]),
                ({**good, "requires_register": 1}, ["requires_register"]),
                ({**good, "dtmf_type": "info"}, ["dtmf_type"]),
                ({**good, "application_sid": MISSING_SID}, ["application_sid"]),
            ],
        )
        sid = await world.made("VoipCarriers", good)
        await refused(world, 422, "POST", "/v1/VoipCarriers", [(good, ["name"])])
        path = f"/v1/VoipCarriers/{sid}"
        await refused(world, 400, "PUT", path, [({"account_sid": None}, ["account_sid"])])
        await refused(world, 422, "PUT", path, [({"name": "sandbox"}, ["name"])])

    in_world(sqlite_url, story)


def test_the_sandbox_is_there_for_all_and_nobody_changes_it(tenants):
    tenant = tenants.away.accounts[0]

    async def story(world):
        bootstrap = Bootstrap(world.inventory)
        await bootstrap.ensure_sandbox("127.0.0.1", 5099)
        await bootstrap.ensure_sandbox("127.0.0.1", 5100)
        listed = (await world.send("GET", "/v1/VoipCarriers?name=sandbox", token=tenant.token)).body
        (sid,) = [each["voip_carrier_sid"] for each in listed]
        path = f"/v1/VoipCarriers/{sid}"
        gateways = await world.send(
            "GET", f"/v1/SipGateways?voip_carrier_sid={sid}", token=tenant.token
        )
        assert [(each["ipv4"], each["port"]) for each in gateways.body] == [("127.0.0.1", 5100)]
        for token, refusal in ((tenant.token, 403), (tenants.away.token, 422), (ADMIN_TOKEN, 422)):
            put = await world.send("PUT", path, {"description": "mine"}, token=token)
            assert put.status == refusal
            assert (await world.send("DELETE", path, token=token)).status == refusal

        await bootstrap.remove_sandbox()
        account = await world.directory.account(tenant.account_sid)
        assert not (await world.directory.facts(account)).named("sandbox").is_active

    in_world(tenants.url, story)


def test_bad_gateways_are_refused_by_field(sqlite_url):
    async def story(world):
        trunk = {"name": "trunk", "account_sid": world.account_sid}
        carrier = await world.made("VoipCarriers", trunk)
        good = {"voip_carrier_sid": carrier, "ipv4": "sip.example.com", "port": 5060}
        await refused(
            world,
            400,
            "POST",
            "/v1/SipGateways",
            [
                ({"ipv4": "192.0.2.1"}, ["voip_carrier_sid"]),
                ({"voip_carrier_sid": carrier}, ["ipv4"]),
                ({**good, "ipv4": "2001:db8::1"}, ["ipv4"]),
                ({**good, "ipv4": "a b"}, ["ipv4"]),
                ({**good, "ipv4": "sip:a.b"}, ["ipv4"]),
                ({**good, "inbound": 1}, ["ipv4"]),
                ({**good, "netmask": 24}, ["netmask"]),
                ({**good, "netmask": 33}, ["netmask"]),
                ({**good, "port": 0}, ["port"]),
                ({**good, "port": "5060"}, ["port"]),
                ({**good, "protocol": "sctp"}, ["protocol"]),
            ],
        )
        await refused(
            world,
            422,
            "POST",
            "/v1/SipGateways",
            [
                ({**good, "protocol": "tls"}, ["protocol"]),
                ({**good, "protocol": "tls/srtp"}, ["protocol"]),
                ({**good, "use_sips_scheme": 1}, ["use_sips_scheme"]),
                ({**good, "voip_carrier_sid": MISSING_SID}, ["voip_carrier_sid"]),
            ],
        )
        sid = await world.made("SipGateways", good)
        await refused(world, 422, "POST", "/v1/SipGateways", [(good, ["ipv4"])])
        ranged = {**good, "ipv4": "192.0.2.0", "inbound": 1, "outbound": 0, "netmask": 24}
        await world.made("SipGateways", ranged)
        missing = await world.send("GET", "/v1/SipGateways")
        assert (missing.status, missing.body["msg"]) == (400, "missing voip_carrier_sid")
        moved = {"voip_carrier_sid": MISSING_SID}
        await refused(world, 400, "PUT", f"/v1/SipGateways/{sid}", [(moved, ["voip_carrier_sid"])])

    in_world(sqlite_url, story)


def test_an_account_may_not_lead_a_trunk_into_the_inside(tenants):
    one = tenants.home.accounts[0]

    async def story(world):
        carrier = one.sids["VoipCarriers"]
        gateway = f"/v1/SipGateways/{one.sids['SipGateways']}"
        inside = {"voip_carrier_sid": carrier, "ipv4": "127.0.0.1"}
        proxied = {"outbound_sip_proxy": "10.0.0.1"}

        async def marked():
            account = await world.directory.account(one.account_sid)
            return (await world.directory.facts(account)).by_sid(carrier).made_by_account

        for token, status in ((one.token, 422), (tenants.home.token, 201)):
            reply = await world.send("POST", "/v1/SipGateways", inside, token=token)
            assert reply.status == status, reply.text
        for token, status in ((one.token, 422), (tenants.home.token, 204)):
            path = f"/v1/VoipCarriers/{carrier}"
            assert (await world.send("PUT", path, proxied, token=token)).status == status
        assert not await marked()
        # A name may resolve to anything later, so from now on the policy applies to this trunk.
        named = {"ipv4": "trunk.example"}
        assert (await world.send("PUT", gateway, named, token=one.token)).status == 204
        assert await marked()

    in_world(tenants.url, story)


def test_a_carrier_in_use_stays(tenants):
    one = tenants.home.accounts[0]

    async def story(world):
        path = f"/v1/VoipCarriers/{one.sids['VoipCarriers']}"
        reply = await world.send("DELETE", path)
        assert (reply.status, "routing rules" in reply.body["msg"]) == (422, True)
        await world.send("DELETE", f"/v1/Lcrs/{one.sids['Lcrs']}")
        assert (await world.send("DELETE", path)).status == 204
        gateway = await world.send("GET", f"/v1/SipGateways/{one.sids['SipGateways']}")
        assert gateway.status == 404

    in_world(tenants.url, story)


# ---------------------------------------------------------------- numbers


def test_numbers_lose_their_plus_and_are_found_by_part(sqlite_url):
    async def story(world):
        for number in ("+4930111", "4930*", "^4940.*"):
            await world.made("PhoneNumbers", {"number": number, "account_sid": world.account_sid})
        found = (await world.send("GET", "/v1/PhoneNumbers?filter=930")).body
        assert [each["number"] for each in found] == ["4930*", "4930111"]
        page = (await world.send("GET", "/v1/PhoneNumbers?page=1&page_size=1")).body
        assert (page["total"], len(page["data"])) == (3, 1)
        query = f"account_sid={world.account_sid}"
        assert len((await world.send("GET", f"/v1/PhoneNumbers?{query}")).body) == 3

    in_world(sqlite_url, story)


def test_bad_numbers_are_refused_by_field(sqlite_url):
    async def story(world):
        good = {"number": "+4930111", "account_sid": world.account_sid}
        await refused(
            world,
            400,
            "POST",
            "/v1/PhoneNumbers",
            [
                ({"account_sid": world.account_sid}, ["number"]),
                ({"number": "1"}, ["account_sid"]),
                ({**good, "number": "+"}, ["number"]),
                ({**good, "number": "49 30"}, ["number"]),
                ({**good, "number": "49*30"}, ["number"]),
                ({**good, "number": "^49("}, ["number"]),
                ({**good, "number": "1" * 133}, ["number"]),
            ],
        )
        sid = await world.made("PhoneNumbers", good)
        await refused(
            world,
            422,
            "POST",
            "/v1/PhoneNumbers",
            [
                ({**good, "number": "4930111"}, ["number"]),
                ({**good, "number": "2", "voip_carrier_sid": MISSING_SID}, ["voip_carrier_sid"]),
                ({**good, "number": "2", "application_sid": MISSING_SID}, ["application_sid"]),
            ],
        )
        path = f"/v1/PhoneNumbers/{sid}"
        fixed = {"number": "5", "voip_carrier_sid": MISSING_SID}
        await refused(world, 400, "PUT", path, [(fixed, ["number", "voip_carrier_sid"])])

    in_world(sqlite_url, story)


def test_a_provider_hands_its_number_to_an_account(tenants):
    home = tenants.home
    one = home.accounts[0]

    async def story(world):
        body = {"number": "+4977", "service_provider_sid": home.service_provider_sid}
        sid = await world.made("PhoneNumbers", body, token=home.token)
        path = f"/v1/PhoneNumbers/{sid}"
        assert (await world.send("GET", path, token=one.token)).status == 404
        foreign = {"account_sid": tenants.away.accounts[0].account_sid}
        assert (await world.send("PUT", path, foreign, token=home.token)).status == 422
        given = {"account_sid": one.account_sid}
        assert (await world.send("PUT", path, given, token=home.token)).status == 204
        assert (await world.send("GET", path, token=one.token)).status == 200
        taken = {"account_sid": None}
        assert (await world.send("PUT", path, taken, token=one.token)).status == 403

    in_world(tenants.url, story)


# ---------------------------------------------------------------- rules


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


def test_bad_rules_are_refused_by_field(tenants):
    one = tenants.home.accounts[0]
    carrier, table = one.sids["VoipCarriers"], one.sids["Lcrs"]
    entry = {"voip_carrier_sid": carrier}

    async def story(world):
        path = f"/v1/Lcrs/{table}/Routes"
        reply = await world.send("PUT", path, {"regex": "1"})
        assert (reply.status, reply.fields) == (400, [])
        await refused(
            world,
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
        await refused(
            world,
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


# ---------------------------------------------------------------- alerts


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
