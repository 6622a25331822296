"""Every way a sandbox callee can behave, and the outcome the caller is told."""

import json

import pytest

from interop.gateway import Gateway, PlacedCall

BYE = json.dumps([{"verb": "pause", "length": 0.2}, {"verb": "hangup"}])
LISTEN = json.dumps([{"verb": "pause", "length": 30}])

# persona: (call_status, sip_status, outcome code, fault domain)
NOT_ANSWERED = {
    "0130": ("busy", 486, "busy", "callee"),
    "0131": ("busy", 603, "declined", "callee"),
    "0133": ("failed", 404, "number_not_in_service", "callee"),
    "0134": ("failed", 410, "number_changed", "callee"),
    "0135": ("failed", 480, "unavailable", "callee"),
    "0136": ("failed", 484, "number_incomplete", "callee"),
    "0137": ("failed", 603, "blocked_by_network", "network"),
    "0138": ("failed", 488, "codec_refused", "trunk"),
    "0139": ("busy", 600, "busy", "callee"),
    "0140": ("failed", 607, "unwanted", "callee"),
    "0150": ("failed", 503, "trunk_unavailable", "trunk"),
    "0151": ("failed", 500, "trunk_error", "trunk"),
    "0154": ("failed", 408, "trunk_timeout", "trunk"),
    "0155": ("failed", 403, "forbidden", "trunk"),
    "0157": ("failed", 407, "auth_failed", "config"),
}


def dial(gateway: Gateway, ending: str, app_json: str = BYE, **fields: object) -> PlacedCall:
    to = {"type": "phone", "number": f"+1500555{ending}", "trunk": "sandbox"}
    return gateway.call({"from": "+15005550001", "to": to, "app_json": app_json, **fields})


@pytest.fixture(scope="module")
def refused(gateway: Gateway) -> dict[str, PlacedCall]:
    """All of them at once: each takes its own time, together they take the longest one's."""
    return {ending: dial(gateway, ending) for ending in NOT_ANSWERED}


@pytest.mark.parametrize("ending", NOT_ANSWERED)
def test_a_call_that_is_not_answered_says_why(refused, ending):
    end = refused[ending].ended()

    outcome = end["outcome"]
    told = (end["call_status"], end["sip_status"], outcome["code"], outcome["fault_domain"])
    assert told == NOT_ANSWERED[ending]
    assert outcome["summary"]
    assert outcome["next_step"]
    assert "duration" not in end


def test_the_record_says_what_the_terminal_event_said(refused):
    call = refused["0130"]
    end = call.ended()

    record = call.record()

    assert record["outcome"] == end["outcome"]
    assert (record["call_status"], record["sip_status"]) == ("busy", 486)


def test_a_callee_that_never_answers_is_no_answer_after_the_timeout(gateway):
    end = dial(gateway, "0132", timeout=2).ended()

    assert (end["call_status"], end["sip_status"]) == ("no-answer", 487)
    assert end["outcome"]["code"] == "no_answer"


def test_a_trunk_that_says_nothing_at_all_is_not_the_callees_fault(gateway):
    end = dial(gateway, "0152", timeout=3).ended()

    assert (end["call_status"], end["outcome"]["fault_domain"]) == ("failed", "trunk")


@pytest.mark.parametrize("ending", ["0100", "0112", "0113", "0156"])
def test_a_person_who_answers_hears_the_application_and_the_call_completes(gateway, ending):
    call = dial(gateway, ending)

    end = call.ended()

    assert (end["call_status"], end["outcome"]["code"]) == ("completed", "completed")
    assert end["outcome"]["fault_domain"] is None
    assert call.statuses() == ["trying", "ringing", "in-progress", "completed"]


def test_early_media_is_told_before_the_answer(gateway):
    call = dial(gateway, "0133")

    call.ended()

    assert call.statuses() == ["trying", "early-media", "failed"]


def test_a_callee_who_hangs_up_ends_the_call_with_his_cause(gateway):
    end = dial(gateway, "0105", LISTEN).ended()

    assert (end["call_status"], end["call_termination_by"]) == ("completed", "caller")
    assert end["outcome"]["q850"] == 16
    assert end["headers"]["Reason"].startswith("Q.850")


def test_a_call_without_any_sound_from_the_far_end_ends_as_media_timeout(gateway):
    end = dial(gateway, "0159", LISTEN).ended()

    assert end["outcome"]["code"] == "media_timeout"
    assert end["outcome"]["fault_domain"] == "network"


def test_the_time_limit_ends_the_call(gateway):
    end = dial(gateway, "0100", LISTEN, timeLimit=1).ended()

    assert end["outcome"]["code"] == "time_limit"
    assert end["duration"] == 1


def test_the_log_of_a_call_has_no_gap_and_one_end(refused):
    for call in refused.values():
        call.ended()
        events = call.events()
        assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
        assert [e["type"] for e in events].count("ended") == 1
