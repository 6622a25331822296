"""What `config` changes on a whole call, and the small verbs beside it (contract 5.2)."""

import itertools
import json
import time
from typing import Any

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.raw_caller import RawCaller, status_of
from scenario.inbound import Line, add_trunk
from scenario.test_applications import tone

CALLEE = {"type": "phone", "number": "+15005550107", "trunk": "sandbox"}
PRESSES_EARLY = {**CALLEE, "number": "+15005550104"}
HANGUP = {"verb": "hangup"}
TIMES_OUT = {"verb": "gather", "input": ["digits"], "timeout": 0.2}

_number = itertools.count()


@pytest.fixture(scope="module")
def trunk(gateway: Gateway) -> str:
    return add_trunk(gateway, "127.0.0.5", name="config")


def path() -> str:
    return f"/config/{next(_number)}"


def document(gateway: Gateway, *verbs: dict, **fields: object) -> PlacedCall:
    body = {"from": "+15005550001", "to": CALLEE, "app_json": json.dumps(verbs), **fields}
    return gateway.call(body)


def config(**properties: object) -> dict[str, Any]:
    return {"verb": "config", **properties}


def verbs(placed: PlacedCall, name: str, phase: str = "finished") -> list[dict[str, Any]]:
    return [
        e["data"]
        for e in placed.events()
        if e["type"] == "verb" and e["data"]["verb"] == name and e["data"]["phase"] == phase
    ]


def alerts(placed: PlacedCall) -> list[dict[str, Any]]:
    return [e["data"] for e in placed.events() if e["type"] == "alert"]


def test_the_session_s_voice_changes_and_goes_back(gateway):
    say = {"verb": "say", "text": "Guten Tag"}

    placed = document(
        gateway,
        config(synthesizer={"vendor": "acme", "language": "de-DE"}),
        say,
        config(reset="synthesizer"),
        say,
        HANGUP,
    )

    placed.ended()
    assert [alert["alert_type"] for alert in alerts(placed)] == ["no-tts"]
    assert len(verbs(placed, "say")) == 2


def test_keys_are_gathered_beside_the_verbs_and_cut_them(gateway, hooks):
    where = path()
    hook = hooks.answer(where, [{"verb": "tag", "data": {"barged": "in"}}, HANGUP])

    placed = document(
        gateway,
        config(bargeIn={"enable": True, "input": ["digits"], "numDigits": 1, "actionHook": hook}),
        {"verb": "say", "text": "This is a long text that nobody wants to hear. " * 10},
        {"verb": "pause", "length": 20},
        to=PRESSES_EARLY,
    )

    assert placed.ended()["tag"] == {"barged": "in"}
    assert hooks.wait_for(where).body["digits"] == "5"
    assert verbs(placed, "say", "interrupted")


def test_fillers_of_the_session_are_heard_during_a_slow_hook(gateway, hooks):
    where = path()

    def think(_request: object) -> tuple[int, Any]:
        time.sleep(1)  # the application's slowness is what is tested
        return 200, [HANGUP]

    placed = document(
        gateway,
        config(
            actionHookDelayAction={
                "enabled": True,
                "noResponseTimeout": 0.3,
                "actions": [{"verb": "say", "text": "One moment."}],
            }
        ),
        {**TIMES_OUT, "actionHook": hooks.answer_with(where, think)},
    )

    assert placed.ended()["outcome"]["code"] == "completed"
    (gathered,) = verbs(placed, "gather")
    assert gathered["fillers"] == 1


def test_noise_of_the_session_is_heard_until_it_is_switched_off(gateway, hooks):
    where, noise = path(), path() + ".wav"
    hooks.answer(noise, tone(0.2))

    def think(_request: object) -> tuple[int, Any]:
        time.sleep(0.5)  # the application's slowness is what is tested
        return 200, []

    ask = {**TIMES_OUT, "actionHook": hooks.answer_with(where, think)}
    placed = document(
        gateway,
        config(fillerNoise={"enable": True, "url": hooks.url(noise)}),
        ask,
        config(fillerNoise={"enable": False}),
        ask,
        HANGUP,
    )

    placed.ended()
    _first, second = hooks.requests(where)
    heard = [request.at for request in hooks.requests(noise)]
    assert heard
    assert max(heard) < second.at


def test_boost_record_and_more_that_cannot_be_done_are_noted_and_the_call_goes_on(gateway):
    placed = document(
        gateway,
        config(boostAudioSignal="+6dB", record={"action": "stopCallRecording", "type": "cloud"}),
        HANGUP,
    )

    assert placed.ended()["outcome"]["code"] == "completed"
    (failed,) = verbs(placed, "config", "failed")
    assert failed["error"]


def test_what_has_no_effect_is_an_alert(gateway):
    placed = document(gateway, config(vad={"enable": True}), HANGUP)

    placed.ended()
    assert "vad has no effect" in alerts(placed)[0]["message"]


def test_requests_inside_the_call_go_to_the_session_s_hook(gateway, hooks, trunk):
    where = path()
    hooks.answer(where, [])
    line = Line(gateway, hooks, trunk)
    line.answers([
        {"verb": "answer"},
        config(sipRequestWithinDialogHook=where),
        {"verb": "pause", "length": 10},
    ])
    with RawCaller(gateway.sip_port, "127.0.0.5") as caller:
        invited = caller.invite(line.uri)
        assert status_of(invited.final()) == 200
        line.call().wait_event("verb", verb="pause", phase="started")
        info = {"Content-Type": "application/json", "X-Why": "because"}

        answer = invited.within("INFO", headers=info, body='{"a":1}')

        assert status_of(answer) == 200
        asked = hooks.wait_for(where).body
        line.call().update(call_status="completed")
        invited.expect_request("BYE")
    assert asked["sip_method"] == "INFO"
    assert asked["sip_body"] == '{"a":1}'


def test_config_answers_only_when_it_needs_audio(gateway, hooks, trunk):
    line = Line(gateway, hooks, trunk)
    line.answers([
        config(notifyEvents=True, synthesizer={"vendor": "builtin"}),
        {"verb": "sip:decline", "status": 486},
    ])
    with RawCaller(gateway.sip_port, "127.0.0.5") as caller:
        assert status_of(caller.invite(line.uri).final()) == 486

        line.answers([config(bargeIn={"enable": True}), HANGUP])
        invited = caller.invite(line.uri)
        assert status_of(invited.final()) == 200
        invited.expect_request("BYE")


def test_an_alert_stands_among_the_account_s_alerts(gateway):
    text = f"look here {next(_number)}"

    placed = document(gateway, {"verb": "alert", "message": text}, HANGUP)

    placed.ended()
    assert (
        alerts(placed)[0] | {"alert_type": "alert-from-application", "message": text}
        == (alerts(placed)[0])
    )
    found = gateway.api("GET", f"/Accounts/{gateway.account_sid}/Alerts?page=1&count=100")
    assert text in [row["message"] for row in found["data"]]


def test_a_message_says_that_nothing_was_sent(gateway, hooks):
    where = path()
    message = {
        "verb": "message",
        "from": "+44",
        "to": "+49",
        "text": "hi",
        "actionHook": hooks.answer(where, []),
    }

    placed = document(gateway, message, HANGUP)

    placed.ended()
    assert hooks.wait_for(where).body["message_status"] == "smpp configuration error"


@pytest.mark.parametrize("name", ["llm", "openai_s2s", "dialogflow", "lex", "rasa"])
def test_a_verb_that_is_not_there_is_refused_by_name(gateway, hooks, name):
    hook = hooks.answer(path(), [{"verb": name, "vendor": "x"}])

    placed = gateway.call({"from": "+15005550001", "to": CALLEE, "call_hook": hook})

    assert placed.ended()["outcome"]["code"] == "app_invalid"
    assert f"{name} is not available in this version" in alerts(placed)[0]["message"]
