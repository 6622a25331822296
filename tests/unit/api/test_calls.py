"""POST, GET, PUT and DELETE of calls over HTTP."""

import json
from dataclasses import replace

import pytest

from unit.api.orders import PHONE, furnish, place, started
from unit.api.world import in_world
from voxgate.model.calls import CallStatus
from voxgate.model.hooks import Hook
from voxgate.provisioning.call_update import CallUpdateDraft
from voxgate.provisioning.calls import SipAnswer
from voxgate.provisioning.errors import CallIncompatible

BASIC = b"""{
        "application_sid": "%s",
        "from": "+15005550100",
        "callerName": "Display Name",
        "to": {
                "type": "phone",
                "number": "+15005550101",
                "trunk": "carrier"
            }
    }"""

ADVANCED = b"""{
      "application_sid": "%s",
      "from": "+15005550100",
      "fromHost": "cognigy.cloud",
      "callerName": "Vacation Agent",
      "to": {
        "type": "phone",
        "number": "+15005550101",
        "trunk": "carrier"
      },
      "amd": {
        "actionHook": "https://webhook.site/0815"
      },
      "timeout": 20,
      "tag": {
        "env": "app",
        "internalId": "ABDC1234",
        "Customer": {
          "firstName": "Sara",
          "lastName": "Doe",
          "mobileNumber": "+15005550101",
          "email": "sara.doe@cognigy.com",
          "salutation": "Ms"
        }
      },
      "headers": {
        "User-to-User": "UUID: 0815"
      },
      "notifyUrl": "https://webhook.site/0815"
    }"""


BAD_CHANGES = [
    ({}, 400, "no valid options supplied to updateCall"),
    (
        {"call_status": "completed", "call_hook": "https://a.b/"},
        400,
        "multiple options are not allowed in updateCall",
    ),
    (
        {"call_hook": "/a", "child_call_hook": "/b", "tag": {}},
        400,
        "multiple options are not allowed in updateCall",
    ),
    ({"call_status": "ringing"}, 400, "invalid call_status"),
    ({"listen_status": "stop"}, 400, "invalid listen_status"),
    ({"transcribe_status": 1}, 400, "invalid transcribe_status"),
    ({"mute_status": "loud"}, 400, "invalid mute_status"),
    ({"conf_mute_status": True}, 400, "invalid conf_mute_status"),
    ({"conf_hold_status": "keep"}, 400, "invalid conf_hold_status"),
    ({"dtmf": {"digit": "E"}}, 400, "invalid dtmf"),
    ({"dtmf": {"duration": 100}}, 400, "invalid dtmf"),
    ({"tag": "x"}, 400, "invalid tag data"),
    ({"media_path": "half"}, 400, "invalid media_path"),
    ({"sip_request": {"method": "INFO"}}, 400, "sip_request requires"),
    ({"record": {"type": "cloud"}}, 400, "record requires"),
    ({"conferenceParticipantAction": {"action": "hug"}}, 400, "conferenceParticipantAction"),
    (
        {"conferenceParticipantAction": {"action": "coach"}},
        400,
        "conferenceParticipantAction requires tag",
    ),
    ({"boostAudioSignal": "loud"}, 400, "boostAudioSignal: must be decibels"),
    ({"boostAudioSignal": True}, 400, "boostAudioSignal"),
    ({"whisper": "hello"}, 400, "whisper"),
    ({"call_status_hook": "https://a.b/"}, 400, "call_status_hook can be updated only when"),
    ({"waitHook": "https://a.b/"}, 400, "waitHook can be updated only when"),
    ({"unheard": 1}, 400, "unheard"),
    ({"call_hook": "ftp://a.b/"}, 400, "call_hook"),
    ({"call_hook": "http://127.0.0.1/"}, 422, "call_hook"),
    ({"child_call_hook": "http://127.0.0.1/"}, 422, "child_call_hook"),
    ({"conf_hold_status": "hold", "wait_hook": "http://127.0.0.1/"}, 422, "wait_hook"),
]


def test_the_basic_request_of_the_document_places_a_call(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        reply = await world.send("POST", path, BASIC % application.encode())

        assert reply.status == 201
        assert reply.headers["content-type"] == "application/json"
        call, plan = started(world)
        ids = {"sid": call.call_sid, "callid": call.call_id, "callId": call.call_id}
        assert reply.body == ids
        request = call.request
        assert (request.from_user, request.caller_name) == ("+15005550100", "Display Name")
        assert (request.to.type, request.to.number, request.to.trunk) == tuple(PHONE.values())
        assert request.call_hook == Hook("https://app.example/call", "POST", "u", "p")
        assert request.call_status_hook == Hook("https://app.example/status")
        assert (request.timeout_s, request.time_limit_s, request.amd) == (60, None, None)
        assert (call.from_, call.to, call.status) == ("+15005550100", "+15005550101", "trying")
        assert (call.direction, call.application_sid) == ("outbound", application)
        assert plan.attempts[0].carrier.name == "carrier"
        assert world.log.calls[call.call_sid] == call

    in_world(sqlite_url, story)


def test_the_advanced_request_of_the_document_reaches_the_call_whole(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        reply = await world.send("POST", path, ADVANCED % application.encode())

        assert reply.status == 201
        call, _ = started(world)
        request, sent = call.request, json.loads(ADVANCED % application.encode())
        assert request.from_host == "cognigy.cloud"
        assert request.caller_name == "Vacation Agent"
        assert request.timeout_s == 20
        assert request.tag == call.tag == sent["tag"]
        assert request.headers == (("User-to-User", "UUID: 0815"),)
        assert request.notify_hook == Hook("https://webhook.site/0815")
        assert request.amd["actionHook"] == {"url": "https://webhook.site/0815", "method": "POST"}
        assert request.amd["thresholdWordCount"] == 9

    in_world(sqlite_url, story)


def test_a_call_is_shown_with_the_contracts_names_and_without_what_is_not_known(sqlite_url):
    async def story(world):
        _, one, sid = await place(world)
        shown = (await world.send("GET", one)).body

        call = world.log.calls[sid]
        assert shown == {
            "call_sid": sid,
            "direction": "outbound",
            "from": "+15005550100",
            "to": "+15005550101",
            "call_id": call.call_id,
            "sip_status": 100,
            "sip_reason": "Trying",
            "call_status": "trying",
            "account_sid": world.account_sid,
            "service_provider_sid": call.service_provider_sid,
            "trace_id": call.trace_id,
            "created_at": "2026-09-21T14:13:20.000Z",
        }
        world.log.end(
            sid,
            status=CallStatus.COMPLETED,
            answered_at=call.created_at + 1.5,
            duration_s=3,
            termination_by="caller",
            sbc_callid="abc",
            outcome={"code": "completed"},
        )
        ended = (await world.send("GET", one)).body
        assert ended["answered_at"] == "2026-09-21T14:13:21.500Z"
        assert ended["ended_at"] == "2026-09-21T14:13:25.000Z"
        assert (ended["duration"], ended["call_termination_by"]) == (3, "caller")
        assert (ended["sbc_callid"], ended["outcome"]) == ("abc", {"code": "completed"})

    in_world(sqlite_url, story)


def test_the_list_filters_exactly_and_pages_on_request(sqlite_url):
    async def story(world):
        path, _, sid = await place(world)
        world.log.calls["x"] = replace(
            world.log.calls[sid], call_sid="x", direction="inbound", from_="+49"
        )

        async def found(query):
            reply = await world.send("GET", f"{path}?{query}")
            return [each["call_sid"] for each in reply.body]

        assert await found("") == [sid, "x"]
        assert await found("direction=outbound") == [sid]
        assert await found("from=%2B49") == ["x"]
        assert await found("to=nobody") == []
        assert await found("callStatus=trying&direction=inbound") == ["x"]
        page = (await world.send("GET", f"{path}?page=1&page_size=5")).body
        assert (page["total"], page["page"], page["page_size"]) == (2, 1, 5)
        assert len(page["data"]) == 2

    in_world(sqlite_url, story)


def test_calls_in_progress_are_counted(sqlite_url):
    async def story(world):
        await place(world)
        reply = await world.send("GET", f"/v1/Accounts/{world.account_sid}/CallCount")
        assert reply.body == {"inbound": 0, "outbound": 1}

    in_world(sqlite_url, story)


def test_the_log_is_read_from_any_point(sqlite_url):
    async def story(world):
        _, one, sid = await place(world)
        first = (await world.send("GET", f"{one}/events")).body
        assert [(e["seq"], e["type"]) for e in first["events"]] == [(1, "created")]
        assert first["events"][0]["data"] == world.log.data[sid]
        assert first["events"][0]["at"] == "2026-09-21T14:13:20.000Z"
        assert first["next"] == 1
        rest = (await world.send("GET", f"{one}/events?after=1&limit=10&wait=0.5")).body
        assert rest == {"events": [], "next": 1}
        for wrong in ("after=-1", "limit=0", "limit=1001", "wait=31", "wait=x"):
            reply = await world.send("GET", f"{one}/events?{wrong}")
            assert (reply.status, reply.fields) == (400, [wrong.partition("=")[0]])

    in_world(sqlite_url, story)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    "body",
    [
        {"call_status": "completed"},
        {"call_status": "no-answer"},
        {"call_hook": "/again"},
        {
            "call_hook": {"url": "wss://app.example/", "username": "u", "password": "p"},
            "call_status_hook": "https://app.example/status",
        },
        {"call_hook": "https://app.example/new", "child_call_hook": "https://app.example/child"},
        {"listen_status": "pause"},
        {"transcribe_status": "resume"},
        {"mute_status": "mute", "whisper": {"verb": "say", "text": "x"}},
        {"conf_mute_status": "unmute"},
        {"conf_hold_status": "hold", "waitHook": "/music"},
        {"conf_hold_status": "hold", "wait_hook": "/music"},
        {"conferenceParticipantAction": {"action": "kick"}},
        {"sip_request": {"method": "INFO", "content_type": "text/plain", "content": "x"}},
        {"record": {"action": "stopCallRecording"}},
        {"dtmf": {"digit": "5"}},
        {"tag": {"a": 1}},
        {"dub": {"action": "addTrack", "track": "music"}},
        {"boostAudioSignal": 0},
        {"boostAudioSignal": "+3dB"},
        {"media_path": "no-media"},
        {"whisper": [{"verb": "say", "text": "x"}]},
    ],
)
def test_a_change_is_accepted_and_handed_to_the_engine(sqlite_url, method, body):
    """gotchas 25, 26, 29 and 32: kick, stop without a server, either name of waitHook, 0 dB."""

    async def story(world):
        _, one, sid = await place(world)
        reply = await world.send(method, one, body)

        assert (reply.status, reply.text) == (202, "Accepted")
        assert reply.headers["content-type"].startswith("text/plain")
        (change,) = world.engine.updates
        assert change == (sid, CallUpdateDraft.model_validate(body))

    in_world(sqlite_url, story)


def test_a_sip_request_answers_with_what_the_far_end_said(sqlite_url):
    async def story(world):
        _, one, _ = await place(world)
        world.engine.sip_answer = SipAnswer(200, "OK")
        request = {"method": "INFO", "content_type": "text/plain", "content": "x"}
        reply = await world.send("PUT", one, {"sip_request": request})

        assert (reply.status, reply.body) == (200, {"status": 200, "reason": "OK"})

    in_world(sqlite_url, story)


def test_a_change_that_cannot_be_is_refused(sqlite_url):
    async def story(world):
        _, one, _ = await place(world)
        for body, status, msg in BAD_CHANGES:
            reply = await world.send("PUT", one, body)
            assert reply.status == status, body
            assert reply.body["msg"].startswith(msg)
        assert world.engine.updates == []

    in_world(sqlite_url, story)


def test_a_change_that_comes_at_the_wrong_time_says_so_in_plain_text(sqlite_url):
    """gotcha 28: the 422 of an update is text, not JSON."""

    async def story(world):
        _, one, sid = await place(world)
        world.engine.update_refusal = CallIncompatible.of(sid, "no dial to mute")
        reply = await world.send("PUT", one, {"mute_status": "mute"})

        text = f"current call state is incompatible with requested action for call_sid {sid}"
        assert (reply.status, reply.text) == (422, f"{text}: no dial to mute")
        assert reply.headers["content-type"].startswith("text/plain")

    in_world(sqlite_url, story)


def test_an_ended_call_can_be_put_away_once(sqlite_url):
    async def story(world):
        path, one, sid = await place(world)
        live = await world.send("DELETE", one)
        assert live.status == 422
        assert "call_status" in live.body["msg"]

        world.log.end(sid)
        gone = await world.send("PUT", one, {"call_status": "completed"})
        assert (gone.status, gone.text) == (422, f"call session is gone for call_sid {sid}")
        assert (await world.send("DELETE", one)).status == 204
        assert (await world.send("DELETE", one)).status == 404
        assert (await world.send("GET", one)).status == 404
        assert (await world.send("GET", path)).body == []

    in_world(sqlite_url, story)
