import asyncio
from collections.abc import Callable

import pytest

from unit.call.fakes import FakeClock, ListLog
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.model.calls import Call, CallRequest, CallStatus, EventType, Target
from voxgate.testing.virtual_time import run_virtual

RINGING, EARLY, ANSWERED = CallStatus.RINGING, CallStatus.EARLY_MEDIA, CallStatus.IN_PROGRESS
DONE = outcome.own(outcome.COMPLETED, 200, "OK")


def told(story: Callable[[LiveCall], None], *, seconds: float = 0.0) -> ListLog:
    """The log after `story`, which runs on a fresh call; then `seconds` pass and it ends."""

    async def scenario() -> ListLog:
        log = ListLog()
        request = CallRequest("+49301", Target("phone", number="+49302"))
        record = Call(
            "sid", "account", "provider", "call-id", "outbound", "+49301", "+49302",
            CallStatus.TRYING, request, "trace", 0.0, tag={"campaign": "a"},
        )  # fmt: skip
        call = LiveCall(record, log, FakeClock())
        story(call)
        await asyncio.sleep(seconds)
        call.end(CallStatus.COMPLETED, DONE, by="caller", headers={"X-Why": "x"})
        call.end(CallStatus.FAILED, DONE, by="jambonz")
        return log

    return run_virtual(scenario())


@pytest.mark.parametrize(
    ("reports", "told_statuses"),
    [
        ([RINGING, RINGING], ["ringing"]),
        ([RINGING, EARLY, RINGING], ["ringing", "early-media"]),
        ([EARLY, RINGING], ["early-media"]),
        ([ANSWERED, EARLY, RINGING], ["in-progress"]),
    ],
)
def test_a_status_is_told_once_and_never_backwards(reports, told_statuses):
    log = told(lambda call: [call.report(status, 180, "") for status in reports] and None)

    assert log.statuses() == told_statuses


def test_a_call_ends_once_with_the_first_reason():
    ended = [e for e in told(lambda _call: None).events if e.type is EventType.ENDED]

    assert [e.data["call_status"] for e in ended] == ["completed"]
    assert ended[0].data["headers"] == {"X-Why": "x"}
    assert ended[0].data["call_termination_by"] == "caller"


def test_nothing_is_told_after_the_end():
    async def scenario() -> list[str]:
        log = ListLog()
        request = CallRequest("1", Target("phone", number="2"))
        record = Call(
            "s", "a", "p", "c", "outbound", "1", "2", CallStatus.TRYING, request, "t", 0.0
        )
        call = LiveCall(record, log, FakeClock())
        call.end(CallStatus.FAILED, DONE, by="jambonz")
        call.report(RINGING, 180, "Ringing")
        return log.statuses()

    assert run_virtual(scenario()) == []


def test_the_duration_counts_from_the_answer_and_only_then():
    answered = told(lambda call: call.answer("sbc-id", {"dialog": {}}), seconds=12.4).events
    unanswered = told(lambda _call: None, seconds=12.4).events

    assert answered[-1].data["duration"] == 12
    assert answered[-1].data["sbc_callid"] == "sbc-id"
    assert "duration" not in unanswered[-1].data


def test_a_tag_replaces_the_one_before_and_is_in_every_later_event():
    log = told(lambda call: call.tag({"b": 1}))

    assert log.events[-1].data["tag"] == {"b": 1}


@pytest.mark.parametrize(("rings", "rang_ms"), [(True, 6000), (False, None)])
def test_how_long_it_rang_is_known_from_the_answer_on(rings, rang_ms):
    async def scenario() -> None:
        request = CallRequest("1", Target("phone", number="2"))
        record = Call(
            "s", "a", "p", "c", "outbound", "1", "2", CallStatus.TRYING, request, "t", 0.0
        )
        call = LiveCall(record, ListLog(), FakeClock())
        await asyncio.sleep(2)
        if rings:
            call.report(RINGING, 180, "Ringing")
        await asyncio.sleep(4)
        if rings:
            call.report(EARLY, 183, "Session Progress")
        assert call.rang_ms is None
        await asyncio.sleep(2)
        call.answer("call-id", {})
        assert call.rang_ms == rang_ms

    run_virtual(scenario())


def test_an_alert_is_on_the_timeline():
    log = told(lambda call: call.alert("no-tts", "no voice", "acme"))

    assert log.events[0].data == {
        "alert_type": "no-tts",
        "message": "no voice",
        "detail": "acme",
    }


def test_a_journal_that_cannot_be_written_holds_a_call_up_for_a_second_at_most():
    class Stuck(ListLog):
        async def committed(self, call_sid: str, seq: int) -> None:
            await asyncio.sleep(3600)

    async def scenario() -> float:
        request = CallRequest("1", Target("phone", number="2"))
        record = Call(
            "s", "a", "p", "c", "outbound", "1", "2", CallStatus.TRYING, request, "t", 0.0
        )
        await LiveCall(record, Stuck(), FakeClock()).settled()
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == pytest.approx(1.0)
