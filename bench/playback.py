"""Density: answered calls that each play and receive PCMU, through the whole gateway.

A level holds when at least 99 % of the packets arrive at the far end and gaps over 30 ms stay
under 1 %.
"""

import asyncio
import sys
from asyncio.subprocess import Process
from collections import Counter

from bench.meter import Window, resident_kib
from bench.results import Result
from bench.rtp_farm import ask
from bench.stage import FARM_CONTROL, FARM_PORT, LOAD_CORE, LoadSide, stage

LEVELS = (1000, 1250, 1500, 1750, 2000)
MEASURED_LEVEL = 1000
SETUP_RATE = 25  # a second; gentle, as the calls before are playing already
SETTLE_S, MEASURE_S = 3, 20
PLAY_FOREVER: list[dict[str, object]] = [{"verb": "play", "url": "TONE_URL", "loop": 1000}]


async def _start_farm() -> Process:
    command = [sys.executable, "-m", "bench.rtp_farm"]
    ports = ["--port", str(FARM_PORT), "--control", str(FARM_CONTROL)]
    return await asyncio.create_subprocess_exec(
        *("nice", "-n", "-15", "taskset", "-c", str(LOAD_CORE)), *command, *ports
    )


async def _raise_to(load: LoadSide, level: int) -> None:
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
    farm = await _start_farm()
    try:
        return await _levels(farm)
    finally:
        farm.terminate()
        await farm.wait()


async def _levels(farm: Process) -> list[Result]:
    results: list[Result] = []
    held = 0
    async with stage(PLAY_FOREVER) as (gateway, load):
        await _raise_to(load, 20)  # caches filled, voices loaded: what a call costs from then on
        before_kib, before_calls = resident_kib(gateway.pid), len(load.media)
        for level in LEVELS:
            await _raise_to(load, level)
            per_call = (resident_kib(gateway.pid) - before_kib) / (level - before_calls)
            ask(FARM_CONTROL, "reset")
            window = Window(gateway.pid, load_pids=(farm.pid,))
            await asyncio.sleep(MEASURE_S)
            used, seconds, foreign = window.used_s, window.seconds, window.foreign_pct
            stats = ask(FARM_CONTROL, "stats")
            cost = 1000 * used / (level * seconds)
            holds = stats["arrived_pct"] >= 99 and stats["late_gap_pct"] < 1
            print(
                f"playback of {level}: {cost:.3f} CPU-s per 1000 call-s, "
                f"{stats['arrived_pct']:.2f} % arrived, worst {stats['worst_flow_pct']:.1f} %, "
                f"{stats['late_gap_pct']:.2f} % gaps > 30 ms, farm {stats['cpu_pct']:.0f} % CPU, "
                f"strangers {foreign:.0f} % of a core"
            )
            if level == MEASURED_LEVEL:
                on_time = min(100.0, stats["arrived_pct"]) - stats["late_gap_pct"]
                packets = int(stats["packets"])
                results = [
                    Result("playback_cpu_s_per_1000_call_s", cost, "CPU-s", 0.6, "lower", packets),
                    Result("playback_packets_on_time_pct", on_time, "%", 99, "higher", packets),
                    Result("memory_kib_per_call", per_call, "KiB", None, "lower", level),
                ]
            if not holds:
                break
            held = level
    return [*results, Result("playback_calls_held", held, "calls", None, "higher", len(LEVELS))]
