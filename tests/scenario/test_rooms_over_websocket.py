"""Conferences and queues of an application behind a WebSocket (contract 4.2, 4.4)."""

from collections.abc import Iterator

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.ws_app import Talk, WsApp

CALLEE = {"type": "phone", "number": "+15005550107", "trunk": "sandbox"}
HANGUP = {"verb": "hangup"}
LONG = {"verb": "pause", "length": 30}


@pytest.fixture
def app() -> Iterator[WsApp]:
    app = WsApp()
    yield app
    app.close()


def running(gateway: Gateway, app: WsApp, *verbs: dict) -> tuple[PlacedCall, Talk]:
    app.answers["session:new"] = list(verbs)
    placed = gateway.call({"from": "+15005550001", "to": CALLEE, "call_hook": app.url()})
    talk = app.wait_talk()
    talk.wait_for("session:new")
    return placed, talk


def test_a_conference_reports_on_the_socket_and_commands_act_on_it(gateway, app):
    conference = {
        "verb": "conference",
        "name": "over ws",
        "statusHook": "/room",
        "statusEvents": ["join", "leave"],
        "actionHook": "/left",
    }
    placed, talk = running(gateway, app, conference, LONG)
    joined = talk.wait_for("verb:hook", lambda f: f["hook"] == "/room")
    assert (joined["data"]["event"], joined["data"]["members"]) == ("join", 1)

    talk.command("conf:mute-status", {"conf_mute_status": "mute"})
    talk.command("conf:hold-status", {"conf_hold_status": "hold"})
    talk.command("conf:participant-action", {"action": "unhold"})
    talk.command("mute:status", "mute")
    talk.command("conf:participant-action", {"action": "kick"})

    talk.wait_for("verb:hook", lambda f: f["hook"] == "/left")
    talk.wait_for("verb:hook", lambda f: f["hook"] == "/room" and f["data"]["event"] == "leave")
    assert talk.of("jambonz:error") == []
    # Outside of it each of them is an error, and the call goes on.
    talk.command("conf:mute-status", {"conf_mute_status": "mute"})
    error = talk.wait_for("jambonz:error")["data"]
    assert error["details"] == "conf:mute-status: the call is in no conference"
    talk.command("redirect", [HANGUP])
    assert placed.ended()["outcome"]["code"] == "completed"


def test_what_a_command_gets_wrong_is_said(gateway, app):
    placed, talk = running(gateway, app, LONG)
    for number, (name, data) in enumerate([
        ("conf:participant-action", {"action": "hug"}),
        ("whisper", {"whisper": HANGUP}),
        ("boostAudioSignal", "loud"),
    ]):
        talk.command(name, data)
        talk.wait_for("jambonz:error", lambda _f, n=number: len(talk.of("jambonz:error")) > n)

    details = [frame["data"]["details"] for frame in talk.of("jambonz:error")]
    assert "conferenceParticipantAction requires an action" in details[0]
    assert "only say and play can be whispered" in details[1]
    assert "must be decibels" in details[2]
    talk.command("redirect", [HANGUP])
    placed.ended()


def test_queue_events_of_the_account_come_as_queue_status(gateway, app):
    account = f"/Accounts/{gateway.account_sid}"
    hook = {"url": app.url("/queues"), "method": "POST"}
    gateway.api("PUT", account, {"queue_event_hook": hook})
    try:
        enqueue = {"verb": "enqueue", "name": "ws line", "actionHook": "/served"}
        placed, talk = running(gateway, app, enqueue)
        joined = talk.wait_for("queue:status")
        assert (joined["data"]["event"], joined["data"]["queue"]) == ("join", "ws line")
        placed.update(call_status="completed")
        left = talk.wait_for("queue:status", lambda f: f["data"]["event"] == "leave")
        assert left["data"]["leave_reason"] == "abandoned"
        placed.ended()
    finally:
        gateway.api("PUT", account, {"queue_event_hook": None})
