"""Density of the media core alone: streams that each play and receive PCMU, beside the kernel's floor.

    python -m bench.playback_core [--streams 1000] [--seconds 10] [--rounds 3]

The core is pinned to core 0, the far end (`bench.rtp_farm`) to core 1. In every round the same far
end faces the core and then a bare loop of one recv and one send a packet (`kernel_floor`, a Rust
example), so that both meet the same machine. A level holds when at least 99 % of the packets
arrive and gaps over 30 ms stay under 1 %. Rounds in which the far end could not keep its own pace
are shown and left out of the medians.
"""

import argparse
import asyncio
import json
import math
import os
import resource
import statistics
import struct
import subprocess
import sys
import time
from dataclasses import dataclass

from bench.meter import Window, resident_kib
from bench.rtp_farm import ask
from voxgate.media import MediaEngine, MediaEvent, MediaPlan, MediaSettings
from voxgate.model.audio import Audio

CORE, LOAD_CORE = "0", "1"
FARM_PORT, FARM_CONTROL = 14100, 14099
FIRST_PORT = 10000  # two a stream, below the range that systems hand out by themselves
SETTLE_S = 3
TONE_S = 20

FLOOR_BUILD = ("cargo", "build", "--quiet", "--release", "--manifest-path", "rust/Cargo.toml")
FLOOR = "rust/target/release/examples/kernel_floor"


@dataclass(frozen=True, slots=True)
class Round:
    """One contender facing the far end for a while."""

    cpu_s_per_1000_call_s: float
    arrived_pct: float
    late_gap_pct: float
    offered_pct: float
    received_pct: float
    kib_per_stream: float
    foreign_pct: float

    @property
    def is_fair(self) -> bool:
        """Whether both sides had the packets to handle that the level stands for."""
        return self.arrived_pct >= 99 and self.offered_pct >= 99


def tone() -> Audio:
    count = 8000 * TONE_S
    levels = (int(8000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(count))
    return Audio(struct.pack(f"<{count}h", *levels), 8000)


async def serve_streams(streams: int) -> None:
    """The core's process: plays on every stream until its standard input ends."""
    engine = MediaEngine(MediaSettings(rtp_ports=(FIRST_PORT, FIRST_PORT + 2 * streams - 1)))
    await engine.start()
    before_kib = resident_kib(os.getpid())
    events: list[MediaEvent] = []
    audio = tone()
    plan = MediaPlan("127.0.0.1", FARM_PORT, remote_rtcp_port=FARM_PORT - 2)
    opened = [engine.open(events.append) for _ in range(streams)]
    for stream in opened:
        stream.connect(plan)
        stream.play(audio, loops=0)
    print("ready", flush=True)
    while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
        kib = (resident_kib(os.getpid()) - before_kib) / streams
        received = engine.stats().packets_received
        print(json.dumps({command: received, "kib": kib}), flush=True)
    await engine.stop()


class Contender:
    """A process on core 0 that holds all streams."""

    def __init__(self, command: list[str], *, answers: bool) -> None:
        self._answers = answers
        self._process = subprocess.Popen(
            ["taskset", "-c", CORE, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line() != "ready\n":
            raise RuntimeError(f"{command[0]} did not start")
        self.pid = self._process.pid

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def counters(self) -> dict[str, float]:
        """What it counts itself: packets received and KiB a stream."""
        if not self._answers:
            return {"count": 0, "kib": 0}
        assert self._process.stdin is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        return dict(json.loads(self._line()))

    def end(self) -> None:
        self._process.communicate()


def face(contender: Contender, farm_pid: int, *, streams: int, seconds: float) -> Round:
    """Let the far end talk to every stream, and measure."""
    ask(FARM_CONTROL, "clear")
    for stream in range(streams):
        ask(FARM_CONTROL, f"peer 127.0.0.1 {FIRST_PORT + 2 * stream}")
    time.sleep(SETTLE_S)
    ask(FARM_CONTROL, "reset")
    before = contender.counters()
    window = Window(contender.pid, load_pids=(farm_pid,))
    time.sleep(seconds)
    used, elapsed, foreign = window.used_s, window.seconds, window.foreign_pct
    after = contender.counters()
    stats = ask(FARM_CONTROL, "stats")
    return Round(
        cpu_s_per_1000_call_s=1000 * used / (streams * elapsed),
        arrived_pct=stats["arrived_pct"],
        late_gap_pct=stats["late_gap_pct"],
        offered_pct=2 * stats["sent"] / (streams * elapsed),
        received_pct=2 * (after["count"] - before["count"]) / (streams * elapsed),
        kib_per_stream=after["kib"],
        foreign_pct=foreign,
    )


def measure(streams: int, seconds: float, rounds: int) -> dict[str, list[Round]]:
    subprocess.run([*FLOOR_BUILD, "-p", "media-io", "--example", "kernel_floor"], check=True)
    core = [sys.executable, "-m", "bench.playback_core", "--serve", "--streams", str(streams)]
    # The core asks for a real-time turn; on a shared machine the floor needs the same to be like it.
    floor = ["chrt", "--rr", "10", FLOOR, str(streams), str(FIRST_PORT), str(FARM_PORT)]
    results: dict[str, list[Round]] = {"core": [], "floor": []}
    farm = subprocess.Popen([
        *("nice", "-n", "-15", "taskset", "-c", LOAD_CORE),
        *(sys.executable, "-m", "bench.rtp_farm"),
        *("--port", str(FARM_PORT), "--control", str(FARM_CONTROL)),
    ])
    try:
        time.sleep(1)
        for _ in range(rounds):
            for name, command in (("core", core), ("floor", floor)):
                contender = Contender(command, answers=name == "core")
                try:
                    result = face(contender, farm.pid, streams=streams, seconds=seconds)
                finally:
                    contender.end()
                results[name].append(result)
                print(f"{name:5} {result}", flush=True)
    finally:
        farm.terminate()
        farm.wait()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description="media core density")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.serve:
        asyncio.run(serve_streams(options.streams))
        return
    results = measure(options.streams, options.seconds, options.rounds)
    for name, rounds in results.items():
        costs = [result.cpu_s_per_1000_call_s for result in rounds if result.is_fair]
        median = f"{statistics.median(costs):.3f}" if costs else "none"
        print(f"{name}: median {median} CPU-s per 1000 call-s, {len(costs)} fair rounds")


if __name__ == "__main__":
    main()
