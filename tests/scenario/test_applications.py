"""What an application can do with an answered call, and what happens when it cannot."""

import itertools
import json
import math
import struct
import wave
from io import BytesIO

import pytest

from interop.gateway import Gateway, PlacedCall

CALLEE = {"type": "phone", "number": "+15005550100", "trunk": "sandbox"}
PRESSES_1 = {"type": "phone", "number": "+15005550102", "trunk": "sandbox"}
HANGUP = {"verb": "hangup"}

_number = itertools.count()


def call(gateway: Gateway, hook: str, **fields: object) -> PlacedCall:
    return gateway.call({"from": "+15005550001", "to": CALLEE, "call_hook": hook, **fields})


def document(gateway: Gateway, *verbs: dict, **fields: object) -> PlacedCall:
    body = {"from": "+15005550001", "to": CALLEE, "app_json": json.dumps(verbs), **fields}
    return gateway.call(body)


def alerts(placed: PlacedCall) -> list[str]:
    return [e["data"]["message"] for e in placed.events() if e["type"] == "alert"]


def tone(seconds: float) -> bytes:
    samples = (
        int(9000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(int(8000 * seconds))
    )
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ([], 200, "app_empty"),
        ({"verb": "say"}, 200, "app_invalid"),
        ([{"verb": "sing"}], 200, "app_invalid"),
        ([{"verb": "say", "text": 5}], 200, "app_invalid"),
        ([HANGUP], 500, "app_failed"),
        ([HANGUP], 404, "app_failed"),
    ],
)
def test_an_application_that_fails_ends_the_call_at_once_with_its_fault(
    gateway, hooks, answer, status, code
):
    placed = call(gateway, hooks.answer(f"/bad/{next(_number)}", answer, status))

    end = placed.ended()

    assert (end["call_status"], end["outcome"]["code"]) == ("completed", code)
    assert end["outcome"]["fault_domain"] == "app"
    assert end["duration"] <= 1
    assert len(alerts(placed)) == 1


def test_verbs_that_run_out_hang_up_as_the_applications_end(gateway):
    end = document(gateway, {"verb": "pause", "length": 0.1}).ended()

    assert (end["outcome"]["code"], end["outcome"]["fault_domain"]) == ("app_finished", "app")


def test_an_unknown_property_is_ignored_with_an_alert(gateway, hooks):
    hook = hooks.answer("/newer", [{"verb": "hangup", "sparkle": 1}])

    placed = call(gateway, hook)

    assert placed.ended()["outcome"]["code"] == "completed"
    assert "sparkle" in alerts(placed)[0]


def test_a_digit_is_gathered_and_the_answer_goes_on(gateway, hooks):
    hooks.answer("/pressed", [{"verb": "tag", "data": {"choice": "one"}}, HANGUP])
    gather = {"verb": "gather", "id": "menu", "input": ["digits"], "numDigits": 1, "timeout": 10}
    hook = hooks.answer(
        "/menu", [gather | {"actionHook": "/pressed", "say": {"text": "Press a key."}}]
    )

    placed = call(gateway, hook, to=PRESSES_1)

    end = placed.ended()
    asked = hooks.wait_for("/pressed").body
    assert (asked["reason"], asked["digits"], asked["verb_id"]) == ("dtmfDetected", "1", "menu")
    assert end["tag"] == {"choice": "one"}
    assert placed.wait_event("digit")["data"]["digit"] == "1"


def test_a_redirect_replaces_the_document(gateway, hooks):
    hooks.answer("/second", [HANGUP])
    hook = hooks.answer(
        "/first", [{"verb": "redirect", "actionHook": "/second"}, {"verb": "pause", "length": 60}]
    )

    placed = call(gateway, hook)

    assert placed.ended()["outcome"]["code"] == "completed"
    assert len(hooks.requests("/second")) == 1


def test_a_sound_is_played_as_often_as_asked(gateway, hooks):
    url = hooks.answer("/tone.wav", tone(0.4))

    placed = document(
        gateway,
        {"verb": "play", "url": url, "loop": 2},
        {"verb": "play", "url": [url, url]},
        HANGUP,
    )

    placed.ended()
    played = [
        e["data"]["playback_milliseconds"]
        for e in placed.events()
        if e["type"] == "verb" and e["data"]["phase"] == "finished" and e["data"]["verb"] == "play"
    ]
    assert played == [800, 800]


def test_a_sound_that_is_not_there_is_an_alert_and_the_call_goes_on(gateway, hooks):
    missing = hooks.answer("/missing.wav", "gone", 404)

    placed = document(gateway, {"verb": "play", "url": missing}, HANGUP)

    assert placed.ended()["outcome"]["code"] == "completed"
    assert any("missing.wav" in message for message in alerts(placed))


def test_a_vendor_without_credentials_is_an_alert_and_the_built_in_voice_speaks(gateway):
    say = {
        "verb": "say",
        "text": "Guten Tag",
        "synthesizer": {"vendor": "acme", "language": "de-DE"},
    }

    placed = document(gateway, say, HANGUP)

    assert placed.ended()["outcome"]["code"] == "completed"
    alert = placed.wait_event("alert")["data"]
    assert alert["alert_type"] == "no-tts"
    spoken = placed.wait_event("verb", verb="say", phase="finished")["data"]
    assert spoken["playback_milliseconds"] > 300


def test_hangup_sends_its_headers(gateway):
    placed = document(gateway, {"verb": "hangup", "headers": {"X-Done": "yes"}})

    assert placed.ended()["call_termination_by"] == "jambonz"


def test_a_get_hook_carries_the_call_as_query(gateway, hooks):
    url = hooks.answer("/get", [HANGUP])

    placed = call(gateway, {"url": url, "method": "GET"})

    placed.ended()
    (request,) = hooks.requests("/get")
    assert request.method == "GET"
    assert f"call_sid={placed.sid}" in request.path


def test_the_status_hook_and_notify_url_are_told_in_order_with_event_ids(gateway, hooks):
    status, notify = hooks.answer("/st", []), hooks.answer("/nt", [])

    placed = document(
        gateway, HANGUP, call_status_hook=status, notifyUrl={"url": notify, "method": "POST"}
    )

    placed.ended()
    for path in ("/st", "/nt"):
        hooks.wait_for(path, lambda r: r.body["call_status"] == "completed")
        told = [r.body for r in hooks.requests(path)]
        statuses = [body["call_status"] for body in told]
        assert statuses == ["trying", "ringing", "in-progress", "completed"]
        assert [body["seq"] for body in told] == sorted(body["seq"] for body in told)
        assert len({body["event_id"] for body in told}) == 4
        assert told[-1]["outcome"]["code"] == "completed"


class TestLiveControl:
    def test_completed_hangs_up_an_answered_call(self, gateway):
        placed = document(gateway, {"verb": "pause", "length": 60})
        placed.wait_event("status", call_status="in-progress")

        assert placed.update(call_status="completed").status == 202

        assert placed.ended()["outcome"]["code"] == "ended_by_api"

    def test_no_answer_cancels_a_ringing_call(self, gateway):
        placed = document(gateway, HANGUP, to={**CALLEE, "number": "+15005550132"})
        placed.wait_event("status", call_status="ringing")

        assert placed.update(call_status="completed").status == 422
        assert placed.update(call_status="no-answer").status == 202

        end = placed.ended()
        assert (end["call_status"], end["outcome"]["code"]) == ("no-answer", "cancelled")

    def test_a_new_call_hook_replaces_what_runs(self, gateway, hooks):
        placed = document(gateway, {"verb": "pause", "length": 60})
        placed.wait_event("status", call_status="in-progress")

        reply = placed.update(call_hook=hooks.answer("/replaced", [HANGUP]))

        assert reply.status == 202
        assert placed.ended()["outcome"]["code"] == "completed"

    def test_an_ended_call_can_be_hidden_but_a_live_one_not(self, gateway):
        placed = document(gateway, {"verb": "pause", "length": 60})
        placed.wait_event("status", call_status="in-progress")

        live = gateway.request("DELETE", "/v1" + placed.path)
        placed.update(call_status="completed")
        placed.ended()

        assert live.status == 422
        assert "completed" in live.body["msg"]
        assert gateway.request("DELETE", "/v1" + placed.path).status == 204
        assert gateway.request("GET", "/v1" + placed.path).status == 404
