"""A long run of mixed calls: nothing may grow, every call ends once, nobody logs an error.

python -m bench.soak [minutes]

Every kind of work takes its turn: prompts and keys, transfers that succeed and fail, conferences,
queues, machine detection, recordings, applications on WebSockets, calls from outside, calls that are
not answered, refused, or hung up in every moment. First one call of each kind is made, so that
whatever is started for the first of its kind is there. Then, each minute, the gateway's memory, file
descriptors, threads, tasks and open objects are written down; at the end, after everything is over,
they have to be what they were before.
"""

import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, WSMsgType, web

from bench.meter import resident_kib
from interop.gateway import ADMIN_TOKEN, Gateway
from voxgate.testing.sandbox import RunningSandbox, running_sandbox

RATE_HZ = 2.0
WARM_S = 120.0  # caches fill, pools grow to their size
OVER_S = 60.0  # for the last calls to end, and their transactions
GROWTH_PCT = 10.0
LOOSE_FDS = 8  # idle connections kept for reuse
MINUTES = 30.0

_FIGURES = re.compile(
    r"^(voxgate_(?:tasks|media_streams|sip_dialogs|sip_transactions|journal_queued|deliveries_waiting)) "
    r"([0-9.e+]+)$",
    re.MULTILINE,
)
_HANGUP = {"verb": "hangup"}

Verbs = list[dict[str, Any]]


def _say(text: str) -> dict[str, Any]:
    return {"verb": "say", "text": text}


def _to(number: str) -> dict[str, Any]:
    return {"type": "phone", "number": f"+1500555{number}", "trunk": "far end"}


@dataclass(frozen=True)
class Kind:
    """One kind of call: whom it is placed to, and what its application says."""

    number: str
    verbs: Callable[[str], Verbs] = lambda _base: [_say("Good morning."), _HANGUP]
    fields: dict[str, Any] = field(default_factory=dict)


def _dial(number: str, **fields: object) -> Callable[[str], Verbs]:
    return lambda base: [
        {"verb": "dial", "target": [_to(number)], "timeout": 3, "timeLimit": 4,
         "actionHook": f"{base}/done", **fields},
        _HANGUP,
    ]  # fmt: skip


KINDS: dict[str, Kind] = {
    "say": Kind("0100"),
    "keys": Kind("0102", lambda base: [
        {"verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 6,
         "say": {"text": "Press one."}, "actionHook": f"{base}/done"},
    ]),
    "play": Kind("0106", lambda _base: [
        {"verb": "play", "url": "silence_stream://1500"}, _HANGUP,
    ]),
    "transfer": Kind("0100", _dial("0105")),
    "transfer-on-bridge": Kind("0100", _dial("0100", answerOnBridge=True)),
    "transfer-to-busy": Kind("0100", _dial("0130")),
    "transfer-to-nobody": Kind("0100", _dial("0132")),
    "conference": Kind("0105", lambda _base: [
        {"verb": "conference", "name": "soak", "startConferenceOnEnter": True},
    ]),
    "queue": Kind("0105", lambda _base: [{"verb": "enqueue", "name": "soak"}]),
    "dequeue": Kind("0105", lambda _base: [{"verb": "dequeue", "name": "soak", "timeout": 2}]),
    "machine": Kind("0120", lambda _base: [{"verb": "pause", "length": 4}, _HANGUP],
                    {"amd": {"actionHook": "/amd"}}),
    "recorded": Kind("0109", lambda _base: [
        {"verb": "config", "record": {"action": "startCallRecording", "type": "cloud"}},
        _say("This is being recorded."), _HANGUP,
    ]),
    "listen": Kind("0109", lambda base: [
        {"verb": "listen", "url": base.replace("http", "ws") + "/audio", "maxLength": 3}, _HANGUP,
    ]),
    "websocket": Kind("0100", fields={"call_hook": "ws"}),
    "busy": Kind("0130"),
    "ring-out": Kind("0132", fields={"timeout": 2}),
    "hang-up": Kind("0105", lambda _base: [{"verb": "pause", "length": 20}]),
    "no-verbs": Kind("0100", lambda _base: []),
    "bad-verbs": Kind("0100", lambda _base: [{"verb": "fly"}]),
}  # fmt: skip


@dataclass
class Sample:
    """What the gateway holds at one moment."""

    at_s: float
    resident_kib: int
    descriptors: int
    threads: int
    figures: dict[str, float]

    def line(self) -> str:
        open_ = " ".join(f"{name.split('_', 1)[1]}={int(n)}" for name, n in self.figures.items())
        return (
            f"{self.at_s / 60:5.1f} min  {self.resident_kib / 1024:6.1f} MiB  "
            f"{self.descriptors} descriptors  {self.threads} threads  {open_}"
        )


class Soak:
    """One run against one gateway."""

    def __init__(self, gateway: Gateway, sandbox: RunningSandbox, session: ClientSession) -> None:
        self._gateway = gateway
        self._sandbox = sandbox
        self._session = session
        self._base = ""
        self._number = itertools.count()
        self.placed: dict[str, str] = {}  # call_sid: kind
        self.refused: Counter[str] = Counter()
        self.terminal: Counter[str] = Counter()  # by call_sid

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes([
            web.post("/call/{kind}", self._call),
            web.post("/status", self._status),
            web.get("/agent", self._agent),
            web.get("/audio", self._audio),
            web.post("/{rest:.*}", self._nothing),
        ])
        return app

    async def _call(self, request: web.Request) -> web.Response:
        return web.json_response(KINDS[request.match_info["kind"]].verbs(self._base))

    async def _nothing(self, _request: web.Request) -> web.Response:
        return web.json_response([])

    async def _status(self, request: web.Request) -> web.Response:
        told = await request.json()
        if told["call_status"] in {"completed", "failed", "busy", "no-answer"}:
            self.terminal[told["call_sid"]] += 1
        return web.Response(status=204)

    async def _agent(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["ws.jambonz.org"])
        await socket.prepare(request)
        async for message in socket:
            frame = json.loads(message.data) if message.type is WSMsgType.TEXT else {}
            if frame.get("type") == "session:new":
                data = [_say("Good morning."), _HANGUP]
                await socket.send_json({"type": "ack", "msgid": frame["msgid"], "data": data})
            elif frame.get("type") == "call:status":
                if frame["data"]["call_status"] in {"completed", "failed", "busy", "no-answer"}:
                    self.terminal[frame["data"]["call_sid"]] += 1
            elif "msgid" in frame:
                await socket.send_json({"type": "ack", "msgid": frame["msgid"]})
        return socket

    async def _audio(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["audio.jambonz.org"])
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    async def run(self, seconds: float, base: str) -> list[Sample]:
        self._base = base
        await asyncio.to_thread(self._provision)
        for _ in range(len(KINDS) + 1):
            await self._place()
            await asyncio.sleep(1 / RATE_HZ)
        samples = [await self.settle()]
        started = time.monotonic()
        due = started
        while (now := time.monotonic()) - started < seconds:
            if now >= due:
                samples.append(await self._sample(now - started))
                print(samples[-1].line(), f"{len(self.placed)} calls", flush=True)
                due += 60
            await self._place()
            await asyncio.sleep(1 / RATE_HZ)
        return samples

    def _provision(self) -> None:
        gateway = self._gateway
        application = gateway.add_application(
            "inbound", call_hook={"url": f"{self._base}/call/say"},
            call_status_hook={"url": f"{self._base}/status"},
        )  # fmt: skip
        trunk = gateway.add_carrier("far end", application_sid=application)
        gateway.add_gateway(trunk, self._sandbox.sip.port, inbound=1)

    async def _place(self) -> None:
        number = next(self._number)
        if number % (len(KINDS) + 1) == len(KINDS):
            uri = f"sip:4930100@127.0.0.1:{self._gateway.sip_port}"
            await asyncio.to_thread(self._sandbox.ring, uri, "listen 2s; hang up")
            return
        name = list(KINDS)[number % (len(KINDS) + 1)]
        kind = KINDS[name]
        body = {
            "from": "+15005550001",
            "to": _to(kind.number),
            "call_hook": f"{self._base}/call/{name}",
            "call_status_hook": f"{self._base}/status",
            **kind.fields,
        }
        if body["call_hook"] == "ws":
            body["call_hook"] = self._base.replace("http", "ws") + "/agent"
            del body["call_status_hook"]
        url = self._url(f"/v1/Accounts/{self._gateway.account_sid}/Calls")
        async with self._session.post(url, json=body) as answer:
            if answer.status == 201:
                self.placed[(await answer.json())["sid"]] = name
            else:
                self.refused[f"{name}: {answer.status} {await answer.text()}"] += 1

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._gateway.http_port}{path}"

    async def _sample(self, at_s: float) -> Sample:
        async with self._session.get(self._url("/metrics")) as answer:
            text = await answer.text()
        process = Path(f"/proc/{self._gateway.pid}")
        return Sample(
            at_s=at_s,
            resident_kib=resident_kib(self._gateway.pid),
            descriptors=len(list((process / "fd").iterdir())),
            threads=len(list((process / "task").iterdir())),
            figures={name: float(value) for name, value in _FIGURES.findall(text)},
        )

    async def settle(self) -> Sample:
        """Once everything that was placed is over, or should be."""
        await asyncio.sleep(OVER_S)
        return await self._sample(0.0)

    async def faults(self, samples: list[Sample], last: Sample) -> list[str]:
        """What must not be, in words."""
        found = [f"refused: {what} ({times} times)" for what, times in self.refused.items()]
        for sid, kind in self.placed.items():
            if self.terminal[sid] != 1:
                found.append(f"{kind} {sid}: {self.terminal[sid]} terminal webhooks")
            found += await self._log_faults(sid, kind)
        warm = [sample for sample in samples if sample.at_s >= WARM_S] or samples[-1:]
        grown = 100 * (last.resident_kib / warm[0].resident_kib - 1)
        if grown > GROWTH_PCT:
            found.append(f"memory grew by {grown:.1f} % since the gateway was warm")
        first, tasks = samples[0], "voxgate_tasks"
        if last.descriptors > first.descriptors + LOOSE_FDS:
            found.append(f"descriptors: {first.descriptors} at first, {last.descriptors} now")
        if last.threads > first.threads:
            found.append(f"threads: {first.threads} at first, {last.threads} now")
        if last.figures[tasks] > first.figures[tasks]:
            found.append(f"tasks: {first.figures[tasks]:g} at first, {last.figures[tasks]:g} now")
        found += [
            f"{name} is {n:g} at the end" for name, n in last.figures.items() if n and name != tasks
        ]
        for line in self._gateway.log.read_text().splitlines():
            if '"error"' in line or "[error" in line or "Traceback" in line:
                found.append(f"log: {line[:300]}")
        return found

    async def _log_faults(self, sid: str, kind: str) -> list[str]:
        path = f"/v1/Accounts/{self._gateway.account_sid}/Calls/{sid}/events?limit=500"
        async with self._session.get(self._url(path)) as answer:
            events = (await answer.json())["events"]
        seqs = [event["seq"] for event in events]
        ends = sum(event["type"] == "ended" for event in events)
        if seqs != list(range(1, len(seqs) + 1)) or ends != 1:
            return [f"{kind} {sid}: {ends} terminal events, seqs {seqs}"]
        return []


async def soak(minutes: float) -> int:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    with tempfile.TemporaryDirectory(prefix="voxgate-soak-") as folder, running_sandbox() as far:
        gateway = Gateway(Path(folder), environment={"VOXGATE_MEDIA_TIMEOUT_S": "30"})
        gateway.start()
        try:
            async with ClientSession(headers=headers) as session:
                run = Soak(gateway, far, session)
                runner = web.AppRunner(run.application(), access_log=None)
                await runner.setup()
                site = web.TCPSite(runner, "127.0.0.1", 0)
                await site.start()
                port = runner.addresses[0][1]
                samples = await run.run(60 * minutes, f"http://127.0.0.1:{port}")
                last = await run.settle()
                print("at rest", last.line())
                faults = await run.faults(samples, last)
                await runner.cleanup()
        finally:
            gateway.stop()
    for fault in faults[:50]:
        print("FAULT", fault)
    print(f"{len(run.placed)} calls placed, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(soak(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)))
