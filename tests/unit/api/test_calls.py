"""POST, GET, PUT and DELETE of calls over HTTP."""

import asyncio
import ipaddress
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.api.world import MISSING_SID, in_world
from voxgate.base.egress import EgressPolicy
from voxgate.model.calls import CallStatus
from voxgate.model.hooks import Hook
from voxgate.model.speech import RecognizerChoice, Voice
from voxgate.provisioning.call_draft import header_name
from voxgate.provisioning.calls import CallUpdate, UpdateResult

# The two bodies of the product's document, with its blanks filled in.
BASIC = b"""{
        "application_sid": "%s",
        "from": "+15005550100",
        "callerName": "Display Name",
        "to": {
                "type": "phone",
                "number": "+15005550101",
                "trunk": "carrier"
            }
    }"""
ADVANCED = b"""{
      "application_sid": "%s",
      "from": "+15005550100",
      "fromHost": "cognigy.cloud",
      "callerName": "Vacation Agent",
      "to": {
        "type": "phone",
        "number": "+15005550101",
        "trunk": "carrier"
      },
      "amd": {
        "actionHook": "https://webhook.site/0815"
      },
      "timeout": 20,
      "tag": {
        "env": "app",
        "internalId": "ABDC1234",
        "Customer": {
          "firstName": "Sara",
          "lastName": "Doe",
          "mobileNumber": "+15005550101",
          "email": "sara.doe@cognigy.com",
          "salutation": "Ms"
        }
      },
      "headers": {
        "User-to-User": "UUID: 0815"
      },
      "notifyUrl": "https://webhook.site/0815"
    }"""
PHONE = {"type": "phone", "number": "+15005550101", "trunk": "carrier"}
PLAIN = {"from": "+15005550100", "to": PHONE, "call_hook": "https://app.example/call"}


async def furnish(world, **application):
    """A trunk with a gateway and an application; the path of its calls and the app's sid."""
    account = world.account_sid
    carrier = await world.made("VoipCarriers", {"name": "carrier", "account_sid": account})
    await world.made("SipGateways", {"voip_carrier_sid": carrier, "ipv4": "192.0.2.1"})
    body = {
        "name": "bot",
        "account_sid": account,
        "call_hook": {"url": "https://app.example/call", "username": "u", "password": "p"},
        "call_status_hook": {"url": "https://app.example/status"},
        **application,
    }
    return f"/v1/Accounts/{account}/Calls", await world.made("Applications", body)


def started(world):
    (call, plan), *more = world.engine.started
    assert more == []
    return call, plan


def test_the_basic_request_of_the_document_places_a_call(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        reply = await world.send("POST", path, BASIC % application.encode())

        assert reply.status == 201
        assert reply.headers["content-type"] == "application/json"
        call, plan = started(world)
        ids = {"sid": call.call_sid, "callid": call.call_id, "callId": call.call_id}
        assert reply.body == ids
        request = call.request
        assert (request.from_user, request.caller_name) == ("+15005550100", "Display Name")
        assert (request.to.type, request.to.number, request.to.trunk) == tuple(PHONE.values())
        assert request.call_hook == Hook("https://app.example/call", "POST", "u", "p")
        assert request.call_status_hook == Hook("https://app.example/status")
        assert (request.timeout_s, request.time_limit_s, request.amd) == (60, None, None)
        assert (call.from_, call.to, call.status) == ("+15005550100", "+15005550101", "trying")
        assert (call.direction, call.application_sid) == ("outbound", application)
        assert plan.attempts[0].carrier.name == "carrier"
        assert world.log.calls[call.call_sid] == call

    in_world(sqlite_url, story)


def test_the_advanced_request_of_the_document_reaches_the_call_whole(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        reply = await world.send("POST", path, ADVANCED % application.encode())

        assert reply.status == 201
        call, _ = started(world)
        request, sent = call.request, json.loads(ADVANCED % application.encode())
        assert request.from_host == "cognigy.cloud"
        assert request.caller_name == "Vacation Agent"
        assert request.timeout_s == 20
        assert request.tag == call.tag == sent["tag"]
        assert request.headers == (("User-to-User", "UUID: 0815"),)
        assert request.notify_hook == Hook("https://webhook.site/0815")
        assert request.amd["actionHook"] == {"url": "https://webhook.site/0815", "method": "POST"}
        assert request.amd["thresholdWordCount"] == 9

    in_world(sqlite_url, story)


def test_the_log_begins_with_what_was_asked(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        await world.send("POST", path, BASIC % application.encode())
        call, plan = started(world)

        assert world.log.data[call.call_sid] == {
            "from": "+15005550100",
            "to": "+15005550101",
            "to_type": "phone",
            "trunk": "carrier",
            "call_id": call.call_id,
            "application_sid": application,
            "amd": False,
            "attempt": {
                "carrier": "carrier",
                "gateway": plan.attempts[0].gateway.sip_gateway_sid,
                "reason": plan.attempts[0].reason,
            },
            "invite": world.engine.intent(call, plan),
        }

    in_world(sqlite_url, story)


GOOD = [
    ({"timeout": 1}, lambda r: r.timeout_s == 1),
    ({"timeout": 600}, lambda r: r.timeout_s == 600),
    ({"timeout": 20.0}, lambda r: r.timeout_s == 20),
    ({"timeout": 19.2}, lambda r: r.timeout_s == 20),
    ({"timeLimit": 1800}, lambda r: r.time_limit_s == 1800),
    ({"from": "john"}, lambda r: r.from_user == "john"),
    ({"from": "device001"}, lambda r: r.from_user == "device001"),
    ({"from": "+1 (500) 555-0100"}, lambda r: r.from_user == "+15005550100"),
    ({"from": "x" * 256}, lambda r: r.from_user == "x" * 256),
    ({"fromHost": "192.0.2.7"}, lambda r: r.from_host == "192.0.2.7"),
    ({"callerName": 'Ann "the" Ünicode'}, lambda r: r.caller_name == 'Ann "the" Ünicode'),
    ({"callerName": ""}, lambda r: r.caller_name is None),
    ({"callerName": None, "timeout": None}, lambda r: r.timeout_s == 60),
    ({"tag": {}}, lambda r: r.tag == {}),
    ({"headers": {"X-Number": 42}}, lambda r: r.headers == (("X-Number", "42"),)),
    ({"headers": {"P-Preferred-Identity": "<sip:+1@a.b>"}}, lambda r: len(r.headers) == 1),
    ({"headers": {"Authorization": "Bearer x", "Route": "<sip:a;lr>"}}, lambda r: r.headers[1]),
    ({"notifyUrl": "wss://crm.example/n"}, lambda r: r.notify_hook.is_websocket),
    (
        {"notifyUrl": {"url": "http://crm.example/n", "method": "get"}},
        lambda r: r.notify_hook == Hook("http://crm.example/n", "GET"),
    ),
    ({"amd": {"actionHook": "/amd"}}, lambda r: r.amd["actionHook"]["url"] == "/amd"),
    (
        {"amd": {"actionHook": "/amd", "timers": {"noSpeechTimeoutMs": 7000}}},
        lambda r: r.amd["timers"]["noSpeechTimeoutMs"] == 7000,
    ),
    ({"app_json": '[{"verb": "hangup"}]'}, lambda r: r.app_json == '[{"verb": "hangup"}]'),
    ({"to": {**PHONE, "number": "*31#"}}, lambda r: r.to.number == "*31#"),
    ({"to": {**PHONE, "number": "00 49 151-1234567"}}, lambda r: r.to.number == "00491511234567"),
    ({"to": {**PHONE, "headers": {"X-A": "1"}}}, lambda r: r.to.headers == (("X-A", "1"),)),
    (
        {"to": {"type": "sip", "sipUri": "sip:bob@example.com;transport=tcp"}},
        lambda r: r.to.sip_uri == "sip:bob@example.com;transport=tcp",
    ),
    (
        {"to": {**PHONE, "auth": {"username": "u", "password": "p"}, "proxy": "proxy.example"}},
        lambda r: (r.to.auth.password, r.to.proxy) == ("p", "proxy.example"),
    ),
    ({"call_hook": "https://u:p%40@app.example/x"}, lambda r: r.call_hook.password == "p@"),
    ({"account_sid": MISSING_SID, "id": "mine"}, lambda r: r.from_user),
    ({"dual_streams": False, "referHook": None, "answerOnBridge": False}, lambda r: r.from_user),
]


def test_what_the_contract_allows_is_taken_over(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        for change, holds in GOOD:
            reply = await world.send("POST", path, {**PLAIN, **change})
            assert reply.status == 201, (change, reply.text)
            call, _ = world.engine.started.pop()
            assert holds(call.request), change

    in_world(sqlite_url, story)


BAD = [
    ({"from": None}, ["from"]),
    ({"from": ""}, ["from"]),
    ({"from": "x" * 257}, ["from"]),
    ({"from": 15005550100}, ["from"]),
    ({"from": "sip:john@host"}, ["from"]),
    ({"from": "a\r\nVia: x"}, ["from"]),
    ({"from": "a b"}, ["from"]),
    ({"from": "a>b"}, ["from"]),
    ({"fromHost": "a.b\r\nX: y"}, ["fromHost"]),
    ({"fromHost": "a.b>;x"}, ["fromHost"]),
    ({"fromHost": "a.b:5060"}, ["fromHost"]),
    ({"callerName": "Ann\r\nX-Evil: 1"}, ["callerName"]),
    ({"callerName": "x" * 257}, ["callerName"]),
    ({"to": None}, ["to"]),
    ({"to": "+15005550101"}, ["to"]),
    ({"to": {}}, ["to.type"]),
    ({"to": {"type": "fax", "number": "1"}}, ["to.type"]),
    ({"to": {"type": "phone"}}, ["to.number"]),
    ({"to": {"type": "phone", "number": ""}}, ["to.number"]),
    ({"to": {"type": "phone", "number": "+1\r\nVia: x"}}, ["to.number"]),
    ({"to": {"type": "phone", "number": "1@evil.example"}}, ["to.number"]),
    ({"to": {"type": "phone", "number": 15}}, ["to.number"]),
    ({"to": {**PHONE, "extra": 1}}, ["to.extra"]),
    ({"to": {"type": "sip"}}, ["to.sipUri"]),
    ({"to": {"type": "sip", "sipUri": "bob@example.com"}}, ["to.sipUri"]),
    ({"to": {"type": "sip", "sipUri": "sip:bob@a.b?Replaces=x"}}, ["to.sipUri"]),
    ({"to": {"type": "sip", "sipUri": "sip:bob@a.b\r\nX: y"}}, ["to.sipUri"]),
    ({"to": {**PHONE, "auth": {"username": "u"}}}, ["to.auth.password"]),
    ({"to": {**PHONE, "proxy": "a b"}}, ["to.proxy"]),
    ({"timeout": 0}, ["timeout"]),
    ({"timeout": 601}, ["timeout"]),
    ({"timeout": "20"}, ["timeout"]),
    ({"timeout": True}, ["timeout"]),
    ({"timeLimit": 0}, ["timeLimit"]),
    ({"tag": "text"}, ["tag"]),
    ({"tag": [1]}, ["tag"]),
    ({"headers": []}, ["headers"]),
    ({"headers": {"Via": "x"}}, ["headers.Via"]),
    ({"headers": {"cALL-iD": "x"}}, ["headers.cALL-iD"]),
    ({"headers": {"v": "x"}}, ["headers.v"]),
    ({"headers": {"Content-Length": "9"}}, ["headers.Content-Length"]),
    ({"headers": {"X-Voxgate-Trace": "9"}}, ["headers.X-Voxgate-Trace"]),
    ({"headers": {"X-A": "b\r\nVia: c"}}, ["headers.X-A"]),
    ({"headers": {"X-A": "b\x00"}}, ["headers.X-A"]),
    ({"headers": {"X A": "b"}}, ["headers.X A"]),
    ({"headers": {"X-A": {"b": 1}, "Via": "x"}}, ["headers.X-A", "headers.Via"]),
    ({"to": {**PHONE, "headers": {"To": "x"}}}, ["to.headers.To"]),
    ({"amd": {}}, ["amd.actionHook"]),
    ({"amd": {"actionHook": "amd"}}, ["amd.actionHook"]),
    ({"amd": {"actionHook": "/amd", "thresholdWordCount": 0}}, ["amd.thresholdWordCount"]),
    ({"amd": {"actionHook": "/amd", "timers": {"x": 1}}}, ["amd.timers.x"]),
    ({"notifyUrl": "ftp://a.b"}, ["notifyUrl"]),
    ({"notifyUrl": {"method": "GET"}}, ["notifyUrl.url"]),
    ({"notifyUrl": {"url": "https://a.b", "method": "PUT"}}, ["notifyUrl.method"]),
    ({"notifyUrl": "https://a b/"}, ["notifyUrl"]),
    ({"call_hook": "/relative"}, ["call_hook"]),
    ({"app_json": "not json"}, ["app_json"]),
    ({"app_json": [{"verb": "hangup"}]}, ["app_json"]),
    ({"speech_synthesis_vendor": 5}, ["speech_synthesis_vendor"]),
    ({"application_sid": "x"}, ["application_sid"]),
    ({"application_sid": MISSING_SID}, ["application_sid"]),
    ({"call_hook": None}, ["application_sid"]),
    ({"surprise": 1, "other": 2}, ["surprise", "other"]),
    ({"from": 1, "timeout": "x", "headers": {"Via": 1}}, ["from", "timeout", "headers.Via"]),
]


async def check_refusals(world, status, cases):
    path, _ = await furnish(world)
    for change, fields in cases:
        reply = await world.send("POST", path, {**PLAIN, **change})
        assert (reply.status, sorted(reply.fields)) == (status, sorted(fields)), (change, reply)
        assert reply.body["msg"]
    assert world.engine.started == []
    assert world.log.calls == {}


def test_bad_input_is_400_and_names_every_field(sqlite_url):
    in_world(sqlite_url, lambda world: check_refusals(world, 400, BAD))


UNPROCESSABLE = [
    ({"to": {"type": "user", "name": "alice"}}, ["to.name"]),
    ({"to": {"type": "teams", "number": "+1"}}, ["to.type"]),
    ({"to": {**PHONE, "trunk": "nobody"}}, ["to.trunk"]),
    ({"to": {**PHONE, "confirmHook": "/x", "vmail": True}}, ["to.confirmHook", "to.vmail"]),
    ({"dual_streams": True}, ["dual_streams"]),
    ({"referHook": "/refer"}, ["referHook"]),
    ({"sipRequestWithinDialogHook": "/x"}, ["sipRequestWithinDialogHook"]),
    ({"answerOnBridge": True, "env_vars": {"A": 1}}, ["answerOnBridge", "env_vars"]),
    ({"call_hook": "http://169.254.169.254/latest"}, ["call_hook"]),
    ({"call_hook": "http://127.0.0.1/x"}, ["call_hook"]),
    ({"call_hook": "http://localhost:3000/v1"}, ["call_hook"]),
    ({"notifyUrl": "ws://[::1]/x"}, ["notifyUrl"]),
    ({"call_status_hook": "http://10.0.0.1/"}, ["call_status_hook"]),
    ({"amd": {"actionHook": "http://0x7f.1/"}}, ["amd.actionHook"]),
    ({"to": {"type": "sip", "sipUri": "sip:a@192.168.0.1"}}, ["to.sipUri"]),
    ({"to": {**PHONE, "proxy": "10.1.1.1:5060"}}, ["to.proxy"]),
]


def test_what_is_well_formed_but_not_possible_is_422(sqlite_url):
    in_world(sqlite_url, lambda world: check_refusals(world, 422, UNPROCESSABLE))


def test_what_the_operator_allows_may_be_reached(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        reply = await world.send("POST", path, {**PLAIN, "call_hook": "http://127.0.0.1:9/x"})
        assert reply.status == 201

    in_world(sqlite_url, story, egress=EgressPolicy([ipaddress.ip_network("127.0.0.0/8")]))


def test_the_sip_uri_of_a_request_needs_no_trunk(sqlite_url):
    async def story(world):
        body = {**PLAIN, "to": {"type": "sip", "sipUri": "sip:bob@example.com"}}
        reply = await world.send("POST", f"/v1/Accounts/{world.account_sid}/Calls", body)

        assert reply.status == 201
        call, plan = started(world)
        assert call.to == "sip:bob@example.com"
        assert plan.attempts[0].carrier is None

    in_world(sqlite_url, story)


def test_without_any_carrier_the_request_is_refused_with_advice(sqlite_url):
    async def story(world):
        body = {**PLAIN, "to": {"type": "phone", "number": "+1"}}
        reply = await world.send("POST", f"/v1/Accounts/{world.account_sid}/Calls", body)

        assert (reply.status, reply.fields) == (422, ["to"])
        assert "carrier" in reply.body["msg"]

    in_world(sqlite_url, story)


SPEECH = {
    "speech_synthesis_vendor": "acme",
    "speech_synthesis_language": "de-DE",
    "speech_synthesis_voice": "Anna",
    "speech_recognizer_vendor": "acme",
    "speech_recognizer_language": "de-DE",
}


@pytest.mark.parametrize(
    ("asked", "voice"),
    [
        ({}, Voice("acme", "de-DE", "Anna")),
        ({"voice": "Otto"}, Voice("acme", "de-DE", "Otto")),
        ({"language": "fr-FR"}, Voice("acme", "fr-FR", None)),
        ({"vendor": "other"}, Voice("other", "en-US", None)),
        ({"vendor": "other", "voice": "Bo"}, Voice("other", "en-US", "Bo")),
        ({"vendor": "other", "language": "es-ES"}, Voice("other", "es-ES", None)),
    ],
)
def test_the_call_decides_before_the_application(sqlite_url, asked, voice):
    async def story(world):
        path, application = await furnish(world, **SPEECH)
        body = {"application_sid": application, "from": "1", "to": PHONE}
        body |= {f"speech_synthesis_{name}": value for name, value in asked.items()}
        assert (await world.send("POST", path, body)).status == 201

        request = started(world)[0].request
        assert request.voice == voice
        assert request.recognizer == RecognizerChoice("acme", "de-DE")

    in_world(sqlite_url, story)


def test_the_application_decides_before_the_account(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        of_account = {
            "speech_synthesis_vendor": "acme",
            "speech_synthesis_language": "it-IT",
            "speech_recognizer_vendor": "ears",
        }
        await world.send("PUT", f"/v1/Accounts/{world.account_sid}", of_account)
        of_app = {"speech_synthesis_language": "nl-NL"}
        await world.send("PUT", f"/v1/Applications/{application}", of_app)
        body = {"application_sid": application, "from": "1", "to": PHONE}
        await world.send("POST", path, body)

        request = started(world)[0].request
        assert request.voice == Voice("acme", "nl-NL", None)
        assert request.recognizer == RecognizerChoice("ears", None)

    in_world(sqlite_url, story)


@pytest.mark.parametrize(
    ("of_app", "asked", "call_hook", "app_json"),
    [
        ({"app_json": "[1]"}, {}, "https://app.example/call", "[1]"),
        ({"app_json": "[1]"}, {"call_hook": "https://own.example/"}, "https://own.example/", None),
        ({"app_json": "[1]"}, {"app_json": "[2]"}, "https://app.example/call", "[2]"),
        ({"app_json": "[1]", "call_hook": None}, {}, None, "[1]"),
    ],
)
def test_what_the_request_wants_to_run_wins(sqlite_url, of_app, asked, call_hook, app_json):
    async def story(world):
        path, application = await furnish(world, **of_app)
        body = {"application_sid": application, "from": "1", "to": PHONE, **asked}
        assert (await world.send("POST", path, body)).status == 201

        request = started(world)[0].request
        assert (request.call_hook and request.call_hook.url) == call_hook
        assert request.app_json == app_json

    in_world(sqlite_url, story)


def test_an_account_can_insist_on_registered_callers(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        await world.send("PUT", f"/v1/Accounts/{world.account_sid}", {"require_known_caller": 1})
        refused = await world.send("POST", path, PLAIN)
        assert (refused.status, refused.fields) == (422, ["from"])

        number = {"number": "+15005550100", "account_sid": world.account_sid}
        await world.made("PhoneNumbers", number)
        assert (await world.send("POST", path, PLAIN)).status == 201

    in_world(sqlite_url, story)


def test_a_suspended_account_places_no_calls(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        await world.send("PUT", f"/v1/Accounts/{world.account_sid}", {"is_active": False})

        assert (await world.send("POST", path, PLAIN)).status == 422

    in_world(sqlite_url, story)


def test_the_application_of_another_account_is_not_found(tenants):
    one, two = tenants.home.accounts

    async def story(world):
        body = {"application_sid": two.sids["Applications"], "from": "1", "to": PHONE}
        path = f"/v1/Accounts/{one.account_sid}/Calls"
        reply = await world.send("POST", path, body, token=one.token)

        assert reply.status == 400
        assert reply.body["msg"] == f"application_sid not found {two.sids['Applications']}"

    in_world(tenants.url, story)


def test_no_call_is_taken_while_the_gateway_cannot_place_it(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        world.engine.refusal = "the gateway is shutting down"
        reply = await world.send("POST", path, PLAIN)

        assert (reply.status, reply.body["msg"]) == (503, "the gateway is shutting down")
        assert int(reply.headers["retry-after"]) > 0

        world.engine.refusal = None
        world.log.full = True
        assert (await world.send("POST", path, PLAIN)).status == 503
        assert world.engine.started == []

    in_world(sqlite_url, story)


def test_a_change_of_trunks_counts_from_the_next_call(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        assert (await world.send("POST", path, PLAIN)).status == 201
        (carrier,) = (await world.send("GET", "/v1/VoipCarriers?name=carrier")).body
        one = f"/v1/VoipCarriers/{carrier['voip_carrier_sid']}"
        await world.send("PUT", one, {"is_active": 0})

        assert (await world.send("POST", path, PLAIN)).status == 422

    in_world(sqlite_url, story)


# ------------------------------------------------------------------ idempotency

KEY = {"Idempotency-Key": "order-77"}


def test_the_same_key_and_body_is_the_same_call(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        first = await world.send("POST", path, PLAIN, headers=KEY)
        shuffled = dict(reversed(list(PLAIN.items())))
        again = await world.send("POST", path, json.dumps(shuffled, indent=3).encode(), headers=KEY)

        assert (again.status, again.body) == (201, first.body)
        assert len(world.engine.started) == 1
        unkeyed = await world.send("POST", path, PLAIN)
        assert unkeyed.body["sid"] != first.body["sid"]

    in_world(sqlite_url, story)


def test_equal_numbers_are_equal_however_they_are_written(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        body = {**PLAIN, "tag": {"n": [1, {"m": 2.0}]}}
        first = await world.send("POST", path, {**body, "timeout": 20}, headers=KEY)
        body["tag"] = {"n": [1.0, {"m": 2}]}
        again = await world.send("POST", path, {**body, "timeout": 20.0}, headers=KEY)

        assert again.body == first.body

    in_world(sqlite_url, story)


def test_the_same_key_with_another_body_is_409(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        await world.send("POST", path, PLAIN, headers=KEY)
        reply = await world.send("POST", path, {**PLAIN, "timeout": 5}, headers=KEY)

        assert reply.status == 409
        assert "msg" in reply.body
        assert len(world.engine.started) == 1

    in_world(sqlite_url, story)


def test_many_at_once_with_one_key_place_one_call(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        replies = await asyncio.gather(
            *(world.send("POST", path, PLAIN, headers=KEY) for _ in range(25))
        )

        assert {reply.status for reply in replies} == {201}
        assert len({reply.body["sid"] for reply in replies}) == 1
        assert len(world.engine.started) == 1

    in_world(sqlite_url, story)


def test_a_retry_gets_its_call_whatever_has_changed_since(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        body = {"application_sid": application, "from": "1", "to": PHONE}
        first = await world.send("POST", path, body, headers=KEY)
        await world.send("DELETE", f"/v1/Applications/{application}")
        world.engine.refusal = "the gateway is shutting down"
        world.log.end(first.body["sid"], status=CallStatus.FAILED)
        again = await world.send("POST", path, body, headers=KEY)

        assert (again.status, again.body) == (201, first.body)

    in_world(sqlite_url, story)


def test_a_refused_request_does_not_use_up_its_key(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        wrong = {**PLAIN, "to": {**PHONE, "trunk": "nobody"}}
        assert (await world.send("POST", path, wrong, headers=KEY)).status == 422
        assert (await world.send("POST", path, PLAIN, headers=KEY)).status == 201

    in_world(sqlite_url, story)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "tab\there"])
def test_a_key_is_visible_characters(sqlite_url, key):
    async def story(world):
        path, _ = await furnish(world)
        reply = await world.send("POST", path, PLAIN, headers={"Idempotency-Key": key})

        assert (reply.status, reply.fields) == (400, ["Idempotency-Key"])

    in_world(sqlite_url, story)


def test_keys_of_different_accounts_do_not_meet(tenants):
    one, two = tenants.home.accounts
    body = {**PLAIN, "to": {**PHONE, "trunk": "trunk"}}

    async def story(world):
        sids = set()
        for tenant in (one, two):
            path = f"/v1/Accounts/{tenant.account_sid}/Calls"
            reply = await world.send("POST", path, body, token=tenant.token, headers=KEY)
            sids.add(reply.body["sid"])
        assert len(sids) == 2

    in_world(tenants.url, story)


# ------------------------------------------------------------------ looking and changing


async def place(world):
    path, _ = await furnish(world)
    sid = (await world.send("POST", path, PLAIN)).body["sid"]
    return path, f"{path}/{sid}", sid


def test_a_call_is_shown_with_the_contracts_names_and_without_what_is_not_known(sqlite_url):
    async def story(world):
        _, one, sid = await place(world)
        shown = (await world.send("GET", one)).body

        call = world.log.calls[sid]
        assert shown == {
            "call_sid": sid,
            "direction": "outbound",
            "from": "+15005550100",
            "to": "+15005550101",
            "call_id": call.call_id,
            "sip_status": 100,
            "sip_reason": "Trying",
            "call_status": "trying",
            "account_sid": world.account_sid,
            "service_provider_sid": call.service_provider_sid,
            "trace_id": call.trace_id,
            "created_at": "2026-09-21T14:13:20.000Z",
        }
        world.log.end(
            sid,
            status=CallStatus.COMPLETED,
            answered_at=call.created_at + 1.5,
            duration_s=3,
            termination_by="caller",
            sbc_callid="abc",
            outcome={"code": "completed"},
        )
        ended = (await world.send("GET", one)).body
        assert ended["answered_at"] == "2026-09-21T14:13:21.500Z"
        assert ended["ended_at"] == "2026-09-21T14:13:25.000Z"
        assert (ended["duration"], ended["call_termination_by"]) == (3, "caller")
        assert (ended["sbc_callid"], ended["outcome"]) == ("abc", {"code": "completed"})

    in_world(sqlite_url, story)


def test_the_list_filters_exactly_and_pages_on_request(sqlite_url):
    async def story(world):
        path, _, sid = await place(world)
        world.log.calls["x"] = replace(
            world.log.calls[sid], call_sid="x", direction="inbound", from_="+49"
        )

        async def found(query):
            reply = await world.send("GET", f"{path}?{query}")
            return [each["call_sid"] for each in reply.body]

        assert await found("") == [sid, "x"]
        assert await found("direction=outbound") == [sid]
        assert await found("from=%2B49") == ["x"]
        assert await found("to=nobody") == []
        assert await found("callStatus=trying&direction=inbound") == ["x"]
        page = (await world.send("GET", f"{path}?page=1&page_size=5")).body
        assert (page["total"], page["page"], page["page_size"]) == (2, 1, 5)
        assert len(page["data"]) == 2

    in_world(sqlite_url, story)


def test_calls_in_progress_are_counted(sqlite_url):
    async def story(world):
        await place(world)
        reply = await world.send("GET", f"/v1/Accounts/{world.account_sid}/CallCount")
        assert reply.body == {"inbound": 0, "outbound": 1}

    in_world(sqlite_url, story)


def test_the_log_is_read_from_any_point(sqlite_url):
    async def story(world):
        _, one, sid = await place(world)
        first = (await world.send("GET", f"{one}/events")).body
        assert [(e["seq"], e["type"]) for e in first["events"]] == [(1, "created")]
        assert first["events"][0]["data"] == world.log.data[sid]
        assert first["events"][0]["at"] == "2026-09-21T14:13:20.000Z"
        assert first["next"] == 1
        rest = (await world.send("GET", f"{one}/events?after=1&limit=10&wait=0.5")).body
        assert rest == {"events": [], "next": 1}
        for wrong in ("after=-1", "limit=0", "limit=1001", "wait=31", "wait=x"):
            reply = await world.send("GET", f"{one}/events?{wrong}")
            assert (reply.status, reply.fields) == (400, [wrong.partition("=")[0]])

    in_world(sqlite_url, story)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("body", "change"),
    [
        ({"call_status": "completed"}, CallUpdate("completed")),
        ({"call_status": "no-answer"}, CallUpdate("no-answer")),
        (
            {"call_hook": "https://app.example/new"},
            CallUpdate(call_hook=Hook("https://app.example/new")),
        ),
        ({"call_hook": "/again"}, CallUpdate(call_hook=Hook("/again"))),
        (
            {
                "call_hook": {"url": "wss://app.example/", "username": "u", "password": "p"},
                "call_status_hook": "https://app.example/status",
            },
            CallUpdate(
                None,
                Hook("wss://app.example/", "POST", "u", "p"),
                Hook("https://app.example/status"),
            ),
        ),
    ],
)
def test_a_change_is_accepted_and_handed_to_the_engine(sqlite_url, method, body, change):
    async def story(world):
        _, one, sid = await place(world)
        reply = await world.send(method, one, body)

        assert (reply.status, reply.text) == (202, "Accepted")
        assert reply.headers["content-type"].startswith("text/plain")
        assert world.engine.updates == [(sid, change)]

    in_world(sqlite_url, story)


BAD_CHANGES = [
    ({}, 400, "no valid options supplied to updateCall"),
    (
        {"call_status": "completed", "call_hook": "https://a.b/"},
        400,
        "multiple options are not allowed in updateCall",
    ),
    ({"call_status": "ringing"}, 400, "call_status"),
    ({"call_status_hook": "https://a.b/"}, 400, "call_status_hook can be updated only when"),
    ({"unheard": 1}, 400, "unheard"),
    ({"call_hook": "ftp://a.b/"}, 400, "call_hook"),
    ({"mute_status": "mute"}, 422, "mute_status"),
    ({"whisper": {"verb": "say", "text": "x"}}, 422, "whisper"),
    ({"child_call_hook": "/x"}, 422, "child_call_hook"),
    ({"call_hook": "http://127.0.0.1/"}, 422, "call_hook"),
]


def test_a_change_that_cannot_be_is_refused(sqlite_url):
    async def story(world):
        _, one, _ = await place(world)
        for body, status, msg in BAD_CHANGES:
            reply = await world.send("PUT", one, body)
            assert reply.status == status, body
            assert reply.body["msg"].startswith(msg)
        assert world.engine.updates == []

    in_world(sqlite_url, story)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (UpdateResult.GONE, "call session is gone for call_sid "),
        (
            UpdateResult.INCOMPATIBLE,
            "current call state is incompatible with requested action for call_sid ",
        ),
    ],
)
def test_a_change_that_comes_too_late_says_so_in_plain_text(sqlite_url, result, text):
    async def story(world):
        _, one, sid = await place(world)
        world.engine.update_result = result
        reply = await world.send("PUT", one, {"call_status": "completed"})

        assert (reply.status, reply.text) == (422, text + sid)

    in_world(sqlite_url, story)


def test_an_ended_call_can_be_put_away_once(sqlite_url):
    async def story(world):
        path, one, sid = await place(world)
        live = await world.send("DELETE", one)
        assert live.status == 422
        assert "call_status" in live.body["msg"]

        world.log.end(sid)
        gone = await world.send("PUT", one, {"call_status": "completed"})
        assert (gone.status, gone.text) == (422, f"call session is gone for call_sid {sid}")
        assert (await world.send("DELETE", one)).status == 204
        assert (await world.send("DELETE", one)).status == 404
        assert (await world.send("GET", one)).status == 404
        assert (await world.send("GET", path)).body == []

    in_world(sqlite_url, story)


# ------------------------------------------------------------------ injection


@given(name=st.text(max_size=20))
@settings(max_examples=500)
def test_a_header_name_is_a_token_or_refused(name):
    try:
        accepted = header_name(name)
    except ValueError:
        return
    assert accepted == name
    assert accepted.isascii()
    assert not set(accepted) & set(' \t\r\n:;,<>@()[]{}"/\\?=\x00\x7f')
    assert accepted.lower() not in {"via", "from", "to", "call-id", "cseq", "contact"}


TEXT = st.one_of(
    st.text(max_size=30),
    st.builds(
        lambda a, b, c: a + b + c,
        st.text("abc +4.", max_size=5),
        st.sampled_from(["\r\n", "\n", "\r", "\x00", "\x0b", "\x7f", "\r\nVia: SIP/2.0/UDP x"]),
        st.text("abc +4.", max_size=5),
    ),
)


def test_no_text_of_a_request_can_add_a_line_to_the_message(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)

        async def attempt(from_, host, caller, number, header, value):
            body = {
                **PLAIN,
                "from": from_,
                "fromHost": host,
                "callerName": caller,
                "to": {**PHONE, "number": number},
                "headers": {header: value},
            }
            raw = json.dumps(body).encode()
            reply = await world.send("POST", path, raw)
            assert reply.status in {201, 400}, reply.text
            if reply.status == 201:
                request = world.engine.started.pop()[0].request
                texts = [request.from_user, request.from_host, request.caller_name or ""]
                texts += [request.to.number, *(part for pair in request.headers for part in pair)]
                for text in texts:
                    assert not any(ord(char) < 32 and char != "\t" for char in text), text

        loop = asyncio.get_running_loop()

        @given(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT, TEXT))
        @settings(max_examples=150, deadline=None)
        def run(texts):
            asyncio.run_coroutine_threadsafe(attempt(*texts), loop).result()

        await asyncio.to_thread(run)

    in_world(sqlite_url, story)


def test_a_line_break_is_refused_wherever_it_stands(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        for break_ in ("\r\n", "\n", "\r", "\x00", "\x0b", "\x1b"):
            evil = f"good{break_}Via: SIP/2.0/UDP evil"
            for body in (
                {"from": evil},
                {"fromHost": evil},
                {"callerName": evil},
                {"to": {**PHONE, "number": evil}},
                {"headers": {"X-Good": evil}},
                {"headers": {evil: "good"}},
                {"to": {"type": "sip", "sipUri": f"sip:bob@example.com{break_}Via: x"}},
            ):
                reply = await world.send("POST", path, {**PLAIN, **body})
                assert reply.status == 400, body

    in_world(sqlite_url, story)
