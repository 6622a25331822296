import json

import pytest

from unit.call.fakes import ListLog
from unit.flow.fakes import CALL_HOOK, ScriptedApp, alerts, application, live_call, of_type
from voxgate.flow.application import NoDocument, app_json_problem, opening_of
from voxgate.hooks.failures import HookFailed
from voxgate.model.calls import EventType
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual

SAY = [{"verb": "say", "text": "hello"}]
UNREACHABLE = HookFailed("connect", "https://app.example/call", "connection refused")


def first(app: ScriptedApp, *, strict: bool = False, **request: object):
    async def scenario():
        log = ListLog()
        link = application(live_call(log, **request), app, strict=strict)
        try:
            return await link.first_document(), log
        except NoDocument as nothing:
            return nothing, log

    return run_virtual(scenario())


def test_the_call_hook_gets_the_session_payload_signed_with_the_accounts_key():
    app = ScriptedApp(SAY)

    document, _log = first(app)

    assert [verb.verb for verb in document.verbs] == ["say"]
    (url, payload, _), *more = app.asked
    assert (url, more) == (CALL_HOOK.url, [])
    assert payload["call_sid"] == "sid"
    assert {"event_id", "seq", "defaults", "from", "to"} <= payload.keys()
    assert app.secrets == ["secret of account"]


def test_the_timeline_shows_the_question_without_the_secrets_of_its_url():
    _, log = first(ScriptedApp(SAY))

    (hook,) = of_type(log, EventType.HOOK)
    assert hook == {
        "url": "https://app.example/call",
        "method": "POST",
        "status": 200,
        "duration_ms": 12,
        "verbs": 1,
    }


def test_app_json_is_run_without_asking_anybody():
    app = ScriptedApp()

    document, _ = first(app, app_json=json.dumps(SAY))

    assert [verb.verb for verb in document.verbs] == ["say"]
    assert app.asked == []


@pytest.mark.parametrize("answer", [None, []])
def test_an_answer_with_nothing_is_an_empty_application(answer):
    nothing, log = first(ScriptedApp(answer))

    assert nothing.kind == "empty"
    assert len(alerts(log)) == 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"verb": "say"}, "array"),
        ([{"verb": "sing"}], "sing"),
        ([{"verb": "say", "text": 7}], "text"),
    ],
)
def test_an_invalid_answer_is_refused_with_an_alert_that_names_it(answer, named):
    nothing, log = first(ScriptedApp(answer))

    assert nothing.kind == "invalid"
    assert named in alerts(log)[0]


def test_an_unknown_property_is_ignored_with_an_alert_unless_strict():
    newer = [{"verb": "say", "text": "hello", "sparkle": True}]

    document, log = first(ScriptedApp(newer))
    assert len(document.verbs) == 1
    assert "sparkle" in alerts(log)[0]

    refused, _ = first(ScriptedApp(newer), strict=True)
    assert refused.kind == "invalid"


def test_an_application_that_cannot_be_asked_is_told_as_it_failed():
    nothing, log = first(ScriptedApp(UNREACHABLE))

    assert nothing.kind == "failed"
    assert of_type(log, EventType.ALERT)[0]["alert_type"] == "webhook-connection-failure"
    assert of_type(log, EventType.HOOK)[0]["error"] == "connection refused"


def test_an_action_hook_lies_on_the_last_absolute_address_the_application_gave():
    async def scenario():
        app = ScriptedApp(SAY, SAY, None)
        link = application(live_call(ListLog()), app)
        await link.first_document()
        await link.redirected(Hook("https://other.example/more"))
        replaced = await link.action(Hook("/digits"), {"digits": "1"}, "menu")
        return app.asked, replaced, link.absolute("/beep.wav")

    asked, replaced, sound = run_virtual(scenario())

    url, payload, base = asked[-1]
    assert (url, base) == ("/digits", "https://other.example/more")
    assert (payload["digits"], payload["verb_id"]) == ("1", "menu")
    assert replaced is None
    assert sound == "https://other.example/beep.wav"


def test_a_failing_action_hook_lets_the_call_go_on():
    async def scenario():
        log = ListLog()
        link = application(live_call(log), ScriptedApp(UNREACHABLE))
        return await link.action(Hook("/digits"), {}, None), alerts(log)

    document, told = run_virtual(scenario())

    assert document is None
    assert len(told) == 1


@pytest.mark.parametrize("text", ["", "no json", "{}", "[]", '[{"verb":"sing"}]'])
def test_an_app_json_that_cannot_be_run_is_named_before_any_call_uses_it(text):
    assert app_json_problem(text)


def test_a_good_app_json_has_no_problem():
    assert app_json_problem(json.dumps(SAY)) is None


def test_the_opening_of_an_app_json_is_what_its_first_verb_says():
    said = opening_of(json.dumps([{"verb": "say", "text": "hello"}, {"verb": "say", "text": "b"}]))

    assert [speech.text for speech in said] == ["hello"]
    assert opening_of('[{"verb":"pause","length":1}]') == ()
    assert opening_of("no json") == ()
