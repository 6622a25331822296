"""What the far end may ask for during a call: hold, a new address, an offer, a refresh."""

from interop.scenario import (
    Scenario,
    answered,
    body,
    header,
    hung_up,
    pause,
    receive,
    receive_invite,
    reply,
    request,
    sdp,
)
from interop.sipp import header_value
from interop.stage import Stage

LONGER = [{"verb": "pause", "length": 3}, {"verb": "hangup"}]


def _media_changes(stage: Stage, *steps: object) -> list[str]:
    """Play the steps in an answered call; returns the bodies of our answers to re-INVITEs."""
    scenario = Scenario("re-invite", *answered(*steps, *hung_up()))
    with stage.phone(scenario) as phone:
        ended = stage.call(phone.port, verbs=LONGER).ended()
    assert ended["outcome"]["code"] == "completed"
    return [
        message.partition("\n\n")[2]
        for message in phone.received()
        if message.startswith("SIP/2.0 200") and header_value(message, "CSeq").endswith("INVITE")
    ]


def test_hold_and_resume_are_answered_in_kind(stage: Stage) -> None:
    hold, resume = _media_changes(
        stage,
        request("INVITE", 11, content=sdp("sendonly", version=2)),
        receive("100", optional=True),
        receive("200", body("a=(recvonly|inactive)")),
        request("ACK", 11),
        pause(300),
        request("INVITE", 12, content=sdp("sendrecv", version=3)),
        receive("100", optional=True),
        receive("200", body("m=audio [1-9]")),
        request("ACK", 12),
    )

    assert "a=sendonly" not in resume
    assert "a=recvonly" not in resume
    assert "a=inactive" not in resume
    assert _origin(hold)[1] == _origin(resume)[1]
    assert int(_origin(resume)[2]) > int(_origin(hold)[2])


def _origin(description: str) -> list[str]:
    (line,) = [line for line in description.splitlines() if line.startswith("o=")]
    return line.split()


def test_hold_by_the_old_zero_address_is_understood(stage: Stage) -> None:
    (held,) = _media_changes(
        stage,
        request("INVITE", 21, content=sdp(version=2, host="0.0.0.0")),
        receive("100", optional=True),
        receive("200"),
        request("ACK", 21),
    )

    assert "m=audio" in held


def test_audio_follows_the_far_end_to_a_new_address(stage: Stage) -> None:
    (moved,) = _media_changes(
        stage,
        request("INVITE", 31, content=sdp(version=2, port="[media_port+2]")),
        receive("100", optional=True),
        receive("200", body("m=audio [1-9]")),
        request("ACK", 31),
    )

    assert "RTP/AVP 0" in moved


def test_a_re_invite_without_an_offer_gets_ours(stage: Stage) -> None:
    (offer,) = _media_changes(
        stage,
        request("INVITE", 41),
        receive("100", optional=True),
        receive("200", body("m=audio [1-9][0-9]* RTP/AVP .*0")),
        request("ACK", 41, content=sdp(version=2)),
    )

    assert "telephone-event/8000" in offer


def test_a_re_invite_with_an_unusable_offer_is_refused_and_the_call_goes_on(stage: Stage) -> None:
    unusable = sdp(version=2, payloads="18").replace("a=ptime", "a=rtpmap:18 G729/8000\na=ptime")
    assert not _media_changes(
        stage,
        request("INVITE", 51, content=unusable),
        receive("100", optional=True),
        receive("488"),
        request("ACK", 51),
    )


def test_options_info_and_unknown_methods_inside_a_call(stage: Stage) -> None:
    steps = (
        request("OPTIONS", 61),
        receive("200", header("Allow", "INVITE"), header("Accept", "application/sdp")),
        request("INFO", 62),
        receive("200"),
        request("FROBNICATE", 63),
        receive("405", header("Allow", "INVITE")),
    )
    with stage.phone(Scenario("options", *answered(*steps, *hung_up()))) as phone:
        ended = stage.call(phone.port, verbs=LONGER).ended()

    assert ended["outcome"]["code"] == "completed"


def test_a_session_timer_that_is_too_brief_is_raised(stage: Stage) -> None:
    scenario = Scenario(
        "min-se",
        receive_invite(header("Session-Expires", "1800")),
        reply(422, "Session Interval Too Small", "Min-SE: 3600"),
        receive("ACK"),
        receive_invite(header("Session-Expires", "3600"), header("Min-SE", "3600")),
        reply(200, "OK", "Session-Expires: 3600;refresher=uac", "Require: timer", content=sdp()),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(scenario) as phone:
        ended = stage.call(phone.port).ended()

    assert ended["call_status"] == "completed"


def test_the_far_end_may_refresh_the_session_by_update(stage: Stage) -> None:
    steps = (
        request("UPDATE", 71, "Session-Expires: 1800;refresher=uac", "Supported: timer"),
        receive("200", header("Session-Expires", "1800")),
    )
    with stage.phone(Scenario("refresh", *answered(*steps, *hung_up()))) as phone:
        ended = stage.call(phone.port, verbs=LONGER).ended()

    assert ended["outcome"]["code"] == "completed"


def test_a_bye_of_another_dialog_gets_481_and_leaves_the_call_alone(stage: Stage) -> None:
    stranger = request("BYE", 81, from_tag="somebody-else")
    steps = answered(stranger, receive("481"), *hung_up())
    with stage.phone(Scenario("stranger", *steps)) as phone:
        ended = stage.call(phone.port, verbs=LONGER).ended()

    assert ended["outcome"]["code"] == "completed"
