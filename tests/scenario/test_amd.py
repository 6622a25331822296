"""Answering machine detection on whole calls to callees of every kind (contract section 9)."""

import json

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookRequest, HookServer

STAYS = {"verb": "pause", "length": 30}


def place(gateway: Gateway, number: str, hook: str, *verbs: dict, **amd: object) -> PlacedCall:
    return gateway.call({
        "from": "+15005550001",
        "to": {"type": "phone", "number": number, "trunk": "sandbox"},
        "app_json": json.dumps(verbs or [STAYS]),
        "amd": {"actionHook": hook, **amd},
    })


def told(hooks: HookServer, path: str, placed: PlacedCall) -> list[dict]:
    """What the hook was told about this call, once the detection has stopped."""

    def is_last(request: object) -> bool:
        return request.body["call_sid"] == placed.sid and request.body["type"] == "amd_stopped"

    hooks.wait_for(path, is_last)
    bodies = [request.body for request in hooks.requests(path)]
    return [body for body in bodies if body["call_sid"] == placed.sid]


def types(bodies: list[dict]) -> list[str]:
    return [body["type"] for body in bodies]


@pytest.mark.parametrize("number", ["+15005560006", "+15005569150"], ids=["human", "extension"])
def test_a_person_who_says_a_word_and_waits_is_one(gateway, hooks, number):
    hook = hooks.answer(f"/amd-human-{number[-4:]}", [])
    placed = place(gateway, number, hook)

    human, stopped = told(hooks, f"/amd-human-{number[-4:]}", placed)

    assert human["type"] == "amd_human_detected"
    assert human["reason"] == "short greeting"
    assert "greeting" not in human  # nobody understood the words
    assert 0 <= human["ring_ms"] < 60_000  # FS#1244
    assert (human["direction"], human["call_status"]) == ("outbound", "in-progress")
    assert stopped["type"] == "amd_stopped"
    assert placed.update(call_status="completed").status == 202
    events = [e["data"] for e in placed.events() if e["type"] == "amd"]
    assert types(events) == ["amd_human_detected", "amd_stopped"]


def test_a_mailbox_is_a_machine_whose_beep_and_end_are_told_in_the_usual_order(gateway, hooks):
    placed = place(gateway, "+15005568246", hooks.answer("/amd-mailbox", []))

    machine, tone, quiet, stopped = told(hooks, "/amd-mailbox", placed)

    assert machine["type"] == "amd_machine_detected"
    assert machine["reason"] == "timing"
    assert tone["type"] == "amd_tone_detected"
    assert tone["frequency"] == pytest.approx(1000, abs=3)
    assert tone["variance"] < 5
    assert quiet["type"] == "amd_machine_stopped_speaking"
    assert stopped["type"] == "amd_stopped"
    placed.update(call_status="completed")


def test_verbs_in_a_hooks_answer_replace_the_application(gateway, hooks):
    def answer(request: HookRequest) -> tuple[int, list]:
        is_beep = request.body["type"] == "amd_tone_detected"
        return 200, [{"verb": "hangup"}] if is_beep else []

    hook = hooks.answer_with("/amd-replaces", answer)

    placed = place(gateway, "+15005564274", hook)

    ended = placed.ended()
    assert ended["call_termination_by"] == "jambonz"
    assert ended["duration"] < 10
    verbs = [e["data"] for e in placed.events() if e["type"] == "verb"]
    assert {"verb": "pause", "phase": "interrupted"}.items() <= verbs[1].items()


@pytest.mark.parametrize(
    "number",
    ["+15005565000", "+15005566000", "+15005567000"],
    ids=["silence", "ringback", "busy"],
)
def test_silence_and_tones_of_the_network_are_nobody(gateway, hooks, number):
    path = f"/amd-nobody-{number[-4:]}"
    timers = {"noSpeechTimeoutMs": 1500}
    placed = place(gateway, number, hooks.answer(path, []), timers=timers)

    bodies = told(hooks, path, placed)

    assert types(bodies) == ["amd_no_speech_detected", "amd_stopped"]
    placed.update(call_status="completed")


def test_detection_can_be_started_by_a_verb(gateway, hooks):
    hook = hooks.answer("/amd-verb", [])
    placed = gateway.call({
        "from": "+15005550001",
        "to": {"type": "phone", "number": "+15005560238", "trunk": "sandbox"},
        "app_json": json.dumps([{"verb": "amd", "actionHook": hook}, STAYS]),
    })

    bodies = told(hooks, "/amd-verb", placed)

    assert types(bodies) == ["amd_human_detected", "amd_stopped"]
    placed.update(call_status="completed")


def test_detection_can_be_started_by_config(gateway, hooks):
    hook = hooks.answer("/amd-config", [])
    amd = {"actionHook": hook, "timers": {"noSpeechTimeoutMs": 700}}
    placed = gateway.call({
        "from": "+15005550001",
        "to": {"type": "phone", "number": "+15005565002", "trunk": "sandbox"},
        "app_json": json.dumps([{"verb": "config", "amd": amd}, STAYS]),
    })

    bodies = told(hooks, "/amd-config", placed)

    assert types(bodies) == ["amd_no_speech_detected", "amd_stopped"]
    placed.update(call_status="completed")


def test_who_answers_a_dial_is_told_to_the_call_that_dialled(gateway, hooks):
    hook = hooks.answer("/amd-dial", [])
    target = {"type": "phone", "number": "+15005560033", "trunk": "sandbox"}
    placed = gateway.call({
        "from": "+15005550001",
        "to": {"type": "phone", "number": "+15005550106", "trunk": "sandbox"},
        "app_json": json.dumps([{"verb": "dial", "target": [target], "amd": {"actionHook": hook}}]),
    })

    bodies = told(hooks, "/amd-dial", placed)

    assert types(bodies) == ["amd_human_detected", "amd_stopped"]
    placed.update(call_status="completed")


def test_the_words_of_a_recogniser_decide_and_are_told(gateway, hooks):
    utterances = {"utterances": ["you have reached 555 1234"]}
    recognizer = {"vendor": "scripted", "language": "en-US", "scriptedOptions": utterances}
    hook = hooks.answer("/amd-words", [])
    timers = {"greetingCompletionTimeoutMs": 500}

    placed = place(
        gateway, "+15005560008", hook, digitCount=7, recognizer=recognizer, timers=timers
    )

    bodies = told(hooks, "/amd-words", placed)
    assert types(bodies) == ["amd_machine_detected", "amd_machine_stopped_speaking", "amd_stopped"]
    assert bodies[0]["reason"] == "digit count"
    assert bodies[0]["greeting"] == "you have reached 555 1234"
    assert bodies[0]["language"] == "en-US"
    placed.update(call_status="completed")


def test_gotcha_78_a_recogniser_without_credentials_is_an_error_and_the_sounds_decide(
    gateway, hooks
):
    hook = hooks.answer("/amd-deaf", [])

    placed = place(gateway, "+15005560006", hook, recognizer={"vendor": "deepgram"})

    bodies = told(hooks, "/amd-deaf", placed)
    assert types(bodies) == ["amd_error", "amd_human_detected", "amd_stopped"]
    assert bodies[0]["vendor"] == "deepgram"
    placed.update(call_status="completed")


def test_a_hook_that_fails_is_an_alert_and_the_call_goes_on(gateway, hooks):
    """Section 14: an AMD hook error crashed the server (FS#186)."""
    hook = hooks.answer("/amd-broken", [], status=500)
    pause = {"verb": "pause", "length": 2}

    placed = place(gateway, "+15005565001", hook, pause, timers={"noSpeechTimeoutMs": 500})

    ended = placed.ended()
    assert ended["outcome"]["code"] == "app_finished"
    assert [e for e in placed.events() if e["type"] == "alert"]
