from dataclasses import replace

from voxgate.media.stream import StreamStats
from voxgate.model.calls import Call, CallRequest, CallStatus, Target
from voxgate.server.health import Health
from voxgate.server.metrics import Figure, Metrics
from voxgate.testing.virtual_time import run_virtual

REQUEST = CallRequest("+49301", Target("phone", number="+49302"))
CALL = Call(
    "sid", "account", "provider", "call-id", "outbound", "+49301", "+49302",
    CallStatus.RINGING, REQUEST, "trace", 100.0,
)  # fmt: skip


def lines(metrics: Metrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def test_calls_in_progress_are_counted_by_status_zeros_too():
    metrics = Metrics()
    metrics.watch(lambda: [CALL, CALL], [])

    shown = lines(metrics)

    assert 'voxgate_calls_in_progress{status="ringing"} 2.0' in shown
    assert 'voxgate_calls_in_progress{status="in-progress"} 0.0' in shown


def test_an_ended_call_counts_by_outcome_and_its_set_up_time_is_kept():
    metrics = Metrics()
    outcome = {"code": "completed", "fault_domain": None}

    metrics.call_ended(
        replace(CALL, status=CallStatus.COMPLETED, answered_at=102.5, outcome=outcome)
    )

    shown = lines(metrics)
    ended = 'voxgate_calls_ended_total{code="completed",fault_domain="none",status="completed"} 1.0'
    assert ended in shown
    assert "voxgate_call_setup_seconds_sum 2.5" in shown


def test_media_of_a_call_adds_loss_and_jitter():
    metrics = Metrics()
    stats = StreamStats(10, 1600, 90, 14400, 0, 10, 3.5, None, "192.0.2.9", 4000, 5, 0)

    metrics.media_ended(stats)

    shown = lines(metrics)
    assert "voxgate_rtp_packets_lost_total 10.0" in shown
    assert "voxgate_rtp_packets_received_total 90.0" in shown
    assert "voxgate_rtp_jitter_ms_sum 3.5" in shown


def test_hooks_are_timed_by_kind_and_result():
    metrics = Metrics()

    metrics.hook_done("call", 0.25, ok=True)
    metrics.hook_done("status", 1.0, ok=False)

    shown = lines(metrics)
    assert 'voxgate_hook_seconds_sum{kind="call",result="ok"} 0.25' in shown
    assert 'voxgate_hook_seconds_count{kind="status",result="failed"} 1.0' in shown


def test_a_figure_is_read_at_the_scrape():
    metrics, value = Metrics(), [1.0]
    figure = Figure("things", "Things.", lambda: value[0], counter=True)
    metrics.watch(list, [figure])

    value[0] = 7.0

    assert "voxgate_things_total 7.0" in lines(metrics)


def test_what_is_in_the_way_is_told_once():
    def full() -> str:
        return "the disk is full"

    health = Health((full, full, lambda: None), Metrics())

    assert run_virtual(health.problems()) == ["the disk is full"]
