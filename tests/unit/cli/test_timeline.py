import io

import pytest
from rich.console import Console

from voxgate.cli.timeline import Timeline, describe, outcome_of


def event(type_: str, seq: int = 1, at: object = 1000.0, **data) -> dict:
    return {"seq": seq, "at": at, "type": type_, "data": data}


@pytest.mark.parametrize(
    ("happened", "label", "text"),
    [
        (event("created", **{"from": "+49", "to": "+1"}), "created", "+49 calls +1"),
        (
            event(
                "routed",
                rule="named",
                reason="the request names the trunk",
                attempts=[
                    {"carrier": "a", "gateway": "192.0.2.1"},
                    {"carrier": "b", "gateway": "192.0.2.2"},
                ],
            ),
            "routed",
            "a via 192.0.2.1, then b via 192.0.2.2 (the request names the trunk)",
        ),
        (
            event("attempt", phase="sent", carrier="a", gateway="192.0.2.1", transport="tcp"),
            "invite",
            "sent to a 192.0.2.1 over tcp",
        ),
        (
            event("attempt", phase="refused", carrier="a", sip_status=503, reason="Busy"),
            "attempt",
            "a refused: 503 Busy",
        ),
        (
            event("status", call_status="ringing", sip_status=180, sip_reason="Ringing"),
            "ringing",
            "180 Ringing",
        ),
        (event("answered", codec="PCMU", remote_media="192.0.2.1:4"), "answered", "PCMU, media"),
        (event("answered"), "answered", "the callee picked up"),
        (
            event("hook", method="POST", url="http://a/x", status=200, duration_ms=12, verbs=3),
            "hook",
            "POST http://a/x → 200 in 12 ms, 3 verbs",
        ),
        (
            event("hook", method="POST", url="http://a/x", error="timed out"),
            "hook",
            "POST http://a/x failed: timed out",
        ),
        (
            event("routed", rule="inbound", reason="number '49'", carrier="a"),
            "routed",
            "to the application, by number '49'",
        ),
        (
            event("media", type="dialled", to="+1", call_sid="a1"),
            "media",
            "dialled: to +1, call_sid a1",
        ),
        (event("media", type="hold"), "media", "hold"),
        (
            event("amd", type="amd_human_detected", reason="short greeting"),
            "amd",
            "human detected: reason short greeting",
        ),
        (event("verb", verb="say", phase="started", text="Hello"), "say", "“Hello”"),
        (
            event("verb", verb="gather", phase="finished", reason="dtmfDetected", digits="1"),
            "gather",
            "finished, reason dtmfDetected, digits 1",
        ),
        (event("digit", digit="5", duration_ms=160), "digit", "the callee pressed 5"),
        (
            event("alert", alert_type="no-tts", message="no voice"),
            "alert",
            "no-tts: no voice",
        ),
        (event("delivery", state="failed", url="http://a"), "delivery", "failed to http://a"),
        (
            event(
                "ended",
                call_status="completed",
                sip_status=200,
                sip_reason="OK",
                duration=7,
                call_termination_by="caller",
            ),
            "completed",
            "200 OK, 7 s, ended by the callee",
        ),
        (event("something-new", colour="red"), "something-new", "colour red"),
    ],
)
def test_every_event_is_a_sentence(happened, label, text):
    line = describe(happened)

    assert line.label == label
    assert text in line.text


def test_a_long_text_is_cut():
    line = describe(event("verb", verb="say", phase="started", text="word " * 100))

    assert len(line.text) < 100


def test_times_count_from_the_first_event_whether_numbers_or_iso_texts():
    for first, second in (
        (1000.0, 1001.25),
        ("2026-01-05T10:00:00.000Z", "2026-01-05T10:00:01.25Z"),
    ):
        out = io.StringIO()
        timeline = Timeline(Console(file=out, width=100))
        timeline.show(event("created", 1, first))
        timeline.show(event("digit", 2, second, digit="1"))

        assert "+0.000 s" in out.getvalue()
        assert "+1.250 s" in out.getvalue()


def test_an_ended_event_without_an_outcome_has_an_empty_one():
    assert outcome_of(event("ended", outcome=None)) == {}
    assert outcome_of(event("ended", outcome={"code": "busy"})) == {"code": "busy"}


def test_who_talks_to_the_gateway_is_the_caller_when_the_call_came_in():
    out = io.StringIO()
    timeline = Timeline(Console(file=out, width=120))

    timeline.show(event("created", **{"from": "+49", "to": "+1", "direction": "inbound"}))
    timeline.show(event("digit", seq=2, digit="1"))
    timeline.show(
        event("ended", seq=3, call_status="completed", duration=2, call_termination_by="caller")
    )

    assert "the caller pressed 1" in out.getvalue()
    assert "ended by the caller" in out.getvalue()
