"""Lost and repeated datagrams between us and SIPp: every call still ends once and right."""

from interop.ports import free_port
from interop.relay import TO_CALLEE, TO_CALLER, Lose, Relay
from interop.scenario import (
    Scenario,
    hung_up,
    receive,
    receive_invite,
    reply,
    reply_again,
    sdp,
)
from interop.sipp import Sipp
from interop.stage import Stage

# Long enough for a 200 to come again twice.
LASTING = [{"verb": "pause", "length": 3}, {"verb": "hangup"}]


def _answering(port: str) -> Scenario:
    """An answering callee whose Contact is the relay, so that every datagram passes it."""
    contact = f"<sip:callee@127.0.0.1:{port}>"
    return Scenario(
        "lossy",
        receive_invite(),
        reply(180, "Ringing", contact=contact),
        reply(200, "OK", content=sdp(), contact=contact),
        receive("ACK"),
        *hung_up(),
    )


def _through(stage: Stage, *rules: Lose, copies: int = 1) -> tuple[Relay, Sipp, list[str]]:
    """One call over a relay with these rules; returns it with the statuses of the call."""
    callee_port = free_port()
    with Relay(callee_port, *rules, copies=copies) as relay:
        scenario = _answering(str(relay.port))
        with stage.phone(scenario, port=callee_port) as phone:
            call = stage.call(relay.port, verbs=LASTING)
            call.ended()
    return relay, phone, call.statuses()


def test_a_lost_invite_is_sent_again(stage: Stage) -> None:
    relay, phone, statuses = _through(stage, Lose(TO_CALLEE, "INVITE", times=2))

    assert len(relay.lost) == 2
    assert len(set(relay.lost)) == 1, "a repeated INVITE is the same datagram"
    assert phone.received("INVITE")[0].replace("\n", "\r\n") in relay.lost[0]
    assert statuses == ["trying", "ringing", "in-progress", "completed"]


def test_a_lost_180_only_costs_the_ringing_status(stage: Stage) -> None:
    _, _, statuses = _through(stage, Lose(TO_CALLER, "SIP/2.0 180"))

    assert statuses == ["trying", "in-progress", "completed"]


def test_a_lost_200_is_waited_for(stage: Stage) -> None:
    relay, _, statuses = _through(stage, Lose(TO_CALLER, r"SIP/2.0 200.*CSeq: \d+ INVITE"))

    assert len(relay.lost) == 1
    assert statuses[-2:] == ["in-progress", "completed"]


def test_a_lost_ack_is_sent_again_when_the_200_comes_again(stage: Stage) -> None:
    relay, phone, statuses = _through(stage, Lose(TO_CALLEE, "ACK", times=2))

    assert len(relay.lost) == 2
    assert len(phone.received("ACK")) >= 1
    assert statuses.count("in-progress") == 1


def test_a_lost_bye_is_sent_again(stage: Stage) -> None:
    relay, _, statuses = _through(stage, Lose(TO_CALLEE, "BYE", times=2))

    assert len(relay.lost) == 2
    assert statuses[-1] == "completed"


def test_the_answer_to_our_bye_may_get_lost(stage: Stage) -> None:
    relay, _, statuses = _through(stage, Lose(TO_CALLER, r"SIP/2.0 200.*CSeq: \d+ BYE"))

    assert len(relay.lost) == 1
    assert statuses[-1] == "completed"


def test_everything_twice_changes_nothing(stage: Stage) -> None:
    _, _, statuses = _through(stage, copies=2)

    assert statuses == ["trying", "ringing", "in-progress", "completed"]


def test_a_lost_cancel_is_sent_again(stage: Stage) -> None:
    scenario = Scenario(
        "lost-cancel",
        receive_invite(),
        reply(180, "Ringing"),
        receive("CANCEL"),
        reply_again(200, "OK"),
        reply(487, "Request Terminated"),
        receive("ACK"),
    )
    callee_port = free_port()
    with (
        Relay(callee_port, Lose(TO_CALLEE, "CANCEL"), Lose(TO_CALLER, "SIP/2.0 487")) as relay,
        stage.phone(scenario, port=callee_port),
    ):
        ended = stage.call(relay.port, timeout=1).ended()

    assert len(relay.lost) == 2
    assert ended["call_status"] == "no-answer"


def test_a_lost_ack_to_a_refusal_is_sent_again(stage: Stage) -> None:
    scenario = Scenario("lost-ack", receive_invite(), reply(486, "Busy Here"), receive("ACK"))
    callee_port = free_port()
    with (
        Relay(callee_port, Lose(TO_CALLEE, "ACK")) as relay,
        stage.phone(scenario, port=callee_port),
    ):
        ended = stage.call(relay.port).ended()

    assert len(relay.lost) == 1
    assert ended["call_status"] == "busy"
