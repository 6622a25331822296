"""Calls that come in over a trunk, from INVITE to terminal event (contract 3.5, 3.6, 10.4, 11)."""

from collections.abc import Iterator

import pytest

from interop.gateway import Gateway
from interop.hooks import HookServer
from interop.raw_caller import RawCaller, status_of
from scenario.inbound import Line, add_trunk


@pytest.fixture(scope="module")
def trunk(gateway: Gateway) -> str:
    """A trunk that calls from 127.0.0.2."""
    return add_trunk(gateway, "127.0.0.2", name="incoming")


@pytest.fixture
def caller(gateway: Gateway) -> Iterator[RawCaller]:
    with RawCaller(gateway.sip_port, "127.0.0.2") as raw:
        yield raw


@pytest.fixture
def line(gateway: Gateway, hooks: HookServer, trunk: str) -> Line:
    return Line(gateway, hooks, trunk)


def test_an_inbound_call_is_answered_spoken_to_and_hung_up(line, caller):
    line.answers([{"verb": "say", "text": "Good morning."}, {"verb": "hangup"}])

    call = caller.invite(line.uri)
    answer = call.final()

    assert status_of(answer) == 200
    assert 100 in call.provisional
    assert answer.value("X-Application-Sid") == line.application_sid
    assert caller.hears_audio()
    call.expect_request("BYE")
    assert line.statuses("completed") == ["trying", "in-progress", "completed"]
    end = line.last("completed")
    assert end["call_sid"] == answer.value("X-Call-Sid")
    assert end["call_termination_by"] == "jambonz"
    assert end["direction"] == "inbound"
    assert end["originating_sip_ip"] == "127.0.0.2"
    assert end["originating_sip_trunk_name"] == "incoming"


def test_the_first_webhook_sees_the_invite_as_it_came(line, caller):
    """Contract 3.5 and 11.4; gotcha 87: `to` keeps its plus."""
    line.answers([{"verb": "pause", "length": 0.1}])
    headers = {
        "User-to-User": "00abcd",
        "X-Campaign": "42",
        "x-CaseKept": "yes",
        "X-Application-Sid": "forged",
        "X-Authenticated-User": "forged",
        "Authorization": 'Digest username="u", realm="r", nonce="n", uri="sip:x", response="0"',
    }

    call = caller.invite(line.uri, headers=headers)
    call.final()

    new = line.hooks.wait_for(line.path).body
    sip = new["sip"]
    assert (sip["method"], sip["version"], sip["uri"]) == ("INVITE", "2.0", line.uri)
    assert sip["headers"]["user-to-user"] == "00abcd"
    assert sip["headers"]["X-Campaign"] == "42"
    assert sip["headers"]["x-CaseKept"] == "yes"
    assert sip["headers"]["call-id"] == call.call_id
    assert sip["headers"]["X-Originating-Carrier"] == "incoming"
    assert sip["headers"]["X-Application-Sid"] == line.application_sid
    assert "forged" not in sip["raw"]
    assert "authorization" not in {name.lower() for name in sip["headers"]}
    assert sip["body"] == caller.sdp
    assert sip["payload"] == [{"type": "application/sdp", "content": caller.sdp}]
    assert (new["from"], new["to"]) == ("+49171000", f"+{line.number}")
    assert new["caller_name"] == "Ann"
    assert (new["call_status"], new["sip_status"], new["sip_reason"]) == ("trying", 100, "Trying")
    assert new["direction"] == "inbound"
    assert new["has_recording"] is False
    assert new["application_sid"] == line.application_sid
    assert new["service_provider_sid"]
    assert new["defaults"]["synthesizer"]["vendor"] == "builtin"


def test_a_forwarded_address_is_not_believed(line, caller):
    """Gotcha 81: X-Forwarded-For from the network is never the source of a call."""
    line.answers([{"verb": "pause", "length": 0.1}])

    caller.invite(line.uri, headers={"X-Forwarded-For": "203.0.113.7"}).final()

    new = line.hooks.wait_for(line.path).body
    assert new["originating_sip_ip"] == "127.0.0.2"
    assert new["sip"]["headers"]["X-Forwarded-For"] == "127.0.0.2"
    assert "203.0.113.7" not in new["sip"]["raw"]


def test_a_stranger_cannot_claim_a_known_address(gateway, line):
    """Gotcha 81."""
    with RawCaller(gateway.sip_port, "127.0.0.9") as stranger:
        call = stranger.invite(line.uri, headers={"X-Forwarded-For": "127.0.0.2"})

        assert status_of(call.final()) == 404
    assert line.hooks.requests(line.path) == []


def test_verbs_that_run_out_without_an_answer_are_603_and_one_terminal_event(line, caller):
    """Gotchas 43, 61 and 62: pause does not answer, hangup is skipped, and somebody is told."""
    line.answers([{"verb": "pause", "length": 0.2}, {"verb": "hangup"}])

    call = caller.invite(line.uri)

    assert status_of(call.final()) == 603
    assert line.statuses("failed") == ["trying", "failed"]
    end = line.last("failed")
    assert end["sip_status"] == 603
    assert end["call_termination_by"] == "jambonz"
    assert "duration" not in end


def test_a_caller_who_gives_up_early_is_a_no_answer(line, caller):
    """Contract 3.6; FS#17: the final status comes however early the caller hangs up.

    Gotcha 89: it is told apart from a call that failed.
    """
    line.answers([{"verb": "pause", "length": 30}])

    call = caller.invite(line.uri)
    line.hooks.wait_for(line.path)
    call.cancel()

    assert status_of(call.final()) == 487
    assert line.statuses("no-answer") == ["trying", "no-answer"]
    end = line.last("no-answer")
    assert (end["sip_status"], end["call_termination_by"]) == (487, "caller")
    assert end["outcome"]["code"] == "caller_hung_up"


def test_a_caller_who_gives_up_while_the_application_thinks_is_a_no_answer(line, caller):
    """FS#17."""
    arrived = line.holds_its_answer()

    call = caller.invite(line.uri)
    arrived.wait(5)
    call.cancel()

    assert status_of(call.final()) == 487
    assert line.statuses("no-answer") == ["trying", "no-answer"]


def test_early_media_is_heard_before_any_answer(line, caller):
    """FS#822: a prompt in early media that was the last verb ends the call."""
    line.answers([{"verb": "say", "text": "All lines are busy.", "earlyMedia": True}])

    call = caller.invite(line.uri)
    progress = call.progress()

    assert status_of(progress) == 183
    assert "m=audio" in progress.text
    assert caller.hears_audio()
    assert status_of(call.final()) == 603
    assert line.statuses("failed") == ["trying", "failed"]


def test_a_caller_who_hangs_up_during_early_media_is_told_about(line, caller):
    """FS#822."""
    line.answers([{"verb": "say", "text": "Please hold. " * 20, "earlyMedia": True}])

    call = caller.invite(line.uri)
    call.progress()
    assert caller.hears_audio()
    call.cancel()

    assert status_of(call.final()) == 487
    assert line.statuses("no-answer") == ["trying", "no-answer"]


def test_early_media_can_become_an_answered_call(line, caller):
    line.answers([
        {"verb": "say", "text": "One moment.", "earlyMedia": True},
        {"verb": "answer"},
        {"verb": "say", "text": "Here we are."},
        {"verb": "hangup"},
    ])

    call = caller.invite(line.uri)
    progress, answer = call.progress(), call.final()

    assert status_of(answer) == 200
    same = [progress.text.partition("\r\n\r\n")[2], answer.text.partition("\r\n\r\n")[2]]
    assert same[0] == same[1]  # one session, described once
    call.expect_request("BYE")
    assert line.statuses("completed") == ["trying", "in-progress", "completed"]


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        ({"nothing": "works"}, 500, "500"),
        ([{"verb": "no-such-verb"}], 200, "no-such-verb"),
        ({"verb": "say", "text": "an object, no array"}, 200, "array"),
        ([], 200, "no verbs"),
    ],
    ids=["hook-failed", "unknown-verb", "object", "empty"],
)
def test_a_first_webhook_that_gives_nothing_to_run_is_480(line, caller, answer, status, text):
    """Contract 3.5 and 10.4; FS#62: an alert for each."""
    line.answers(answer, status)

    call = caller.invite(line.uri)
    refused = call.final()

    assert status_of(refused) == 480
    assert text in refused.value("X-Reason")
    assert line.statuses("failed") == ["trying", "failed"]
    assert line.last("failed")["sip_status"] == 480
    alerts = line.gateway.api(
        "GET", f"/Accounts/{line.gateway.account_sid}/Alerts?page=1&count=100"
    )
    assert any(alert["target_sid"] == line.last("failed")["call_sid"] for alert in alerts["data"])


def test_sip_decline_refuses_with_the_status_of_the_application(line, caller):
    """Contract 5.2: X-Reason, and a `failed` status with the given code."""
    line.answers([
        {
            "verb": "sip:decline",
            "status": 486,
            "reason": "Nobody Home",
            "headers": {"Retry-After": "60"},
        },
        {"verb": "say", "text": "never said"},
    ])

    refused = caller.invite(line.uri).final()

    assert status_of(refused) == 486
    assert "486 Nobody Home" in refused.text
    assert refused.value("X-Reason") == "SIP Decline Verb"
    assert refused.value("Retry-After") == "60"
    assert line.statuses("failed") == ["trying", "failed"]
    assert line.last("failed")["sip_status"] == 486


def test_sip_decline_after_the_answer_is_skipped(line, caller):
    line.answers([
        {"verb": "answer"},
        {"verb": "sip:decline", "status": 486},
        {"verb": "say", "text": "Still here."},
        {"verb": "hangup"},
    ])

    call = caller.invite(line.uri)

    assert status_of(call.final()) == 200
    assert caller.hears_audio()
    call.expect_request("BYE")


def test_a_caller_who_hangs_up_ends_the_call_with_his_headers(line, caller):
    """Gotcha 44; contract 3.4: non-core BYE headers reach the status hook."""
    line.answers([{"verb": "answer"}, {"verb": "pause", "length": 30}])

    call = caller.invite(line.uri)
    call.final()

    assert call.bye({"X-Why": "enough", "Reason": "Q.850;cause=16"}) == 200
    end = line.last("completed")
    assert end["call_termination_by"] == "caller"
    assert end["headers"]["x_why"] == "enough"
    assert end["duration"] >= 0


def test_requests_inside_the_call_are_answered(line, caller):
    """Contract 11.7; FS#1122: UPDATE refreshes, re-INVITE holds; gotcha 91: INFO presses keys."""
    gather = {"verb": "gather", "input": ["digits"], "numDigits": 1, "actionHook": "/k"}
    line.answers([gather | {"say": {"text": "Please press any key now."}, "timeout": 10}])
    line.hooks.answer("/k", [{"verb": "pause", "length": 30}])

    call = caller.invite(line.uri)
    call.final()
    sdp = {"Content-Type": "application/sdp"}
    hold = caller.sdp + "a=sendonly\r\n"

    assert caller.hears_audio()
    assert status_of(call.within("UPDATE")) == 200
    held = call.within("INVITE", headers=sdp, body=hold)
    assert status_of(held) == 200
    assert "a=recvonly" in held.text
    assert status_of(call.within("INVITE", headers=sdp, body=caller.sdp)) == 200
    assert status_of(call.within("OPTIONS")) == 200
    info = {"Content-Type": "application/dtmf-relay"}
    assert status_of(call.within("INFO", headers=info, body="Signal=7\r\nDuration=160\r\n")) == 200
    pressed = line.hooks.wait_for("/k", lambda r: r.body["call_sid"] == line.call().sid)
    assert pressed.body["digits"] == "7"
    assert call.bye() == 200


def test_a_caller_without_an_offer_gets_ours(line, caller):
    """RFC 3261 13.2.1: an INVITE may leave the offer to us; its answer comes in the ACK."""
    line.answers([{"verb": "say", "text": "Hello."}, {"verb": "hangup"}])

    call = caller.invite(line.uri, body="")
    call.ack_body = caller.sdp
    answer = call.final()

    assert status_of(answer) == 200
    assert "m=audio" in answer.text
    assert caller.hears_audio()
    call.expect_request("BYE")


def test_an_offer_without_usable_audio_is_488(line, caller):
    """Contract 10.4: endpoint allocation failure."""
    line.answers([{"verb": "say", "text": "never said"}])
    video = caller.sdp.replace("m=audio", "m=video")

    refused = caller.invite(line.uri, body=video).final()

    assert status_of(refused) == 488
    assert refused.value("X-Reason").startswith("endpoint allocation failure")
    assert line.statuses("failed") == ["trying", "failed"]


def test_a_call_that_names_its_own_application_runs_in_a_circle(line, caller):
    """Contract 10.4: 482 Loop Detected on x-application-sid."""
    looping = caller.invite(line.uri, headers={"X-Application-Sid": line.application_sid}).final()

    assert status_of(looping) == 482
    assert "Loop Detected on x-application-sid" in looping.text
    assert line.hooks.requests(line.path) == []


def test_an_inbound_call_is_listed_and_controlled_like_any_other(line, caller):
    line.answers([{"verb": "answer"}, {"verb": "pause", "length": 30}])

    call = caller.invite(line.uri)
    call.final()
    placed = line.call()

    counted = line.gateway.api("GET", f"/Accounts/{line.gateway.account_sid}/CallCount")
    assert counted["inbound"] >= 1
    assert placed.record()["direction"] == "inbound"
    assert placed.update(call_status="completed").status == 202
    call.expect_request("BYE")
    assert line.statuses("completed") == ["trying", "in-progress", "completed"]


def test_the_api_can_refuse_a_call_that_was_not_answered(line, caller):
    """Contract 10.4: 503 for call_status no-answer."""
    line.answers([{"verb": "pause", "length": 30}])

    call = caller.invite(line.uri)
    placed = line.call()
    assert placed.update(call_status="no-answer").status == 202

    assert status_of(call.final()) == 503
    assert line.statuses("failed") == ["trying", "failed"]
