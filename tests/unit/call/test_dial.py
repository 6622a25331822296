import asyncio

import pytest

from unit.call.fakes import (
    NO_ANSWER_TO_CANCEL,
    SDP,
    Dialled,
    FarEnds,
    answered,
    dial,
    progress,
    rejected,
)
from voxgate.call.dial import Connected, NotConnected
from voxgate.model.calls import CallStatus, EventType
from voxgate.sip.dialog.events import Failed
from voxgate.testing.virtual_time import run_virtual


def dialled(far: FarEnds, *hosts: str, **options: object) -> Dialled:
    return run_virtual(dial(far, *hosts, **options))


def hosts_tried(done: Dialled) -> list[str]:
    return [dialog.invite.destination.host for dialog in done.far.dialogs]


def test_an_answer_connects_the_media_and_reports_each_status_once():
    far = FarEnds([
        (0.1, progress(100, tag=None)),
        (0.1, progress(180)),
        (1, progress(180)),
        (1, answered()),
    ])

    done = dialled(far, "a")

    assert isinstance(done.result, Connected)
    assert done.log.statuses() == ["trying", "ringing"]
    assert (done.stream.plans[-1].remote_ip, done.stream.plans[-1].remote_port) == (
        "192.0.2.9",
        4000,
    )


def test_early_media_is_never_followed_by_ringing():
    far = FarEnds([(1, progress(183, body=SDP)), (1, progress(180)), (1, answered(b""))])

    done = dialled(far, "a")

    assert isinstance(done.result, Connected)
    assert done.log.statuses() == ["trying", "early-media"]


@pytest.mark.parametrize("status", [500, 503, 408])
def test_a_trunk_fault_moves_on_to_the_next_gateway(status):
    far = FarEnds([(0.5, rejected(status))], [(0.5, progress(180)), (1, answered())])

    done = dialled(far, "a", "b")

    assert hosts_tried(done) == ["a", "b"]
    assert isinstance(done.result, Connected)
    assert done.log.statuses() == ["trying", "ringing"]


@pytest.mark.parametrize(
    ("status", "reported"),
    [
        (486, CallStatus.BUSY),
        (603, CallStatus.BUSY),
        (404, CallStatus.FAILED),
        (480, CallStatus.FAILED),
    ],
)
def test_a_person_is_not_called_again_through_another_gateway(status, reported):
    far = FarEnds([(0.5, rejected(status))], [(0.5, answered())])

    done = dialled(far, "a", "b")

    assert hosts_tried(done) == ["a"]
    assert done.result.status is reported


def test_once_it_rang_no_other_gateway_is_tried():
    far = FarEnds([(0.5, progress(180)), (1, rejected(503))], [(0.5, answered())])

    done = dialled(far, "a", "b")

    assert hosts_tried(done) == ["a"]
    assert (done.result.status, done.result.outcome.code) == (
        CallStatus.FAILED,
        "trunk_unavailable",
    )


def test_a_gateway_that_says_nothing_for_four_seconds_is_abandoned_for_the_next():
    far = FarEnds([], [(0.5, answered())])

    done = dialled(far, "a", "b")

    assert far.dialogs[0].done == [("abandon", 4.0)]
    assert hosts_tried(done) == ["a", "b"]
    assert isinstance(done.result, Connected)


def test_trying_alone_keeps_the_gateway():
    far = FarEnds([(1, progress(100, tag=None)), (9, answered())], [])

    assert hosts_tried(dialled(far, "a", "b")) == ["a"]


def test_each_attempt_has_its_own_call_id_and_the_first_is_the_one_promised():
    far = FarEnds([(0.1, rejected(503))], [(0.1, answered())])

    first, second = (d.invite for d in dialled(far, "a", "b").far.dialogs)

    assert first.call_id == "first-call-id"
    assert second.call_id != "first-call-id"


def test_the_ring_timeout_cancels_waits_for_the_487_and_is_no_answer():
    far = FarEnds([(1, progress(180))], on_cancel=rejected(487, "Request Terminated"))

    done = dialled(far, "a", timeout_s=20)

    assert far.dialogs[0].done == [("cancel", 20.0)]
    assert (done.result.status, done.result.outcome.sip_status) == (CallStatus.NO_ANSWER, 487)


def test_no_487_is_no_answer_all_the_same():
    far = FarEnds([(1, progress(180))], on_cancel=NO_ANSWER_TO_CANCEL)

    done = dialled(far, "a", timeout_s=20)

    assert (done.result.status, done.result.outcome.sip_status) == (CallStatus.NO_ANSWER, 487)


def test_the_ring_timeout_counts_once_over_all_attempts():
    far = FarEnds(
        [(3, rejected(503))],
        [(3, rejected(503))],
        [(1, progress(180))],
        on_cancel=rejected(487, "Request Terminated"),
    )

    done = dialled(far, "a", "b", "c", timeout_s=10)

    assert done.far.dialogs[2].done == [("cancel", 10.0)]


def test_a_trunk_that_never_answers_is_the_trunks_fault_not_the_callees():
    done = dialled(FarEnds([]), "a", timeout_s=20)

    assert (done.result.status, done.result.outcome.code) == (
        CallStatus.FAILED,
        "trunk_no_response",
    )


def test_a_cancel_over_the_api_stops_the_ringing():
    far = FarEnds([(1, progress(180))], on_cancel=rejected(487, "Request Terminated"))

    done = dialled(far, "a", cancel_at=5.0)

    assert far.dialogs[0].done == [("cancel", 5.0)]
    assert (done.result.status, done.result.outcome.code) == (CallStatus.NO_ANSWER, "cancelled")


def test_a_refused_connection_moves_on():
    far = FarEnds([(0, Failed("transport", "refused"))], [(0.1, answered())])

    assert isinstance(dialled(far, "a", "b").result, Connected)


def test_a_name_without_an_address_moves_on():
    assert isinstance(dialled(FarEnds([(0.1, answered())]), "unknown", "b").result, Connected)


def test_an_address_that_is_not_allowed_is_a_fault_of_the_configuration():
    done = dialled(FarEnds(), "refused")

    assert isinstance(done.result, NotConnected)
    assert done.result.outcome.fault_domain == "config"


def test_a_redirect_is_followed():
    far = FarEnds(
        [(0.1, rejected(302, "Moved", Contact="<sip:new@elsewhere>"))], [(0.1, answered())]
    )

    done = dialled(far, "a")

    assert hosts_tried(done) == ["a", "elsewhere"]
    assert str(done.far.dialogs[1].invite.uri) == "sip:new@elsewhere"
    assert isinstance(done.result, Connected)


def test_a_redirect_in_a_circle_ends():
    there = rejected(302, "Moved", Contact="<sip:x@b>")
    back = rejected(302, "Moved", Contact="<sip:49302@a>")
    far = FarEnds([(0.1, there)], [(0.1, back)])

    done = dialled(far, "a")

    assert done.result.outcome.code == "redirect_failed"
    assert len(done.far.dialogs) == 2


def test_an_answer_without_usable_audio_is_hung_up():
    far = FarEnds([(0.1, answered(SDP.replace(b"m=audio 4000", b"m=audio 0")))])

    done = dialled(far, "a")

    assert [what for what, _ in far.dialogs[0].done] == ["bye"]
    assert done.result.outcome.code == "codec_refused"


def test_the_log_keeps_what_recovery_needs():
    far = FarEnds([(0.1, progress(180, tag="early-tag")), (1, answered())])

    attempts = [e.data for e in dialled(far, "a").log.events if e.type is EventType.ATTEMPT]

    sent, early = attempts
    assert (sent["call_id"], sent["branch"], sent["cseq"]) == (
        "first-call-id",
        far.dialogs[0].invite.branch(1),
        1,
    )
    assert early["to_tag"] == "early-tag"


def test_a_far_end_that_floods_with_provisionals_cannot_grow_memory():
    async def flood() -> Dialled:
        far = FarEnds([(0.1, progress(180))] * 500 + [(0.1, answered())])
        return await asyncio.wait_for(dial(far, "a"), 600)

    assert isinstance(run_virtual(flood()).result, Connected)


def test_a_dial_that_is_broken_off_leaves_nobody_ringing():
    async def scenario() -> list[tuple[str, float]]:
        far = FarEnds([(1, progress(180))])
        dialling = asyncio.ensure_future(dial(far, "a"))
        await asyncio.sleep(5)
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        return far.dialogs[0].done

    assert run_virtual(scenario()) == [("abandon", 5.0)]


def test_whoever_dials_hears_how_it_rings_but_not_of_trying():
    heard = []
    far = FarEnds([(0.1, progress(100, tag=None)), (0.1, progress(180)), (0.1, answered())])

    dialled(far, "a", on_progress=lambda event: heard.append(event.status))

    assert heard == [180]


def test_a_cancel_can_say_why():
    far = FarEnds([(1, progress(180))], on_cancel=rejected(487, "Request Terminated"))
    why = (("Reason", "SIP;cause=200"),)

    dialled(far, "a", cancel_at=2, cancel_headers=why)

    assert far.dialogs[0].cancel_headers == why
