"""Applications behind a WebSocket drive whole calls (contract section 4)."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.ports import wait_until
from interop.raw_caller import RawCaller, status_of
from interop.ws_app import SILENT, Talk, WsApp
from scenario.inbound import Line, add_trunk

# Picks up at once; the human lets it ring for a second.
CALLEE = {"type": "phone", "number": "+15005550107", "trunk": "sandbox"}
HUMAN = {**CALLEE, "number": "+15005550100"}
PRESSES_1 = {**CALLEE, "number": "+15005550102"}
NO_ANSWER = {**CALLEE, "number": "+15005550132"}
HANGUP = {"verb": "hangup"}
LONG = {"verb": "pause", "length": 30}

_number = itertools.count()


@pytest.fixture
def app() -> Iterator[WsApp]:
    app = WsApp()
    yield app
    app.close()


def call(gateway: Gateway, hook: object, **fields: object) -> PlacedCall:
    return gateway.call({"from": "+15005550001", "to": CALLEE, "call_hook": hook, **fields})


def running(gateway: Gateway, app: WsApp, *verbs: dict, **fields: object) -> tuple:
    """A call whose application has answered `session:new` with these verbs."""
    app.answers["session:new"] = list(verbs) or None
    placed = call(gateway, app.url(), **fields)
    talk = app.wait_talk()
    talk.wait_for("session:new")
    return placed, talk


def wait_closed(talk: Talk) -> int | None:
    wait_until(lambda: talk.ended, within_s=10, what="the socket closed")
    return talk.close_code


def started(placed: PlacedCall) -> list[str]:
    return [
        e["data"].get("id") or e["data"]["verb"]
        for e in placed.events()
        if e["type"] == "verb" and e["data"]["phase"] == "started"
    ]


def alerts(placed: PlacedCall) -> list[str]:
    return [e["data"]["message"] for e in placed.events() if e["type"] == "alert"]


class TestOneCall:
    def test_runs_from_session_new_to_its_last_status_on_one_socket_fs_420_fs_793(
        self, gateway, app
    ):
        app.answers["session:new"] = [{"verb": "pause", "length": 0.1}, HANGUP]

        placed = call(gateway, app.url(), tag={"customer": 7}, to=HUMAN)

        end = placed.ended()
        talk = app.wait_talk()
        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        assert end["outcome"]["code"] == "completed"
        (new,) = talk.of("session:new")
        assert new["data"]["call_sid"] == placed.sid
        assert new["data"]["customerData"] == {"customer": 7}
        assert "defaults" in new["data"]
        statuses = [f["data"]["call_status"] for f in talk.of("call:status")]
        assert statuses == ["trying", "ringing", "in-progress", "completed"]
        assert len(app.talks) == 1
        assert talk.headers["Sec-WebSocket-Protocol"].startswith("ws.jambonz.org")
        assert {f["call_sid"] for f in talk.frames} == {placed.sid}
        assert wait_closed(talk) == 1000

    def test_that_nobody_answers_is_told_on_the_socket_and_leaves_nothing_open_fs_401_fs_410(
        self, gateway, app
    ):
        placed = call(gateway, app.url(), to=NO_ANSWER, timeout=1)

        assert placed.ended()["call_status"] == "no-answer"
        talk = app.wait_talk()
        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "no-answer")
        assert talk.of("session:new") == []
        assert wait_closed(talk) == 1000

    def test_with_credentials_sends_them_once_per_connection(self, gateway, app):
        app.answers["session:new"] = [HANGUP]
        hook = {"url": app.url(), "username": "me", "password": "pass"}

        call(gateway, hook).ended()

        assert app.wait_talk().headers["Authorization"] == "Basic bWU6cGFzcw=="

    def test_whose_application_never_acknowledges_ends_with_the_applications_fault(
        self, gateway, app
    ):
        app.answers["session:new"] = SILENT

        end = call(gateway, app.url()).ended()

        assert end["outcome"]["code"] == "app_failed"

    def test_whose_application_answers_nonsense_ends_with_an_alert(self, gateway, app):
        app.answers["session:new"] = {"verb": "hangup"}

        placed = call(gateway, app.url())

        assert placed.ended()["outcome"]["code"] == "app_invalid"
        assert any("array" in message for message in alerts(placed))

    def test_takes_a_document_of_100_kib_gotcha_48(self, gateway, app):
        tag = {"verb": "tag", "data": {"long": "x" * 100_000}}

        placed, _talk = running(gateway, app, tag, HANGUP)

        assert len(placed.ended()["tag"]["long"]) == 100_000


class TestVerbHooks:
    def test_echo_the_hook_whatever_it_is_and_verbs_in_the_ack_replace_the_rest(self, gateway, app):
        gather = {"verb": "gather", "numDigits": 1, "say": {"text": "Press a key."}}
        app.answers["any name"] = [{"verb": "tag", "data": {"got": 1}}, HANGUP]

        placed, talk = running(
            gateway, app, {**gather, "actionHook": "any name", "id": "g"}, LONG, to=PRESSES_1
        )

        assert placed.ended()["tag"] == {"got": 1}
        (hook,) = talk.of("verb:hook")
        assert hook["hook"] == "any name"
        assert (hook["data"]["digits"], hook["data"]["verb_id"]) == ("1", "g")

    def test_of_a_transcription_are_like_all_others_gotcha_39(self, gateway, app):
        transcribe = {
            "verb": "transcribe",
            "transcriptionHook": "/said",
            "recognizer": {"vendor": "scripted", "scriptedOptions": {"utterances": ["hello"]}},
        }
        app.answers["/said"] = [HANGUP]

        placed, talk = running(gateway, app, transcribe, to=HUMAN, tag={"customerId": 7})

        placed.ended()
        data = talk.of("verb:hook")[0]["data"]
        assert data["speech"]["alternatives"][0]["transcript"] == "hello"
        assert data["customerData"] == {"customerId": 7}
        assert "fs_sip_address" in data

    def test_that_are_not_acknowledged_let_the_call_go_on(self, gateway, app):
        gather = {"verb": "gather", "input": ["digits"], "timeout": 0.2, "actionHook": "/slow"}
        app.answers["/slow"] = SILENT

        placed, _talk = running(gateway, app, gather, HANGUP)

        assert placed.ended()["outcome"]["code"] == "completed"
        assert any("failed to connect" in message for message in alerts(placed))

    def test_of_a_gather_that_get_a_bad_answer_are_told_as_a_status_too(self, gateway, app):
        gather = {"verb": "gather", "input": ["digits"], "timeout": 0.2, "actionHook": "/bad"}
        app.answers["/bad"] = [{"verb": "sing"}]

        placed, talk = running(gateway, app, gather, HANGUP)

        assert placed.ended()["outcome"]["code"] == "completed"
        error = talk.wait_for("jambonz:error")["data"]
        assert error["msg"] == "invalid actionHook response"
        status = talk.wait_for("call:status", lambda f: "error" in f["data"])["data"]
        assert status["error"] == "invalid actionHook response"
        assert "sing" in status["reason"]


class TestCommands:
    def test_move_a_call_that_waits_for_them(self, gateway, app):
        placed, talk = running(gateway, app)

        talk.command("redirect", [{"verb": "tag", "data": {"by": "command"}}])
        talk.command("redirect", [HANGUP], queueCommand=True)

        end = placed.ended()
        assert (end["outcome"]["code"], end["tag"]) == ("completed", {"by": "command"})

    def test_replace_and_kill_the_running_verb_or_append_behind_the_rest_gotcha_53(
        self, gateway, app
    ):
        first = {**LONG, "id": "first"}
        placed, talk = running(gateway, app, first, {**LONG, "id": "second"})
        placed.wait_event("verb", phase="started", id="first")

        talk.command("redirect", [{**LONG, "id": "new"}])
        placed.wait_event("verb", phase="started", id="new")
        talk.command(
            "redirect", [{"verb": "pause", "length": 0, "id": "last"}, HANGUP], queueCommand=True
        )
        talk.command("redirect", [{"verb": "tag", "data": {}, "id": "now"}])
        talk.command("redirect", [HANGUP], queueCommand=True)

        placed.ended()
        assert started(placed) == ["first", "new", "now", "hangup"]

    def test_end_the_call(self, gateway, app):
        placed, talk = running(gateway, app, LONG)
        placed.wait_event("verb", phase="started")

        talk.command("call:status", {"call_status": "completed"})

        assert placed.ended()["outcome"]["code"] == "ended_by_api"

    def test_tag_although_the_reference_does_not_know_it(self, gateway, app):
        placed, talk = running(gateway, app)

        talk.command("tag", {"fresh": True})
        talk.command("redirect", [HANGUP])

        assert placed.ended()["tag"] == {"fresh": True}

    @pytest.mark.parametrize(
        "text",
        [
            "{oops",
            '{"type":"command","command":"redirect"}',
            '{"type":"command","command":"sing","data":1}',
            '{"type":"command","command":"redirect","data":[{"verb":"sing"}]}',
            '{"type":"command","command":"config","data":{"sparkle":[]}}',
        ],
    )
    def test_that_are_wrong_are_answered_and_harm_nothing_fs_1094(self, gateway, app, text):
        placed, talk = running(gateway, app)

        if "sparkle" in text:
            text = text.replace('"sparkle":[]', '"recognizer":5')
        talk.send_text(text)

        error = talk.wait_for("jambonz:error")
        assert error["data"]["msg"] == "InvalidMessage"
        talk.command("redirect", [HANGUP])
        assert placed.ended()["outcome"]["code"] == "completed"
        assert alerts(placed)

    def test_configure_beside_the_running_verb(self, gateway, app):
        placed, talk = running(gateway, app, {**LONG, "id": "long"})
        placed.wait_event("verb", phase="started", id="long")

        talk.command("config", {"notifyEvents": True})
        talk.command("redirect", [{"verb": "pause", "length": 0, "id": "p"}])

        talk.wait_for("verb:status", lambda f: f["data"].get("id") == "p")
        talk.command("redirect", [HANGUP])
        placed.ended()
        assert started(placed)[0] == "long"

    def test_stream_speech_and_say_so_when_an_id_is_missing_gotcha_50(self, gateway, app):
        placed, talk = running(gateway, app, {"verb": "say", "stream": True})
        talk.wait_for("tts:streaming-event", lambda f: f["data"]["event_type"] == "stream_open")

        talk.command("tts:tokens", {"tokens": "Nobody will ever know."})
        talk.command("tts:tokens", {"id": 1, "tokens": "Good day."})
        talk.command("tts:flush")

        talk.wait_for("tts:tokens-result", lambda f: f["data"].get("id") == 1)
        results = [frame["data"] for frame in talk.of("tts:tokens-result")]
        assert {"id": 1, "status": "ok"} in results
        assert any(result["status"] == "failed" for result in results)
        talk.command("redirect", [HANGUP])
        placed.ended()

    def test_dial_starts_a_call_of_its_own(self, gateway, app):
        placed, talk = running(gateway, app)
        app.answers["session:new"] = [HANGUP]

        talk.command("dial", {"from": "+15005550001", "to": CALLEE, "call_hook": "/second"})

        second = app.wait_talk("/second").wait_for("session:new")
        assert second["call_sid"] != placed.sid
        talk.command("redirect", [HANGUP])
        placed.ended()

    def test_dial_that_cannot_be_done_says_what_is_wrong(self, gateway, app):
        placed, talk = running(gateway, app)

        talk.command("dial", {"from": "+15005550001", "to": {"type": "phone"}})

        error = talk.wait_for("jambonz:error")["data"]
        assert (error["msg"], "to.number" in error["details"]) == ("dial", True)
        talk.command("redirect", [HANGUP])
        placed.ended()

    def test_for_a_call_that_is_not_this_ones_are_refused_gotcha_45(self, gateway, app):
        placed, talk = running(gateway, app)

        talk.command("call:status", {"call_status": "completed"}, callSid="somebody else's")

        assert "no call" in talk.wait_for("jambonz:error")["data"]["details"]
        talk.command("call:status", {"call_status": "completed"}, callSid=placed.sid)
        placed.ended()


class TestLostConnections:
    def test_come_back_as_session_reconnect_with_the_first_data_fs_103_gotcha_54(
        self, gateway, app
    ):
        placed, talk = running(gateway, app, {"verb": "tag", "data": {"later": 1}})

        talk.cut()

        again = app.wait_talk(number=2)
        reconnect = again.wait_for("session:reconnect")
        assert reconnect["data"] == talk.of("session:new")[0]["data"]
        again.command("redirect", [HANGUP])
        assert placed.ended()["outcome"]["code"] == "completed"
        again.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")

    def test_lose_no_verb_hook_that_is_asked_meanwhile_pr_fs_633(self, gateway, app):
        gather = {"verb": "gather", "input": ["digits"], "timeout": 0.3, "actionHook": "/g"}
        app.answers["/g"] = [HANGUP]
        placed, talk = running(gateway, app, gather, LONG)

        talk.cut()

        assert placed.ended()["outcome"]["code"] == "completed"
        assert app.wait_talk(number=2).types()[:2] == ["session:reconnect", "verb:hook"]

    def test_that_cannot_be_restored_hang_up_with_an_alert_fs_1098(self, gateway, app):
        placed, talk = running(gateway, app, LONG)
        app.refuses = 100

        talk.cut()

        end = placed.ended()
        assert (end["outcome"]["code"], end["call_status"]) == ("app_lost", "completed")
        assert any("returned 503" in message for message in alerts(placed))

    def test_closed_with_1000_let_the_verbs_end_and_then_the_call_gotcha_49(self, gateway, app):
        placed, talk = running(gateway, app, {"verb": "pause", "length": 0.5}, {"verb": "answer"})

        talk.close(1000)

        assert placed.ended()["outcome"]["code"] == "app_finished"
        assert started(placed) == ["pause", "answer"]
        assert len(app.talks) == 1

    def test_closed_with_1000_while_idle_leave_the_call_up_gotcha_49(self, gateway, app):
        placed, talk = running(gateway, app)
        placed.wait_event("hook")

        talk.close(1000)
        wait_closed(talk)

        assert placed.update(call_status="completed").status == 202
        assert placed.ended()["outcome"]["code"] == "ended_by_api"


class TestMoving:
    def test_a_redirect_to_another_socket_takes_the_call_there(self, gateway, app):
        other = WsApp()
        try:
            other.answers["session:new"] = [HANGUP]
            redirect = {"verb": "redirect", "actionHook": other.url("/there")}

            placed, talk = running(gateway, app, redirect)

            assert placed.ended()["outcome"]["code"] == "completed"
            there = other.wait_talk("/there")
            there.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
            assert there.types()[0] == "session:new"
            assert wait_closed(talk) == 1000
        finally:
            other.close()

    def test_a_redirect_on_the_same_host_stays_on_the_socket(self, gateway, app):
        app.answers["/more"] = [HANGUP]

        placed, talk = running(gateway, app, {"verb": "redirect", "actionHook": "/more"})

        placed.ended()
        assert talk.of("session:redirect")[0]["hook"] == "/more"
        assert len(app.talks) == 1

    def test_an_http_application_can_hand_the_call_to_a_socket(self, gateway, app, hooks):
        app.answers["session:new"] = [HANGUP]
        hook = hooks.answer("/to-ws", [{"verb": "redirect", "actionHook": app.url("/taken")}])

        placed = call(gateway, hook)

        assert placed.ended()["outcome"]["code"] == "completed"
        talk = app.wait_talk("/taken")
        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        assert talk.of("session:new")[0]["data"]["call_sid"] == placed.sid

    def test_a_socket_application_can_hand_the_call_to_http(self, gateway, app, hooks):
        taken = hooks.answer("/from-ws", [{"verb": "redirect", "actionHook": "/and-on"}])
        hooks.answer("/and-on", [HANGUP])

        placed, talk = running(gateway, app, {"verb": "redirect", "actionHook": taken})

        assert placed.ended()["outcome"]["code"] == "completed"
        assert hooks.wait_for("/and-on").body["call_sid"] == placed.sid
        assert wait_closed(talk) == 1000

    def test_one_hook_of_an_http_application_may_be_a_socket(self, gateway, app, hooks):
        gather = {"verb": "gather", "input": ["digits"], "timeout": 0.2}
        hook = hooks.answer("/mixed", [{**gather, "actionHook": app.url("/once")}, LONG])
        app.answers["session:new"] = [{"verb": "tag", "data": {"via": "ws"}}, HANGUP]

        placed = call(gateway, hook)

        assert placed.ended()["tag"] == {"via": "ws"}
        talk = app.wait_talk("/once")
        assert talk.of("session:new")[0]["data"]["reason"] == "timeout"
        assert wait_closed(talk) == 1000

    def test_one_hook_of_a_socket_application_may_be_http(self, gateway, app, hooks):
        gather = {"verb": "gather", "input": ["digits"], "timeout": 0.2}
        hook = hooks.answer("/plain", [HANGUP])

        placed, talk = running(gateway, app, {**gather, "actionHook": hook}, LONG)

        assert placed.ended()["outcome"]["code"] == "completed"
        assert hooks.wait_for("/plain").body["reason"] == "timeout"
        assert talk.of("verb:hook") == []

    def test_live_control_redirects_over_the_socket(self, gateway, app):
        app.answers["/live"] = [HANGUP]
        placed, talk = running(gateway, app, LONG)
        placed.wait_event("verb", phase="started")

        assert placed.update(call_hook="/live").status == 202

        placed.ended()
        assert talk.of("session:redirect")[0]["hook"] == "/live"


class TestStatuses:
    def test_go_to_a_separate_http_hook_alone_gotcha_47(self, gateway, app, hooks):
        status = hooks.answer(f"/ws-status/{next(_number)}", [])

        placed, talk = running(gateway, app, HANGUP, call_status_hook=status)

        placed.ended()
        path = status.partition("/ws-status")[1] + status.partition("/ws-status")[2]
        hooks.wait_for(path, lambda r: r.body["call_status"] == "completed")
        told = [r.body["call_status"] for r in hooks.requests(path)]
        assert told == ["trying", "in-progress", "completed"]
        assert talk.of("call:status") == []

    def test_go_to_a_separate_socket_gotcha_47(self, gateway, app):
        placed, talk = running(gateway, app, HANGUP, call_status_hook=app.url("/statuses"))

        placed.ended()
        other = app.wait_talk("/statuses")
        other.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        assert talk.of("call:status") == []

    def test_come_once_when_the_status_hook_is_the_application_itself(self, gateway, app):
        placed, talk = running(gateway, app, HANGUP, call_status_hook=app.url())

        placed.ended()
        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        statuses = [f["data"]["call_status"] for f in talk.of("call:status")]
        assert statuses == ["trying", "in-progress", "completed"]

    def test_reach_an_http_application_s_status_socket_gotcha_47(self, gateway, app, hooks):
        hook = hooks.answer("/http-with-ws", [HANGUP])

        call(gateway, hook, call_status_hook=app.url("/only-status")).ended()

        talk = app.wait_talk("/only-status")
        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")


class TestDialledCalls:
    def dial(self, **more: object) -> dict:
        return {"verb": "dial", "target": [CALLEE], "actionHook": "/dialled", **more}

    def test_are_confirmed_and_reported_over_the_socket_of_who_dialled(self, gateway, app):
        app.answers["/confirm"] = None
        app.answers["/dialled"] = [HANGUP]
        placed, talk = running(gateway, app, self.dial(confirmHook="/confirm"))

        confirm = talk.wait_for("dial:confirm")
        child = confirm["call_sid"]
        assert child != placed.sid
        assert confirm["data"]["parent_call_sid"] == placed.sid
        talk.wait_for(
            "call:status",
            lambda f: f["call_sid"] == child and f["data"]["call_status"] == "in-progress",
        )
        talk.command("call:status", {"call_status": "completed"}, callSid=child)

        placed.ended()
        assert talk.of("verb:hook")[0]["data"]["dial_call_sid"] == child
        of_child = [
            f["data"]["call_status"] for f in talk.of("call:status") if f["call_sid"] == child
        ]
        assert of_child == ["trying", "in-progress", "completed"]
        assert len(app.talks) == 1

    def test_that_become_independent_get_a_socket_of_their_own_gotcha_52(self, gateway, app):
        placed, talk = running(gateway, app, self.dial())
        joined = talk.wait_for(
            "call:status",
            lambda f: f["call_sid"] != placed.sid and f["data"]["call_status"] == "in-progress",
        )
        app.answers["/child"] = [HANGUP]

        def frees() -> bool:
            return placed.update(child_call_hook="/child").status == 202

        wait_until(frees, within_s=10, what="the child set free")

        own = app.wait_talk("/vg/adulting")
        adulting = own.wait_for("session:adulting")
        assert adulting["call_sid"] == joined["call_sid"]
        assert adulting["data"]["parent_call_info"]["call_sid"] == placed.sid
        assert own.wait_for("session:redirect")["hook"] == "/child"
        own.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        assert wait_closed(own) == 1000
        placed.update(call_status="completed")
        placed.ended()


class TestEvents:
    def test_tell_verbs_and_playbacks_until_switched_off_gotcha_51(self, gateway, app):
        placed, talk = running(
            gateway,
            app,
            {"verb": "config", "notifyEvents": True},
            {"verb": "say", "text": "Hi", "id": "s"},
            {"verb": "config", "notifyEvents": False, "id": "off"},
            {"verb": "pause", "length": 0, "id": "untold"},
            HANGUP,
        )

        placed.ended()
        told = [(f["data"]["event"], f["data"].get("id")) for f in talk.of("verb:status")]
        assert told[:6] == [
            ("finished", None),
            ("starting", "s"),
            ("synthesized-audio", "s"),
            ("start-playback", "s"),
            ("stop-playback", "s"),
            ("finished", "s"),
        ]
        assert "untold" not in {verb_id for _event, verb_id in told}
        spoken = next(f for f in talk.of("verb:status") if f["data"]["event"].startswith("synth"))
        assert (spoken["data"]["verb"], spoken["data"]["characters"]) == ("say", 2)

    def test_tell_a_playback_that_was_cut(self, gateway, app):
        say = {"verb": "say", "text": "This is a long text. " * 20, "id": "s"}
        placed, talk = running(gateway, app, {"verb": "config", "notifyEvents": True}, say)
        talk.wait_for("verb:status", lambda f: f["data"]["event"] == "start-playback")

        talk.command("redirect", [HANGUP])

        placed.ended()
        talk.wait_for("verb:status", lambda f: f["data"]["event"] == "kill-playback")

    def test_tell_speech_vendors_that_fail_never_over_http(self, gateway, app):
        """FS#698, FS#1174: with failover, once for the vendor."""
        say = {"verb": "say", "text": "Guten Tag", "synthesizer": {"vendor": "acme"}, "id": "s"}

        placed, talk = running(gateway, app, say, HANGUP)

        placed.ended()
        error = talk.wait_for("jambonz:error")["data"]
        assert (error["msg"], error["verb"], error["id"]) == ("TTS error", "say", "s")
        assert error["failover"] == "in progress"


FILLERS = {
    "enabled": True,
    "noResponseTimeout": 0.3,
    "actions": [{"verb": "say", "text": "One moment."}],
    "retries": 5,
}


class TestSlowApplications:
    def test_are_filled_for_while_the_call_waits_and_a_command_ends_it_fs_309_fs_710(
        self, gateway, app
    ):
        config = {"verb": "config", "notifyEvents": True, "actionHookDelayAction": FILLERS}
        placed, talk = running(gateway, app, config)

        talk.wait_for("verb:status", lambda f: f["data"]["event"] == "finished")
        wait_until(lambda: spoken(placed) > 0, within_s=10, what="a filler")
        talk.command("redirect", [HANGUP])

        assert placed.ended()["outcome"]["code"] == "completed"
        assert started(placed) == ["config", "hangup"]

    def test_are_given_up_with_a_reason_and_an_alert_fs_902(self, gateway, app):
        delay = {"enabled": True, "noResponseGiveUpTimeout": 0.4}

        placed, _talk = running(gateway, app, {"verb": "config", "actionHookDelayAction": delay})

        assert placed.ended()["outcome"]["code"] == "completed"
        assert placed.wait_event("alert")["data"]["alert_type"] == "bot-action-delay-giveup"

    def test_are_given_up_by_the_actions_for_that(self, gateway, app):
        delay = {
            "enabled": True,
            "noResponseGiveUpTimeout": 0.4,
            "giveUpActions": [{"verb": "tag", "data": {"gave": "up"}}, HANGUP],
        }

        placed, _talk = running(gateway, app, {"verb": "config", "actionHookDelayAction": delay})

        assert placed.ended()["tag"] == {"gave": "up"}


def spoken(placed: PlacedCall) -> int:
    """Fillers on the timeline."""
    return sum(1 for e in placed.events() if e["data"].get("phase") == "filler")


class TestInboundCalls:
    @pytest.fixture
    def line(self, gateway, hooks) -> Line:
        return Line(gateway, hooks, add_trunk(gateway, "127.0.0.4", name=f"ws{next(_number)}"))

    def serve(self, gateway: Gateway, line: Line, app: WsApp, **fields: object) -> None:
        body = {"call_hook": {"url": app.url()}, "call_status_hook": None, **fields}
        path = f"/v1/Applications/{line.application_sid}"
        assert gateway.request("PUT", path, body).status == 204

    def test_bring_their_invite_and_tell_their_statuses_on_the_socket(self, gateway, app, line):
        self.serve(gateway, line, app)
        app.answers["session:new"] = [{"verb": "answer"}, {"verb": "pause", "length": 0.1}, HANGUP]
        with RawCaller(gateway.sip_port, "127.0.0.4") as caller:
            invited = caller.invite(line.uri)
            assert status_of(invited.final()) == 200
            invited.expect_request("BYE")

        talk = app.wait_talk()
        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        data = talk.of("session:new")[0]["data"]
        assert data["direction"] == "inbound"
        assert data["sip"]["method"] == "INVITE"
        statuses = [f["data"]["call_status"] for f in talk.of("call:status")]
        assert statuses == ["trying", "in-progress", "completed"]

    def test_tell_them_there_even_beside_a_status_hook_gotcha_47(self, gateway, app, line):
        """Contract 4.1: always on the socket; the hook that was given hears of them as well."""
        url = line.hooks.url(line.statuses_path)
        self.serve(gateway, line, app, call_status_hook={"url": url})
        app.answers["session:new"] = [{"verb": "answer"}, HANGUP]
        with RawCaller(gateway.sip_port, "127.0.0.4") as caller:
            invited = caller.invite(line.uri)
            assert status_of(invited.final()) == 200
            invited.expect_request("BYE")

        app.wait_talk().wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
        assert line.statuses("completed") == ["trying", "in-progress", "completed"]

    def test_are_refused_and_the_socket_closed_with_1001_for_an_answer_that_is_none(
        self, gateway, app, line
    ):
        self.serve(gateway, line, app)
        app.answers["session:new"] = [{"verb": "sing"}]
        with RawCaller(gateway.sip_port, "127.0.0.4") as caller:
            refusal = caller.invite(line.uri).final()

        assert status_of(refusal) == 480
        assert "sing" in (refusal.value("X-Reason") or "")
        assert wait_closed(app.wait_talk()) == 1001

    def test_are_refused_when_session_new_is_not_acknowledged(self, gateway, app, line):
        self.serve(gateway, line, app)
        app.answers["session:new"] = SILENT
        with RawCaller(gateway.sip_port, "127.0.0.4") as caller:
            refusal = caller.invite(line.uri).final()

        assert status_of(refusal) == 480

    def test_wait_unanswered_for_commands_and_end_with_their_caller(self, gateway, app, line):
        self.serve(gateway, line, app)
        with RawCaller(gateway.sip_port, "127.0.0.4") as caller:
            invited = caller.invite(line.uri)
            talk = app.wait_talk()
            talk.wait_for("session:new")
            talk.command("redirect", [{"verb": "answer"}])
            assert status_of(invited.final()) == 200
            talk.command("call:status", {"call_status": "completed"})
            invited.expect_request("BYE")

        talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")


def test_many_calls_at_once_each_have_their_own_socket(gateway, app):
    app.answers["session:new"] = [{"verb": "pause", "length": 0.2}, HANGUP]

    with ThreadPoolExecutor(10) as pool:
        placed = list(pool.map(lambda _: call(gateway, app.url()), range(20)))
        ends = list(pool.map(lambda each: each.ended(), placed))

    assert {end["outcome"]["code"] for end in ends} == {"completed"}
    wait_until(
        lambda: len(app.talks) == 20 and all(talk.ended for talk in app.talks),
        within_s=15,
        what="all sockets closed",
    )
    for talk in app.talks:
        statuses = [f["data"]["call_status"] for f in talk.of("call:status")]
        assert statuses == ["trying", "in-progress", "completed"]
        assert len({f["call_sid"] for f in talk.frames}) == 1
