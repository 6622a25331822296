"""The transfer use case: a voice agent hands its caller to a call centre, by dial and by REFER.

The call centre is baresip or SIPp, the caller SIPp or baresip; what comes back to the agent is what
its application is told.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.baresip import Baresip, longest_sound, loudest_hertz, write_tone
from interop.gateway import PlacedCall
from interop.scenario import (
    Scenario,
    Step,
    answered,
    header,
    hung_up,
    receive,
    receive_invite,
    reply,
    reply_again,
    request,
    sdp,
)
from interop.softphone import Softphone
from interop.stage import CALLER, Stage

CENTRE = "+4940555000"
BACK = {"verb": "tag", "data": {"agent": "has it back"}}
AGAIN = [BACK, {"verb": "hangup"}]
SIPFRAG = "message/sipfrag;version=2.0"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Baresip]:
    if not Baresip.is_installed():
        pytest.skip("baresip is not installed (apt-get install baresip-core)")
    voice = write_tone(tmp_path / "centre.wav", 620, 10)
    with Baresip(tmp_path / "centre", voice, user=CENTRE, codecs="PCMU/8000/1") as running:
        yield running


@pytest.fixture
def caller() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


def centre_at(stage: Stage, *ports: int) -> dict:
    return {"type": "phone", "number": CENTRE, "trunk": stage.trunk(*ports)}


def agent(stage: Stage, *verbs: dict, then: list[dict] | None = None) -> str:
    """The agent's first words, and what it does when a transfer comes back."""
    stage.hooks.answer(stage.path("transferred"), AGAIN if then is None else then)
    return stage.document([{"verb": "answer"}, *verbs])


def dial(stage: Stage, *ports: int, **fields: object) -> dict:
    done = stage.path("transferred")
    target = [centre_at(stage, *ports)]
    return {"verb": "dial", "target": target, "actionHook": done, "callerId": CALLER, **fields}


def refer(stage: Stage, to: str = CENTRE) -> dict:
    return {
        "verb": "sip:refer", "referTo": to, "actionHook": stage.path("transferred"),
        "eventHook": stage.hooks.answer(stage.path("progress"), []),
    }  # fmt: skip


def begin(stage: Stage, hook: str, port: int, user: str = "customer") -> PlacedCall:
    return stage.gateway.call({
        "application_sid": stage.application_sid,
        "from": CALLER,
        "to": {"type": "sip", "sipUri": f"sip:{user}@127.0.0.1:{port}"},
        "call_hook": hook,
    })


def result(stage: Stage) -> dict:
    return dict(stage.hooks.wait_for(stage.path("transferred")).body)


def test_transfer_dial_joins_the_caller_and_the_call_centre(
    stage: Stage, centre: Baresip, caller: Softphone
) -> None:
    """TRANSFER_DIAL success: each hears the other's voice at its pitch."""
    begin(stage, agent(stage, dial(stage, centre.port)), caller.port)
    line = caller.expect_call()
    line.answer()
    line.say(440)
    centre.wait_event("CALL_ESTABLISHED")

    line.hears(620)
    line.heard_since()
    line.hears(620)
    line.hang_up()

    centre.wait_event("CALL_CLOSED")
    heard = longest_sound(centre.heard())
    assert len(heard) / 8000 > 0.5
    assert loudest_hertz(heard) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("status", "reason", "reported"),
    [
        (486, "Busy Here", "busy"),
        (600, "Busy Everywhere", "busy"),
        (480, "Temporarily Unavailable", "failed"),
        (603, "Decline", "failed"),
        (404, "Not Found", "failed"),
    ],
)
def test_transfer_dial_that_is_refused_returns_to_the_agent(
    stage: Stage, caller: Softphone, status: int, reason: str, reported: str
) -> None:
    """TRANSFER_DIAL error; gotcha 83: a busy call centre is not rung again on another gateway."""
    busy = Scenario("busy", receive_invite(), reply(status, reason), receive("ACK"))
    with stage.phone(busy) as refusing:
        second = refusing.port + 1
        call = begin(stage, agent(stage, dial(stage, refusing.port, second)), caller.port)
        caller.expect_call().answer()
        told = result(stage)

    assert (told["dial_call_status"], told["dial_sip_status"]) == (reported, status)
    assert call.ended()["tag"] == {"agent": "has it back"}


def test_transfer_dial_that_nobody_answers_is_cancelled_and_returns_to_the_agent(
    stage: Stage, caller: Softphone
) -> None:
    """TRANSFER_DIAL error: no-answer."""
    silent = Scenario(
        "rings", receive_invite(), reply(180, "Ringing"),
        receive("CANCEL"), reply_again(200, "OK"), reply(487, "Request Terminated"), receive("ACK"),
    )  # fmt: skip
    with stage.phone(silent) as ringing:
        call = begin(stage, agent(stage, dial(stage, ringing.port, timeout=1)), caller.port)
        caller.expect_call().answer()
        told = result(stage)

    assert (told["dial_call_status"], told["dial_sip_status"]) == ("no-answer", 487)
    assert call.ended()["tag"] == {"agent": "has it back"}


def test_transfer_dial_moves_to_the_next_gateway_after_a_trunk_fault(
    stage: Stage, centre: Baresip, caller: Softphone
) -> None:
    down = Scenario("down", receive_invite(), reply(503, "Service Unavailable"), receive("ACK"))
    with stage.phone(down) as faulty:
        begin(stage, agent(stage, dial(stage, faulty.port, centre.port)), caller.port)
        line = caller.expect_call()
        line.answer()
        line.hears(620, within_s=8)
        line.hang_up()


def test_an_answer_that_crosses_the_cancel_is_hung_up(stage: Stage, caller: Softphone) -> None:
    """The loser of a race is acknowledged and released, never left talking to nobody."""
    late = Scenario(
        "late", receive_invite(), reply(180, "Ringing"), receive("CANCEL"),
        reply_again(200, "OK"), reply(200, "OK", content=sdp()), receive("ACK"), *hung_up(),
    )  # fmt: skip
    with stage.phone(late) as racing:
        begin(stage, agent(stage, dial(stage, racing.port, timeout=1)), caller.port)
        caller.expect_call().answer()
        told = result(stage)

    assert (told["dial_call_status"], told["dial_sip_status"]) == ("no-answer", 487)


def notify(cseq: int, text: str, *, over: bool) -> tuple[Step, Step]:
    state = "terminated;reason=noresource" if over else "active;expires=60"
    sent = request(
        "NOTIFY", cseq, "Event: refer", f"Subscription-State: {state}",
        content=f"SIP/2.0 {text}\n", kind=SIPFRAG,
    )  # fmt: skip
    return sent, receive("200")


def transferred(*progress: Step, name: str = "transferred", status: int = 202) -> Scenario:
    checks = (header("Refer-To", CENTRE.replace("+", "[+]")), header("Referred-By", "sip:"))
    return Scenario(
        name,
        *answered(receive("REFER", *checks), reply_again(status, "Accepted"), *progress),
        *hung_up(),
    )


def test_transfer_refer_succeeds_step_by_step(stage: Stage) -> None:
    """TRANSFER_REFER success."""
    steps = (*notify(1, "100 Trying", over=False), *notify(2, "200 OK", over=True))
    with stage.phone(transferred(*steps)) as customer:
        call = begin(stage, agent(stage, refer(stage)), customer.port)
        told = result(stage)

    assert (told["refer_status"], told["referStatus"]) == (202, 202)
    assert told["final_referred_call_status"] == 200
    assert call.ended()["tag"] == {"agent": "has it back"}


@pytest.mark.parametrize(("status", "text"), [(486, "Busy Here"), (487, "Request Terminated")])
def test_transfer_refer_that_fails_at_the_call_centre_returns_to_the_agent(
    stage: Stage, status: int, text: str
) -> None:
    """TRANSFER_REFER error."""
    with stage.phone(transferred(*notify(1, f"{status} {text}", over=True))) as customer:
        call = begin(stage, agent(stage, refer(stage)), customer.port)
        told = result(stage)

    assert (told["refer_status"], told["final_referred_call_status"]) == (202, status)
    assert call.ended()["tag"] == {"agent": "has it back"}


def test_transfer_refer_that_is_refused_returns_to_the_agent(stage: Stage) -> None:
    with stage.phone(transferred(name="refused", status=403)) as customer:
        begin(stage, agent(stage, refer(stage)), customer.port)
        told = result(stage)

    assert (told["refer_status"], told["referStatus"]) == (403, 403)


def test_a_transfer_without_a_final_notify_is_given_fifteen_seconds(stage: Stage) -> None:
    """Gotcha 70; GitHub FS#217: the verbs go on, although the transfer may still succeed."""
    with stage.phone(transferred(*notify(1, "100 Trying", over=False), name="mute")) as customer:
        begin(stage, agent(stage, refer(stage)), customer.port)
        told = dict(stage.hooks.wait_for(stage.path("transferred"), within_s=25).body)

    assert told["refer_status"] == 202
    assert "final_referred_call_status" not in told


def test_a_softphone_that_is_referred_calls_the_call_centre_itself(
    stage: Stage, centre: Baresip
) -> None:
    """baresip carries out the REFER, and its NOTIFY tells the agent."""
    with Softphone() as new:
        hook = agent(stage, refer(stage, f"sip:x@127.0.0.1:{new.port}"))
        call = begin(stage, hook, centre.port, CENTRE)
        line = new.expect_call()
        line.answer()
        told = result(stage)
        assert told["refer_status"] == 202
        assert told.get("final_referred_call_status", 200) == 200
        line.hang_up()
    call.ended()
