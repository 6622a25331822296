"""Density: answered calls that each play and receive PCMU, through the whole gateway.

A level holds when at least 99 % of the packets arrive at the far end and gaps over 30 ms stay
under 1 %, as the median of three windows.
"""

import asyncio
import sys
from asyncio.subprocess import Process
from collections import Counter
from dataclasses import dataclass
from statistics import median

from bench.meter import Window, resident_kib
from bench.results import Result
from bench.rtp_farm import ask
from bench.stage import FARM_CONTROL, FARM_PORT, LOAD_CORE, LoadSide, stage
from interop.gateway import Gateway

LEVELS = (1000, 1250, 1500, 1750, 2000)
MEASURED_LEVEL = 1000
SETUP_RATE = 25  # a second; gentle, as the calls before are playing already
SETTLE_S, WINDOW_S, WINDOWS = 3, 7, 3
PLAY_FOREVER: list[dict[str, object]] = [{"verb": "play", "url": "TONE_URL", "loop": 1000}]


async def start_farm() -> Process:
    command = [sys.executable, "-m", "bench.rtp_farm"]
    ports = ["--port", str(FARM_PORT), "--control", str(FARM_CONTROL)]
    return await asyncio.create_subprocess_exec(
        *("nice", "-n", "-15", "taskset", "-c", str(LOAD_CORE)), *command, *ports
    )


async def raise_to(load: LoadSide, level: int) -> None:
    """Set calls up until `level` of them play, and have the farm send to each."""
    known = len(load.media)
    await load.offer_at(SETUP_RATE, level - known)
    for _ in range(1200):
        if load.answered >= level:
            break
        await asyncio.sleep(0.05)
    else:
        told = Counter((call.status, call.final) for call in load.calls.values())
        raise RuntimeError(f"only {load.answered} of {level} calls were answered: {told}")
    for ip, port in load.media[known:]:
        await asyncio.to_thread(ask, FARM_CONTROL, f"peer {ip} {port}")
    await asyncio.sleep(SETTLE_S)


async def measure_playback() -> list[Result]:
    farm = await start_farm()
    try:
        return await _levels(farm)
    finally:
        farm.terminate()
        await farm.wait()


@dataclass(frozen=True)
class Level:
    """What a number of calls cost over one window, or the medians of several."""

    calls: int
    cpu_s_per_1000_call_s: float
    arrived_pct: float
    worst_flow_pct: float
    late_gap_pct: float
    packets: int
    strangers_pct: float

    @property
    def holds(self) -> bool:
        return self.arrived_pct >= 99 and self.late_gap_pct < 1

    @property
    def on_time_pct(self) -> float:
        return min(100.0, self.arrived_pct) - self.late_gap_pct

    def __str__(self) -> str:
        return (
            f"playback of {self.calls}: {self.cpu_s_per_1000_call_s:.3f} CPU-s per 1000 call-s, "
            f"{self.arrived_pct:.2f} % arrived, worst stream {self.worst_flow_pct:.1f} %, "
            f"{self.late_gap_pct:.2f} % gaps > 30 ms, strangers {self.strangers_pct:.0f} % of a core"
        )


async def _window(gateway: Gateway, farm: Process, calls: int) -> Level:
    ask(FARM_CONTROL, "reset")
    window = Window(gateway.pid, load_pids=(farm.pid,))
    await asyncio.sleep(WINDOW_S)
    used, seconds, strangers = window.used_s, window.seconds, window.foreign_pct
    stats = ask(FARM_CONTROL, "stats")
    return Level(
        calls,
        1000 * used / (calls * seconds),
        stats["arrived_pct"],
        stats["worst_flow_pct"],
        stats["late_gap_pct"],
        int(stats["packets"]),
        strangers,
    )


def _medians(windows: list[Level]) -> Level:
    """The machine is shared: one disturbed window must not decide."""
    return Level(
        windows[0].calls,
        median(each.cpu_s_per_1000_call_s for each in windows),
        median(each.arrived_pct for each in windows),
        median(each.worst_flow_pct for each in windows),
        median(each.late_gap_pct for each in windows),
        sum(each.packets for each in windows),
        median(each.strangers_pct for each in windows),
    )


async def _levels(farm: Process) -> list[Result]:
    results: list[Result] = []
    held = 0
    async with stage(PLAY_FOREVER) as (gateway, load):
        await raise_to(load, 20)  # caches filled, voices loaded: what a call costs from then on
        before_kib, before_calls = resident_kib(gateway.pid), len(load.media)
        for calls in LEVELS:
            await raise_to(load, calls)
            per_call = (resident_kib(gateway.pid) - before_kib) / (calls - before_calls)
            level = _medians([await _window(gateway, farm, calls) for _ in range(WINDOWS)])
            print(level)
            if calls == MEASURED_LEVEL:
                results = _results(level, per_call)
            if not level.holds:
                break
            held = calls
    return [*results, Result("playback_calls_held", held, "calls", None, "higher", len(LEVELS))]


def _results(level: Level, kib_per_call: float) -> list[Result]:
    cost, on_time, packets = level.cpu_s_per_1000_call_s, level.on_time_pct, level.packets
    return [
        Result("playback_cpu_s_per_1000_call_s", cost, "CPU-s", 0.6, "lower", packets),
        Result("playback_packets_on_time_pct", on_time, "%", 99, "higher", packets),
        Result("memory_kib_per_call", kib_per_call, "KiB", None, "lower", level.calls),
    ]
