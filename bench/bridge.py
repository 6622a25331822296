"""Calls bridged by the media core alone: cost of two legs, of a conference of fifty, and delay added.

    python -m bench.bridge [--calls 500] [--seconds 7]

The core is pinned to core 0, the far end (`bench.rtp_farm`) to core 1. Every leg receives PCMU and
sends what its room makes of it. Beside the load run a few probed calls whose packets are timed by
the kernel's time stamps, from the far end's send call to the other far end's socket; their phases
against the core's beat are spread evenly. Windows in which the far end could not keep its own pace are
shown and left out.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from bench.meter import Window
from bench.results import Result, percentile, print_table
from bench.rtp_farm import SO_TIMESTAMPNS, ask
from voxgate.media import MediaEngine, MediaPlan, MediaSettings

CORE, LOAD_CORE = "0", "1"
FARM_PORT, FARM_CONTROL = 14100, 14099
FIRST_PORT = 10000  # two a stream, below the range that systems hand out by themselves
PROBE_PORT = 14200  # two a probed call
CALLS, CONFERENCE, PROBES = 500, 50, 20
SETTLE_S, WINDOW_S = 3, 7
WINDOWS, WINDOWS_MAX = 3, 6  # fair ones wanted, and tried
FRAME_S = 0.020
_RTP = struct.Struct("!BBHII")


async def serve_rooms(rooms: int, seats: int, probes: int) -> None:
    """The core's process: probed rooms of two first, then `rooms` of `seats`; until input ends."""
    streams = 2 * probes + rooms * seats
    engine = MediaEngine(MediaSettings(rtp_ports=(FIRST_PORT, FIRST_PORT + 2 * streams - 1)))
    await engine.start()
    opened = [engine.open(lambda _: None) for _ in range(streams)]
    for number, stream in enumerate(opened[: 2 * probes]):
        stream.connect(MediaPlan("127.0.0.1", PROBE_PORT + number))
    for stream in opened[2 * probes :]:
        stream.connect(MediaPlan("127.0.0.1", FARM_PORT, remote_rtcp_port=FARM_PORT - 2))
    sizes = [2] * probes + [seats] * rooms
    held = []
    while sizes:
        room, size = engine.room(), sizes.pop(0)
        held.append(room)
        for stream in opened[:size]:
            stream.join(room)
        del opened[:size]
    print("ready", flush=True)
    while (await asyncio.to_thread(sys.stdin.readline)).strip():
        print(json.dumps({"received": engine.stats().packets_received}), flush=True)
    await engine.stop()


@contextmanager
def core(rooms: int, seats: int, probes: int) -> Iterator[subprocess.Popen[str]]:
    """The core's process, with the far end talking to every stream that is not probed."""
    numbers = [str(number) for number in (rooms, seats, probes)]
    command = [sys.executable, "-m", "bench.bridge", "--serve", *numbers]
    process = subprocess.Popen(
        ["taskset", "-c", CORE, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the core did not start")
        for stream in range(2 * probes, 2 * probes + rooms * seats):
            ask(FARM_CONTROL, f"peer 127.0.0.1 {FIRST_PORT + 2 * stream}")
        yield process
    finally:
        ask(FARM_CONTROL, "clear")
        process.communicate()


@contextmanager
def farm() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([
        *("nice", "-n", "-15", "taskset", "-c", LOAD_CORE),
        *(sys.executable, "-m", "bench.rtp_farm"),
        *("--port", str(FARM_PORT), "--control", str(FARM_CONTROL)),
    ])
    time.sleep(1)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Used:
    """What the core used in one window, and how much of the load it had and passed on."""

    cpu_s_per_s: float
    offered_pct: float
    arrived_pct: float
    strangers_pct: float

    @property
    def is_fair(self) -> bool:
        """Whether the far end kept its own pace: with less to forward the core looks better."""
        return self.offered_pct >= 99


def use(process: subprocess.Popen[str], farm_pid: int, seconds: float) -> Used:
    ask(FARM_CONTROL, "reset")
    window = Window(process.pid, load_pids=(farm_pid,))
    time.sleep(seconds)
    used, elapsed, strangers = window.used_s, window.seconds, window.foreign_pct
    stats = ask(FARM_CONTROL, "stats")
    expected = 50 * stats["seconds"] * stats["peers"]
    return Used(
        used / elapsed,
        100 * stats["sent"] / expected,
        100 * stats["packets"] / max(1.0, stats["sent"]),
        strangers,
    )


def windows(process: subprocess.Popen[str], farm_pid: int, seconds: float) -> list[Used]:
    """Fair windows, as many as are wanted; on a machine too busy for that, fewer or none."""
    time.sleep(SETTLE_S)
    fair: list[Used] = []
    for _ in range(WINDOWS_MAX):
        window = use(process, farm_pid, seconds)
        print(window, flush=True)
        if window.is_fair:
            fair.append(window)
        if len(fair) == WINDOWS:
            break
    return fair


class Probe:
    """Both far ends of one bridged call: one sends, the other takes the time."""

    def __init__(self, number: int) -> None:
        self._sender, self._receiver = (_bound(PROBE_PORT + 2 * number + leg) for leg in (0, 1))
        self._receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._target = ("127.0.0.1", FIRST_PORT + 4 * number)
        self._sent: list[int] = []

    def send(self) -> None:
        """One packet, with its number in its first samples."""
        number = len(self._sent)
        header = _RTP.pack(0x80, 0, number & 0xFFFF, 160 * number, 7)
        payload = struct.pack("!I", number).ljust(160, b"\xff")
        self._sent.append(time.time_ns())
        self._sender.sendto(header + payload, self._target)

    def delays_ms(self) -> list[float]:
        """Of every packet that came out; closes the sockets."""
        delays = []
        try:
            while True:
                datagram, control, *_ = self._receiver.recvmsg(2048, 64)
                seconds, nanoseconds = struct.unpack("=qq", control[0][2][:16])
                number = struct.unpack_from("!I", datagram, 12)[0]
                if number < len(self._sent):  # else silence from before the first packet
                    stamp = seconds * 1_000_000_000 + nanoseconds
                    delays.append((stamp - self._sent[number]) / 1e6)
        except BlockingIOError:
            return delays
        finally:
            self._sender.close()
            self._receiver.close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", port))
    return bound


@contextmanager
def punctual() -> Iterator[None]:
    """Beside the load and before strangers: what this process is late would count as delay."""
    cores, niceness = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        os.sched_setaffinity(0, cores)


def probe(probes: list[Probe], seconds: float) -> list[float]:
    """Send on every probed call, 50 packets a second each, and read all delays at the end."""
    started = time.monotonic()
    steps = [
        (number * FRAME_S + FRAME_S * place / len(probes), each)
        for number in range(int(seconds / FRAME_S))
        for place, each in enumerate(probes)
    ]
    for due, each in steps:
        time.sleep(max(0.0, started + due - time.monotonic()))
        each.send()
    time.sleep(0.2)
    return [delay for each in probes for delay in each.delays_ms()]


def measure(calls: int, seconds: float) -> list[Result]:
    # The far ends of the probes must be there before the core first sends to them.
    probes = [Probe(number) for number in range(PROBES)]
    with farm() as load:
        with core(calls, 2, 0) as process:
            bridged = windows(process, load.pid, seconds)
        with core(calls, 2, PROBES), punctual():
            time.sleep(SETTLE_S)
            delays = probe(probes, seconds)
        with core(1, CONFERENCE, 0) as process:
            conference = windows(process, load.pid, seconds)
    if not bridged or not conference:
        raise RuntimeError("the machine is too busy: the far end could not keep its pace")
    cost = 1000 * median(each.cpu_s_per_s for each in bridged) / calls
    # Forwarded packets are as late as they came; what is added is measured by itself.
    arrived = median(min(100.0, each.arrived_pct) for each in bridged)
    late, share = percentile(delays, 0.99), 100 * median(each.cpu_s_per_s for each in conference)
    return [
        Result("bridge_cpu_s_per_1000_call_s", cost, "CPU-s", 1.0, "lower", len(bridged)),
        Result("bridge_packets_arrived_pct", arrived, "%", 99, "higher", len(bridged)),
        Result("bridge_added_ms_p50", median(delays), "ms", None, "lower", len(delays)),
        Result("bridge_added_ms_p99", late, "ms", 25, "lower", len(delays)),
        Result("conference50_cpu_pct", share, "% of a core", None, "lower", len(conference)),
    ]


async def measure_bridge() -> list[Result]:
    return await asyncio.to_thread(measure, CALLS, WINDOW_S)


def main() -> None:
    parser = argparse.ArgumentParser(description="cost of bridged calls in the media core")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seconds", type=float, default=WINDOW_S)
    parser.add_argument("--serve", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.serve:
        asyncio.run(serve_rooms(*options.serve))
        return
    print_table(measure(options.calls, options.seconds))


if __name__ == "__main__":
    main()
