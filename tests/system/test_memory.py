"""An ended call leaves nothing in memory, without the collector of cycles having to look for it."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.gateway import ROOT, Gateway
from interop.ports import wait_until
from interop.ws_app import WsApp

HANGUP = {"verb": "hangup"}


def to(ending: str) -> dict[str, Any]:
    return {"type": "phone", "number": f"+1500555{ending}", "trunk": "sandbox"}


def dial(ending: str) -> dict[str, Any]:
    return {"verb": "dial", "target": [to(ending)], "timeout": 3, "timeLimit": 1}


KINDS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "say": ("0100", [
        {"verb": "say", "text": "Good morning."},
        {"verb": "say", "text": "And good night."},
        HANGUP,
    ]),
    "gather": ("0102", [
        {"verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 1,
         "say": {"text": "Press one."}},
        HANGUP,
    ]),
    "cut off": ("0106", [{"verb": "pause", "length": 20}]),
    "dial": ("0100", [dial("0105"), HANGUP]),
    "dial a busy one": ("0100", [dial("0130"), HANGUP]),
    "conference": ("0106", [{"verb": "conference", "name": "m"}]),
    "enqueue": ("0106", [{"verb": "enqueue", "name": "q"}]),
    "dequeue": ("0106", [{"verb": "dequeue", "name": "other", "confirmHook": "/confirm"}]),
    "record": ("0100", [
        {"verb": "config", "record": {"action": "startCallRecording", "type": "cloud"}},
        {"verb": "say", "text": "This is recorded."},
        HANGUP,
    ]),
    "busy": ("0130", [HANGUP]),
}  # fmt: skip


@pytest.fixture
def uncollected(make_gateway: Callable[..., Gateway], tmp_path: Path) -> Gateway:
    environment = {
        "VOXGATE_SANDBOX": "true",
        "UNCOLLECTED": str(tmp_path / "held.json"),
    }
    gateway = make_gateway(environment=environment)
    gateway.command = [str(ROOT / "tests/system/uncollected.py")]
    return gateway.start()


def held(gateway: Gateway) -> dict[str, int]:
    """How many objects of calls are in its memory, by their class."""
    path = Path(gateway.settings["UNCOLLECTED"])
    path.unlink(missing_ok=True)
    os.kill(gateway.pid, signal.SIGUSR1)
    wait_until(path.exists, within_s=10, what="what the gateway holds")
    return dict(json.loads(path.read_text()))


def test_nothing_of_ended_calls_is_held(uncollected):
    app = WsApp()
    app.answers["session:new"] = KINDS["say"][1]
    calls = [
        uncollected.call({"from": "+15005550001", "to": to(number), "app_json": json.dumps(verbs)})
        for number, verbs in KINDS.values()
    ]
    calls.append(
        uncollected.call({"from": "+15005550001", "to": to("0107"), "call_hook": app.url()})
    )
    cut_off = dict(zip(KINDS, calls, strict=False))
    for kind in ("cut off", "conference", "enqueue", "dequeue"):
        cut_off[kind].wait_event("verb", phase="started")
        assert held(uncollected)["voxgate.flow.session.Session"]
        cut_off[kind].update(call_status="completed")

    for call in calls:
        assert call.ended()["call_status"] in {"completed", "busy"}

    # Their last SIP transactions take 5 s (RFC 3261 timer K).
    wait_until(lambda: not held(uncollected), within_s=15, what="the calls out of memory")
    app.close()
