import asyncio
import ipaddress
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from unit.api.orders import PHONE, PLAIN, furnish
from unit.api.world import MISSING_SID, in_world
from voxgate.base.egress import EgressPolicy
from voxgate.model.hooks import Hook
from voxgate.provisioning.call_draft import header_name

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
    ({"referHook": "/refer"}, lambda r: r.refer_hook.url == "/refer"),
    ({"sipRequestWithinDialogHook": "/x"}, lambda r: r.sip_request_hook.url == "/x"),
    ({"account_sid": MISSING_SID, "id": "mine"}, lambda r: r.from_user),
    ({"dual_streams": False, "referHook": None, "answerOnBridge": False}, lambda r: r.from_user),
]

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


UNPROCESSABLE = [
    ({"to": {"type": "user", "name": "alice"}}, ["to.name"]),
    ({"to": {"type": "teams", "number": "+1"}}, ["to.type"]),
    ({"to": {**PHONE, "trunk": "nobody"}}, ["to.trunk"]),
    ({"to": {**PHONE, "confirmHook": "/x", "vmail": True}}, ["to.confirmHook", "to.vmail"]),
    ({"dual_streams": True}, ["dual_streams"]),
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

TEXT = st.one_of(
    st.text(max_size=30),
    st.builds(
        lambda a, b, c: a + b + c,
        st.text("abc +4.", max_size=5),
        st.sampled_from(["\r\n", "\n", "\r", "\x00", "\x0b", "\x7f", "\r\nVia: SIP/2.0/UDP x"]),
        st.text("abc +4.", max_size=5),
    ),
)


async def check_refusals(world, status, cases):
    path, _ = await furnish(world)
    cases = [({**PLAIN, **change}, fields) for change, fields in cases]
    await world.check_refused(status, "POST", path, cases)
    assert world.engine.started == []


def test_bad_input_is_400_and_names_every_field(sqlite_url):
    async def story(world):
        await check_refusals(world, 400, BAD)
        assert world.log.calls == {}

    in_world(sqlite_url, story)


def test_what_is_well_formed_but_not_possible_is_422(sqlite_url):
    async def story(world):
        await check_refusals(world, 422, UNPROCESSABLE)
        assert world.log.calls == {}

    in_world(sqlite_url, story)


def test_what_the_operator_allows_may_be_reached(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        reply = await world.send("POST", path, {**PLAIN, "call_hook": "http://127.0.0.1:9/x"})
        assert reply.status == 201

    in_world(sqlite_url, story, egress=EgressPolicy([ipaddress.ip_network("127.0.0.0/8")]))


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
