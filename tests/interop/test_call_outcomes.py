"""How a call may go, with SIPp as the callee: ring, answer, refuse, silence, and who hangs up."""

from interop.scenario import (
    Scenario,
    answered,
    body,
    header,
    hung_up,
    no_header,
    pause,
    receive,
    receive_invite,
    reply,
    reply_again,
    request,
    sdp,
)
from interop.stage import STAY, Stage


def test_an_answered_call_runs_the_document_and_hangs_up(stage: Stage) -> None:
    with stage.phone(Scenario("answer", *answered(*hung_up()))) as phone:
        call = stage.call(phone.port)
        ended = call.ended()

    assert call.statuses() == ["trying", "ringing", "in-progress", "completed"]
    assert ended["call_termination_by"] == "jambonz"
    assert stage.told_statuses(call) == ["trying", "ringing", "in-progress", "completed"]
    assert call.record()["outcome"]["code"] == "completed"


def test_the_callee_may_hang_up_first(stage: Stage) -> None:
    bye = request("BYE", 1, 'Reason: Q.850;cause=16;text="Normal call clearing"', "X-Why: enough")
    with stage.phone(Scenario("far-bye", *answered(pause(300), bye, receive("200")))) as phone:
        call = stage.call(phone.port, verbs=STAY)
        ended = call.ended()

    assert ended["call_status"] == "completed"
    assert ended["call_termination_by"] == "caller"
    (last,) = [s for s in stage.notified(call) if s["call_status"] == "completed"]
    assert last["headers"]["x_why"] == "enough"
    assert isinstance(last["duration"], int)


def test_a_busy_callee_is_busy_and_not_called_again(stage: Stage) -> None:
    refusal = (reply(180, "Ringing"), reply(486, "Busy Here"), receive("ACK"))
    with stage.phone(Scenario("busy", receive_invite(), *refusal)) as phone:
        call = stage.call(phone.port)
        ended = call.ended()

    assert (ended["call_status"], ended["sip_status"]) == ("busy", 486)
    assert ended["outcome"]["fault_domain"] == "callee"
    assert stage.told_statuses(call) == ["trying", "ringing", "busy"]


def test_a_declining_callee_is_busy_with_603(stage: Stage) -> None:
    steps = (receive_invite(), reply(603, "Decline"), receive("ACK"))
    with stage.phone(Scenario("decline", *steps)) as phone:
        ended = stage.call(phone.port).ended()

    assert (ended["call_status"], ended["sip_status"]) == ("busy", 603)


def test_an_unknown_number_fails_with_404(stage: Stage) -> None:
    steps = (receive_invite(), reply(404, "Not Found"), receive("ACK"))
    with stage.phone(Scenario("unknown", *steps)) as phone:
        ended = stage.call(phone.port).ended()

    assert (ended["call_status"], ended["sip_status"]) == ("failed", 404)
    assert ended["outcome"]["retryable"] is False


def _cancelled(*reason: str) -> tuple:
    return (
        receive_invite(),
        reply(180, "Ringing"),
        receive("CANCEL", header("CSeq", "1 CANCEL"), no_header("Contact")),
        reply_again(200, "OK"),
        reply(487, "Request Terminated", *reason),
        receive("ACK"),
    )


def test_a_callee_that_never_answers_is_cancelled_after_the_timeout(stage: Stage) -> None:
    with stage.phone(Scenario("no-answer", *_cancelled())) as phone:
        call = stage.call(phone.port, timeout=2)
        ended = call.ended()

    assert (ended["call_status"], ended["sip_status"]) == ("no-answer", 487)
    assert stage.told_statuses(call) == ["trying", "ringing", "no-answer"]


def test_a_ringing_call_is_cancelled_over_the_api(stage: Stage) -> None:
    with stage.phone(Scenario("cancel", *_cancelled())) as phone:
        call = stage.call(phone.port)
        call.wait_event("status", call_status="ringing")
        answer = call.update(call_status="no-answer")
        ended = call.ended()

    assert (answer.status, answer.body) == (202, "Accepted")
    assert (ended["call_status"], ended["sip_status"]) == ("no-answer", 487)


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up(stage: Stage) -> None:
    crossing = (
        receive_invite(),
        reply(180, "Ringing"),
        receive("CANCEL"),
        reply_again(200, "OK"),
        reply(200, "OK", content=sdp()),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(Scenario("crossing", *crossing)) as phone:
        call = stage.call(phone.port, timeout=1)
        ended = call.ended()

    assert ended["call_status"] == "no-answer"


def test_an_answered_call_is_ended_over_the_api(stage: Stage) -> None:
    with stage.phone(Scenario("api-end", *answered(*hung_up()))) as phone:
        call = stage.call(phone.port, verbs=STAY)
        call.wait_event("status", call_status="in-progress")
        answer = call.update(call_status="completed")
        ended = call.ended()

    assert answer.status == 202
    assert ended["call_status"] == "completed"


def test_the_time_limit_ends_an_answered_call(stage: Stage) -> None:
    with stage.phone(Scenario("time-limit", *answered(*hung_up()))) as phone:
        ended = stage.call(phone.port, verbs=STAY, timeLimit=1).ended()

    assert ended["outcome"]["code"] == "time_limit"


def test_early_media_is_reported_before_the_answer(stage: Stage) -> None:
    steps = (
        receive_invite(body("m=audio [0-9]+ RTP/AVP .*0"), body("telephone-event/8000")),
        reply(183, "Session Progress", content=sdp()),
        pause(200),
        reply(200, "OK", content=sdp()),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(Scenario("early", *steps)) as phone:
        call = stage.call(phone.port)
        call.ended()

    assert call.statuses() == ["trying", "early-media", "in-progress", "completed"]


def test_a_reliable_183_is_acknowledged_by_prack(stage: Stage) -> None:
    steps = (
        receive_invite(header("Supported", "100rel")),
        reply(183, "Session Progress", "Require: 100rel", "RSeq: 71", content=sdp()),
        receive("PRACK", header("RAck", "71 [0-9]+ INVITE")),
        reply_again(200, "OK"),
        reply(200, "OK"),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(Scenario("prack", *steps)) as phone:
        call = stage.call(phone.port)
        call.ended()

    assert call.statuses() == ["trying", "early-media", "in-progress", "completed"]


def test_an_answer_without_a_common_codec_ends_the_call_at_once(stage: Stage) -> None:
    refused = sdp(payloads="18").replace("a=ptime", "a=rtpmap:18 G729/8000\na=ptime")
    with stage.phone(Scenario("no-codec", *answered(*hung_up(), content=refused))) as phone:
        ended = stage.call(phone.port).ended()

    assert ended["outcome"]["code"] == "codec_refused"


def test_a_call_over_tcp_goes_the_same_way(stage: Stage) -> None:
    scenario = Scenario("tcp", *answered(*hung_up()))
    with stage.phone(scenario, transport="t1") as phone:
        to = {
            "type": "phone",
            "number": "+4915112345678",
            "trunk": stage.trunk(phone.port, transport="tcp"),
        }
        call = stage.call(to=to)
        call.ended()

    assert call.statuses() == ["trying", "ringing", "in-progress", "completed"]
    assert "SIP/2.0/TCP" in phone.received("INVITE")[0]
