"""What `/metrics` shows, in Prometheus' text format."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from voxgate.media.stream import StreamStats
from voxgate.model.calls import Call, CallStatus

_SETUP_S = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
_HOOK_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_JITTER_MS = (1, 2, 5, 10, 20, 40, 80)


@dataclass(frozen=True, slots=True)
class Figure:
    """Something read at the moment of the scrape; a counter only ever grows."""

    name: str
    help: str
    read: Callable[[], float]
    counter: bool = False

    def metric(self) -> Metric:
        kind = CounterMetricFamily if self.counter else GaugeMetricFamily
        return kind(f"voxgate_{self.name}", self.help, value=self.read())


class _Now(Collector):
    """The calls in progress by status, and every figure."""

    def __init__(self, calls: Callable[[], Iterable[Call]], figures: Sequence[Figure]) -> None:
        self._calls = calls
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        states = Tally(call.status.value for call in self._calls())
        in_progress = GaugeMetricFamily(
            "voxgate_calls_in_progress", "Calls that have not ended, by status.", labels=["status"]
        )
        for status in CallStatus:
            if not status.is_terminal:
                in_progress.add_metric([status.value], states[status.value])
        yield in_progress
        yield from (figure.metric() for figure in self._figures)


class Metrics:
    """Counters of one process. Labels are closed lists: never a tenant, never a number."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._ended = Counter(
            "voxgate_calls_ended",
            "Calls that ended, by status, outcome code and fault domain.",
            ["status", "code", "fault_domain"],
            registry=self._registry,
        )
        self._setup = Histogram(
            "voxgate_call_setup_seconds",
            "From the request to the answer of the callee.",
            buckets=_SETUP_S,
            registry=self._registry,
        )
        self._lost = Counter(
            "voxgate_rtp_packets_lost", "RTP packets that never came.", registry=self._registry
        )
        self._received = Counter(
            "voxgate_rtp_packets_received", "RTP packets that came.", registry=self._registry
        )
        self._jitter = Histogram(
            "voxgate_rtp_jitter_ms",
            "Interarrival jitter (RFC 3550) of each answered call at its end.",
            buckets=_JITTER_MS,
            registry=self._registry,
        )
        self._hook = Histogram(
            "voxgate_hook_seconds",
            "Webhook round trips, by kind (call, status) and result (ok, failed).",
            ["kind", "result"],
            buckets=_HOOK_S,
            registry=self._registry,
        )

    def watch(self, calls: Callable[[], Iterable[Call]], figures: Sequence[Figure]) -> None:
        self._registry.register(_Now(calls, figures))

    def call_ended(self, call: Call) -> None:
        outcome = call.outcome or {}
        domain = outcome.get("fault_domain") or "none"
        self._ended.labels(call.status.value, outcome.get("code", "unknown"), domain).inc()
        if call.answered_at is not None:
            self._setup.observe(max(0.0, call.answered_at - call.created_at))

    def media_ended(self, stats: StreamStats) -> None:
        self._lost.inc(stats.lost)
        self._received.inc(stats.packets_received)
        self._jitter.observe(stats.jitter_ms)

    def hook_done(self, kind: str, seconds: float, *, ok: bool) -> None:
        self._hook.labels(kind, "ok" if ok else "failed").observe(seconds)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)
