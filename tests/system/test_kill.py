"""SIGKILL at ten points of a call, while clients keep repeating their POSTs.

Nobody may be rung twice, every call has exactly one terminal event, its log has no gap, every
phone that still rings or talks is released after the restart, and webhooks arrive in order.
"""

import http.client
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookRequest, HookServer
from interop.ports import wait_until
from system.conftest import MakeGateway
from system.far_end import FarEnd

CALLS = 20
REQUESTS = 200  # ten with each key, all of them around the crash
CLIENTS = 32
KILL_AT = 7  # the how-manieth call reaching the point brings the gateway down
TERMINAL = {"completed", "failed", "busy", "no-answer"}
POINTS = [
    "posted",
    "created",
    "invite",
    "trying",
    "ringing",
    "answered",
    "confirmed",
    "call-hook",
    "bye",
    "completed-hook",
]


@dataclass
class Crash:
    """Kills the gateway when its point has been reached often enough; once."""

    gateway: Gateway
    count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    happened: threading.Event = field(default_factory=threading.Event)

    def reached(self, *_facts: object) -> None:
        if next(self.count) == KILL_AT:
            self.gateway.kill()
            self.happened.set()


def _arm(point: str, crash: Crash, far_end: FarEnd, hooks: HookServer) -> None:
    def call_hook(_request: HookRequest) -> tuple[int, Any]:
        if point == "call-hook":
            crash.reached()
        return 200, [{"verb": "pause", "length": 0.3}, {"verb": "hangup"}]

    def status_hook(request: HookRequest) -> tuple[int, Any]:
        if point == "completed-hook" and request.body["call_status"] == "completed":
            crash.reached()
        return 200, {}

    hooks.answer_with("/call", call_hook)
    hooks.answer_with("/status", status_hook)
    far_end.watch(point, crash.reached)


def _post_until_accepted(gateway: Gateway, body: dict[str, Any], key: str, sent: Any) -> str:
    """What a careful client does: the same key again and again until there is an answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            sent()
            reply = gateway.post_call(body, headers={"Idempotency-Key": key}, timeout_s=10)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        if reply.status == 201:
            return str(reply.body["sid"])
        assert reply.status == 503, reply
        time.sleep(0.1)
    raise TimeoutError(key)


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_rings_nobody_twice_and_loses_no_end(
    point: str, make_gateway: MakeGateway, far_end: FarEnd, hooks: HookServer
) -> None:
    gateway = make_gateway().start()
    application = gateway.add_application(
        "crash",
        call_hook={"url": hooks.url("/call"), "method": "POST"},
        call_status_hook={"url": hooks.url("/status"), "method": "POST"},
    )
    gateway.add_carrier("far", far_end.port)
    crash = Crash(gateway)
    _arm(point, crash, far_end, hooks)

    def place(index: int) -> str:
        body = {
            "application_sid": application,
            "from": "4930111222",
            "to": {"type": "phone", "number": f"4915100{index:05d}", "trunk": "far"},
        }
        nothing: Callable[[], None] = lambda: None  # noqa: E731
        sid = _post_until_accepted(
            gateway, body, f"key-{index}", crash.reached if point == "posted" else nothing
        )
        if point == "created":
            crash.reached()
        return sid

    with ThreadPoolExecutor(CLIENTS) as clients:
        requests = [clients.submit(place, index % CALLS) for index in range(REQUESTS)]
        assert crash.happened.wait(30), "the point was never reached"
        gateway.start()
        answers = [each.result() for each in requests]

    sids = answers[:CALLS]
    assert answers == sids * (REQUESTS // CALLS), "a repeated POST gets the call of the first one"
    assert len(set(sids)) == CALLS
    for sid in sids:
        _assert_ended_once(PlacedCall(gateway, sid, ""))
    assert {n: c for n, c in far_end.rung.items() if c > 1} == {}, "somebody was rung twice"
    wait_until(
        lambda: not far_end.left_open(),
        within_s=40,
        what=f"every phone released: {[(d.state, d.history) for d in far_end.left_open()]}",
    )
    _assert_told_in_order(hooks, sids)


def _assert_ended_once(call: PlacedCall) -> None:
    call.ended(within_s=40)
    events = call.events()
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    kinds = [e["type"] for e in events]
    assert kinds[0] == "created"
    assert kinds.count("ended") == 1
    terminal = [e for e in events if e["type"] == "status" and e["data"]["call_status"] in TERMINAL]
    assert not terminal, "a terminal status belongs to `ended` only"


def _assert_told_in_order(hooks: HookServer, sids: list[str]) -> None:
    """Every call's terminal webhook arrives; repeats are the same event; order is kept."""
    for sid in sids:
        hooks.wait_for(
            "/status",
            lambda r, sid=sid: r.body["call_sid"] == sid and r.body["call_status"] in TERMINAL,
            within_s=40,
        )
        told = [r.body for r in hooks.requests("/status") if r.body["call_sid"] == sid]
        assert len({b["event_id"] for b in told if b["call_status"] in TERMINAL}) == 1
        distinct = list(dict.fromkeys((b["seq"], b["event_id"]) for b in told))
        assert distinct == sorted(distinct, key=lambda pair: pair[0])
