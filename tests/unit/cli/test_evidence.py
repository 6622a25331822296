import copy
import io

import pytest
from rich.console import Console

from voxgate.cli.evidence import (
    Evidence,
    judge,
    show_checks,
    show_far_end,
    show_webhooks,
    show_words,
)


def status(name: str, seq: int, **more) -> dict:
    payload = {"call_status": name, "seq": seq, "sip_status": 200, "sip_reason": "OK", **more}
    return {"path": "/status", "signed": True, "payload": payload}


GOOD = Evidence(
    events=[
        {"seq": 5, "type": "verb", "data": {"verb": "say", "phase": "started", "text": "Hello"}},
        {
            "seq": 6,
            "type": "verb",
            "data": {"verb": "say", "phase": "finished", "playback_milliseconds": 5000},
        },
        {
            "seq": 9,
            "type": "ended",
            "data": {
                "call_status": "completed",
                "outcome": {"code": "completed", "fault_domain": None, "summary": "fine"},
            },
        },
    ],
    webhooks=[
        status("trying", 3),
        status("ringing", 4),
        status("in-progress", 7),
        {"path": "/call", "signed": True, "payload": {"seq": 7}},
        {"path": "/digit", "signed": True, "payload": {"reason": "dtmfDetected", "digits": "1"}},
        status("completed", 9),
    ],
    callee={
        "persona": "presses-1",
        "script": "answer",
        "said": ["Hello?"],
        "pressed": "1",
        "heard": {"audio_ms": 4200, "received_ms": 9000, "codec": "PCMU", "first_audio_ms": 40},
    },
)


def test_a_good_call_passes_every_check():
    assert all(check.good for check in judge(GOOD))


@pytest.mark.parametrize(
    ("spoil", "position"),
    [
        (lambda e: e.events[-1]["data"].update(call_status="failed"), 0),
        (lambda e: e.events[-1]["data"]["outcome"].update(fault_domain="app"), 0),
        (lambda e: e.webhooks.pop(0), 1),
        (lambda e: e.webhooks.append(status("completed", 10)), 1),
        (lambda e: e.webhooks[1]["payload"].update(seq=99), 1),
        (lambda e: e.webhooks[0].update(signed=False), 2),
        (lambda e: e.webhooks[4]["payload"].update(digits="2"), 3),
        (lambda e: e.callee.update(pressed=""), 3),
        (lambda e: e.callee["heard"].update(audio_ms=0), 4),
        (lambda e: e.callee["heard"].update(audio_ms=300), 4),
        (lambda e: e.callee.clear(), 4),
    ],
)
def test_each_thing_that_can_be_wrong_fails_its_own_check(spoil, position):
    evidence = copy.deepcopy(GOOD)
    spoil(evidence)

    assert not judge(evidence)[position].good


def test_what_is_shown_is_what_was_found():
    out = io.StringIO()
    console = Console(file=out, width=140)

    show_words(console, GOOD)
    show_webhooks(console, GOOD)
    show_far_end(console, "The callee", GOOD.callee)
    show_checks(console, judge(GOOD), GOOD.ended)

    shown = out.getvalue()
    for text in ("“Hello”", "in-progress", "POST /digit", "4200 ms", "presses-1", "worked"):
        assert text in shown


def test_nothing_found_is_shown_as_nothing():
    out = io.StringIO()
    console = Console(file=out, width=140)
    nothing = Evidence([], [], {})

    show_words(console, nothing)
    show_webhooks(console, nothing)
    show_far_end(console, "The callee", nothing.callee)
    show_checks(console, judge(nothing), nothing.ended)

    assert "did not go as it should" in out.getvalue()
