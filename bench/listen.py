"""Listening: answered calls whose audio goes to an application over a WebSocket each.

The far end sends PCMU to every call; the application is a sink on the other core that counts what
comes. Everything the gateway uses is counted: receiving, sending silence, decoding, framing.
"""

import asyncio
import base64
import hashlib
import os
import re
from statistics import median
from typing import cast

from bench.meter import Window
from bench.playback import raise_to, start_farm
from bench.results import Result
from bench.stage import stage

CALLS = 200
SETTLE_S, WINDOW_S, WINDOWS = 3, 7, 3
SINK_NICE = -10
FRAME_BYTES = 328  # 20 ms at 8 kHz, and a masked header
_KEY = re.compile(rb"(?i)sec-websocket-key: *(\S+)")
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


class Sink(asyncio.Protocol):
    """One application: shakes hands and counts bytes."""

    received = 0

    def __init__(self) -> None:
        self._head: bytes | None = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            Sink.received += len(data)
            return
        self._head += data
        if b"\r\n\r\n" not in self._head:
            return
        key = _KEY.search(self._head)
        accept = base64.b64encode(hashlib.sha1((key[1] if key else b"") + _MAGIC).digest())
        self._head = None
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: audio.jambonz.org\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n\r\n"
        )


async def measure_listen() -> list[Result]:
    loop = asyncio.get_running_loop()
    sink = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    port = sink.sockets[0].getsockname()[1]
    farm = await start_farm()
    try:
        async with stage([{"verb": "listen", "url": f"ws://127.0.0.1:{port}/"}]) as (gateway, load):
            await raise_to(load, CALLS)
            # The sink must keep up, or the gateway rightly drops what it does not read.
            os.setpriority(os.PRIO_PROCESS, 0, SINK_NICE)
            await asyncio.sleep(SETTLE_S)
            costs, shares = [], []
            for _ in range(WINDOWS):
                before, window = Sink.received, Window(gateway.pid, load_pids=(farm.pid,))
                await asyncio.sleep(WINDOW_S)
                used, seconds = window.used_s, window.seconds
                frames = (Sink.received - before) / FRAME_BYTES
                costs.append(1000 * used / (CALLS * seconds))
                shares.append(100 * frames / (50 * CALLS * seconds))
                print(
                    f"listening to {CALLS}: {costs[-1]:.3f} CPU-s per 1000 call-s, "
                    f"{shares[-1]:.1f} % of the frames came, "
                    f"strangers {window.foreign_pct:.0f} % of a core"
                )
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        farm.terminate()
        await farm.wait()
        sink.close()
    return [
        Result("listen_cpu_s_per_1000_call_s", median(costs), "CPU-s", None, "lower", WINDOWS),
        Result("listen_frames_arrived_pct", median(shares), "%", 99, "higher", WINDOWS),
    ]
