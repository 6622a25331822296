"""Gateway on core 0, everything that loads it on core 1, all on 127.0.0.1."""

import asyncio
import json
import math
import os
import re
import resource
import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.callee import Callee
from bench.web import ApiFailed, Client, HookConnection
from interop.gateway import ADMIN_TOKEN, Gateway

GATEWAY_CORE, LOAD_CORE = 0, 1
RTP_PORTS = "32000-39999"  # two a call; the load side keeps below
FARM_PORT, FARM_CONTROL = 14000, 13999
TONE_S = 120  # longer than a measurement: playing, not starting to play, is measured

_TO = re.compile(rb'"to": ?"(\d+)"')
_STATUS = re.compile(rb'"call_status": ?"([a-z-]+)"')


def tone_wav(seconds: int) -> bytes:
    """A 440 Hz tone, 8 kHz, 16-bit: what every playback call plays."""
    samples = struct.pack(
        f"<{8000 * seconds}h",
        *(int(8000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(8000 * seconds)),
    )
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16),
        *(b"data", len(samples)),
    )
    return head + samples


@dataclass
class CallTrace:
    """One offered call, as the load side saw it. Times: time.perf_counter()."""

    number: str
    posted_at: float = 0.0
    invited_at: float = 0.0
    status: int = 0
    final: str = ""

    @property
    def is_good(self) -> bool:
        return self.status == 201 and self.final == "completed"


def _callee(number: int) -> str:
    return f"4915{number:09d}"


class LoadSide:
    """The callee, the application and the REST client, and a trace of every call."""

    def __init__(self, gateway: Gateway, document: bytes) -> None:
        self._gateway = gateway
        self._document = document
        self._files = {b"/tone.wav": tone_wav(TONE_S)}
        self._path = f"/v1/Accounts/{gateway.account_sid}/Calls"
        self._number = 0
        self._offers: set[asyncio.Task[CallTrace]] = set()
        self.calls: dict[str, CallTrace] = {}
        self.answered = 0
        self.asked = 0  # call hooks and what they redirect to
        self.media: list[tuple[str, int]] = []
        self.callee = Callee(("127.0.0.1", FARM_PORT), self._invited)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self.callee, local_addr=("127.0.0.1", 0)
        )
        self._hook_server = await loop.create_server(
            lambda: HookConnection(self._hook, self._files), "127.0.0.1", 0, backlog=4096
        )
        self._client = Client("127.0.0.1", self._gateway.http_port, ADMIN_TOKEN)
        self._transport = transport
        web = f"http://127.0.0.1:{self._hook_server.sockets[0].getsockname()[1]}"
        self.tone_url = web + "/tone.wav"
        self.status_url = web + "/status"
        self._document = self._document.replace(b"TONE_URL", self.tone_url.encode())
        application = await asyncio.to_thread(
            self._gateway.add_application,
            "bench",
            call_hook={"url": web + "/call", "method": "POST"},
            call_status_hook={"url": web + "/status", "method": "POST"},
        )
        port = transport.get_extra_info("sockname")[1]
        await asyncio.to_thread(self._gateway.add_carrier, "bench", port)
        self._body = {"application_sid": application, "from": "4930111222", "timeout": 30}

    def stop(self) -> None:
        self._client.close()
        self._hook_server.close()
        self._transport.close()

    def _invited(self, number: str, at: float, media: tuple[str, int]) -> None:
        self.media.append(media)
        if trace := self.calls.get(number):
            trace.invited_at = at

    def _hook(self, path: bytes, body: bytes) -> bytes:
        if path == b"/call":
            self.asked += 1
            return self._document
        to, status = _TO.search(body), _STATUS.search(body)
        if to and status:
            self._told(to[1].decode(), status[1].decode())
        return b""

    def _told(self, number: str, status: str) -> None:
        if status == "in-progress":
            self.answered += 1
        elif status in {"completed", "failed", "busy", "no-answer"} and number in self.calls:
            self.calls[number].final = status

    def answer(self, document: list[dict[str, object]]) -> None:
        """From now on call hooks get this."""
        self._document = json.dumps(document).encode()

    async def offer(self, **fields: object) -> CallTrace:
        """POST one call with a key and a number of its own; `fields` go into its body."""
        self._number += 1
        trace = CallTrace(_callee(self._number))
        self.calls[trace.number] = trace
        to = {"type": "phone", "number": trace.number, "trunk": "bench"}
        body = {**self._body, "to": to, **fields}
        with suppress(ApiFailed):  # an overloaded gateway: the call counts as not completed
            trace.status, _, trace.posted_at = await self._client.post(
                self._path, json.dumps(body).encode(), trace.number
            )
        return trace

    async def offer_at(self, rate_hz: float, count: int) -> list[CallTrace]:
        """An open loop: call number n goes out at n / rate, whatever became of the others.

        Returns right after the last one; answers may be outstanding (`drained`).
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        first = self._number
        for index in range(count):
            await asyncio.sleep(max(0.0, started + index / rate_hz - loop.time()))
            offer = loop.create_task(self.offer())
            self._offers.add(offer)
            offer.add_done_callback(self._offers.discard)
        await asyncio.sleep(0)
        return [self.calls[_callee(number)] for number in range(first + 1, first + count + 1)]

    async def drained(self, within_s: float) -> bool:
        """Wait until every POST is answered and every call reported as over."""
        for _ in range(int(within_s / 0.05)):
            if not self.open_calls:
                return True
            await asyncio.sleep(0.05)
        return not self.open_calls

    @property
    def open_calls(self) -> int:
        return sum(not (trace.status and trace.final) for trace in self.calls.values())


@asynccontextmanager
async def stage(document: list[dict[str, object]]) -> AsyncIterator[tuple[Gateway, LoadSide]]:
    """A fresh gateway whose application answers every call with `document`."""
    os.sched_setaffinity(0, {LOAD_CORE})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="voxgate-bench-") as folder:
        gateway = Gateway(Path(folder), environment={"VOXGATE_RTP_PORTS": RTP_PORTS})
        try:
            await asyncio.to_thread(gateway.start, prefix=("taskset", "-c", str(GATEWAY_CORE)))
            load = LoadSide(gateway, json.dumps(document).encode())
            await load.start()
            yield gateway, load
            load.stop()
        finally:
            gateway.stop()
