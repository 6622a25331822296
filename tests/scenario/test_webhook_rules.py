"""The rules of webhooks that surprise: contract 13.2, and what users of others complained of."""

import itertools
import json
import time
from typing import Any

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.raw_caller import RawCaller, status_of
from scenario.inbound import Line, add_trunk

CALLEE = {"type": "phone", "number": "+15005550107", "trunk": "sandbox"}
HANGUP = {"verb": "hangup"}
TIMES_OUT = {"verb": "gather", "input": ["digits"], "timeout": 0.2}

_number = itertools.count()


@pytest.fixture(scope="module")
def trunk(gateway: Gateway) -> str:
    return add_trunk(gateway, "127.0.0.3", name="rules")


@pytest.fixture
def line(gateway: Gateway, hooks: HookServer, trunk: str) -> Line:
    return Line(gateway, hooks, trunk)


def path() -> str:
    return f"/rules/{next(_number)}"


def call(gateway: Gateway, hook: object, **fields: object) -> PlacedCall:
    return gateway.call({"from": "+15005550001", "to": CALLEE, "call_hook": hook, **fields})


def alerts(placed: PlacedCall) -> list[dict[str, Any]]:
    return [e["data"] for e in placed.events() if e["type"] == "alert"]


def test_a_get_hook_carries_the_call_in_its_query_and_no_body_gotcha_33(gateway, hooks):
    where = path()
    hook = {"url": hooks.answer(where, [HANGUP]), "method": "GET"}

    placed = call(gateway, hook)

    placed.ended()
    (request,) = hooks.requests(where)
    assert (request.method, request.raw) == ("GET", b"")
    assert f"call_sid={placed.sid}" in request.path


def test_credentials_of_a_verb_s_own_hook_are_used_gotcha_34(gateway, hooks):
    own, start = path(), path()
    hooks.answer(own, [HANGUP])
    action = {"url": own, "username": "verb", "password": "own"}
    hook = {
        "url": hooks.answer(start, [{**TIMES_OUT, "actionHook": action}]),
        "username": "call",
        "password": "hook",
    }

    call(gateway, hook).ended()

    assert hooks.requests(start)[0].basic_auth == ("call", "hook")
    assert hooks.requests(own)[0].basic_auth == ("verb", "own")


def test_a_status_that_is_an_error_is_alerted_as_what_it_is_gotcha_35(gateway, hooks):
    placed = call(gateway, hooks.answer(path(), [HANGUP], 503))

    placed.ended()
    (alert,) = alerts(placed)
    assert alert["alert_type"] == "webhook-failure"
    assert alert["message"].endswith("returned 503")


def test_json_that_says_it_is_text_is_no_answer_gotcha_36(gateway, hooks):
    as_text = json.dumps([HANGUP]).encode()  # the server sends bytes as audio/wav

    placed = call(gateway, hooks.answer(path(), as_text))

    assert placed.ended()["outcome"]["code"] == "app_empty"


def test_an_object_is_refused_at_the_start_and_ignored_later_with_an_alert_gotcha_37_fs_62(
    gateway, hooks
):
    action = path()
    hooks.answer(action, {"verb": "hangup"})
    start = hooks.answer(
        path(),
        [{**TIMES_OUT, "actionHook": action}, {"verb": "tag", "data": {"went": "on"}}, HANGUP],
    )

    refused, ignored = call(gateway, hooks.answer(path(), HANGUP)), call(gateway, start)

    assert refused.ended()["outcome"]["code"] == "app_invalid"
    assert ignored.ended()["tag"] == {"went": "on"}
    assert [alert["alert_type"] for alert in alerts(ignored)] == ["invalid-app-payload"]


def test_an_inbound_call_s_first_payload_is_the_whole_record_gotcha_38(gateway, line, hooks):
    with RawCaller(gateway.sip_port, "127.0.0.3") as caller:
        action = path()
        hooks.answer(action, [HANGUP])
        line.answers([{"verb": "answer"}, {**TIMES_OUT, "actionHook": action}])
        invited = caller.invite(line.uri)
        assert status_of(invited.final()) == 200
        later = hooks.wait_for(action).body
        first = hooks.requests(line.path)[0].body
        invited.expect_request("BYE")

    assert {"local_sip_address", "has_recording", "sip", "service_provider_sid"} <= first.keys()
    assert "fs_sip_address" not in first
    assert "fs_sip_address" in later
    assert not {"local_sip_address", "has_recording", "sip"} & later.keys()


def test_an_outbound_call_s_first_payload_has_no_sip_gotcha_41(gateway, hooks):
    where = path()

    call(gateway, hooks.answer(where, [HANGUP])).ended()

    first = hooks.requests(where)[0].body
    assert not {"sip", "service_provider_sid", "caller_name"} & first.keys()
    assert "defaults" in first


def test_statuses_never_repeat_or_go_backwards_gotcha_42(gateway, hooks):
    early = {**CALLEE, "number": "+15005550108"}
    where = path()
    status = hooks.answer(where, [])

    call(gateway, hooks.answer(path(), [HANGUP]), to=early, call_status_hook=status).ended()

    hooks.wait_for(where, lambda r: r.body["call_status"] == "completed")
    told = [request.body["call_status"] for request in hooks.requests(where)]
    order = ["trying", "ringing", "early-media", "in-progress", "completed"]
    assert told == [each for each in order if each in told]
    assert "early-media" in told


def test_verbs_that_run_out_unanswered_end_with_a_status_gotcha_43_fs_822_fs_232(gateway, line):
    with RawCaller(gateway.sip_port, "127.0.0.3") as caller:
        line.answers([{"verb": "say", "text": "Closed.", "earlyMedia": True}])
        invited = caller.invite(line.uri)
        assert status_of(invited.final()) >= 400

    assert line.statuses("failed")[-1] == "failed"


def test_a_callee_that_hangs_up_is_the_caller_too_gotcha_44(gateway, hooks):
    hangs_up = {**CALLEE, "number": "+15005550105"}

    placed = call(gateway, hooks.answer(path(), [{"verb": "pause", "length": 20}]), to=hangs_up)

    assert placed.ended()["call_termination_by"] == "caller"


def test_a_hook_is_tried_again_as_its_fragment_says_fs_133_fs_1207(gateway, hooks):
    where = path()
    answers = iter([(503, []), (503, []), (200, [HANGUP])])
    url = hooks.answer_with(where, lambda _request: next(answers))

    placed = call(gateway, f"{url}#rc=2&rp=5xx")

    assert placed.ended()["outcome"]["code"] == "completed"
    assert len(hooks.requests(where)) == 3


@pytest.mark.parametrize(
    "url", ["http://app.example/a b", "http:// app.example/", "http://app.example/\n"]
)
def test_blanks_in_a_hook_are_refused_by_field_as_429(gateway, url):
    if url.endswith("\n"):
        url = "http://app.example/x\ty"

    reply = gateway.post_call({"from": "+15005550001", "to": CALLEE, "call_hook": url})

    assert reply.status == 400
    assert reply.body["errors"][0]["field"] == "call_hook"


def test_blanks_around_a_hook_are_trimmed_as_429(gateway, hooks):
    placed = call(gateway, f"  {hooks.answer(path(), [HANGUP])} ")

    assert placed.ended()["outcome"]["code"] == "completed"


def test_a_trunk_s_503_ends_with_a_status_and_no_question_fs_4_fs_8(gateway, hooks):
    where, status = path(), path()
    hooks.answer(status, [])
    unavailable = {**CALLEE, "number": "+15005550150"}

    placed = call(
        gateway, hooks.answer(where, []), to=unavailable, call_status_hook=hooks.url(status)
    )

    assert placed.ended()["call_status"] == "failed"
    last = hooks.wait_for(status, lambda r: r.body["call_status"] == "failed").body
    assert last["sip_status"] == 503
    assert hooks.requests(where) == []


def test_a_slow_hook_delays_no_other_call_fs_199_fs_1453(gateway, hooks):
    slow = path()

    def think(_request: object) -> tuple[int, Any]:
        time.sleep(2)  # the application's slowness is what is tested
        return 200, [HANGUP]

    waiting = call(gateway, hooks.answer_with(slow, think))
    waiting_was_asked = hooks.wait_for(slow)
    quick = call(gateway, hooks.answer(path(), [HANGUP]))

    quick.ended()
    assert waiting_was_asked
    assert waiting.record()["call_status"] == "in-progress"
    assert waiting.ended()["outcome"]["code"] == "completed"


class TestFallback:
    """Contract section 12: the transfer an application has for the day it cannot be reached."""

    def answering(self, line: Line, gateway: Gateway, **fallback: object) -> None:
        line.answers([], 503)
        reply = gateway.request(
            "PUT", f"/v1/Applications/{line.application_sid}", {"fallback": fallback}
        )
        assert reply.status == 204

    def test_dials_the_desk_with_the_reason(self, gateway, line):
        self.answering(line, gateway, type="dial", to="+15005550107", trunk="sandbox")
        with RawCaller(gateway.sip_port, "127.0.0.3") as caller:
            invited = caller.invite(line.uri)

            assert status_of(invited.final()) == 200

            placed = line.call()
            dial = placed.wait_event("verb", verb="dial", phase="started")
            assert dial
            assert placed.update(call_status="completed").status == 202
            invited.expect_request("BYE")
        hook = [e["data"] for e in placed.events() if e["data"].get("fallback")]
        assert "returned 503" in hook[0]["reason"]

    def test_refers_the_caller_with_the_reason(self, gateway, line):
        self.answering(
            line, gateway, type="refer", to="sip:desk@pbx.example", referred_by="sip:bot@vg.example"
        )
        with RawCaller(gateway.sip_port, "127.0.0.3") as caller:
            invited = caller.invite(line.uri)
            assert status_of(invited.final()) == 200

            refer = invited.expect_request("REFER")

        assert "sip:desk@pbx.example" in (refer.value("Refer-To") or "")
        assert "returned 503" in (refer.value("X-Reason") or "")

    def test_without_one_the_call_is_refused_with_the_reason(self, gateway, line):
        line.answers([], 503)
        with RawCaller(gateway.sip_port, "127.0.0.3") as caller:
            refusal = caller.invite(line.uri).final()

        assert status_of(refusal) == 480
        assert "returned 503" in (refusal.value("X-Reason") or "")
