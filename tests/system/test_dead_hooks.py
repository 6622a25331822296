"""Hooks that fail: statuses wait and keep their order, calls never hang, others are not delayed."""

import time

import pytest

from interop.gateway import Gateway
from interop.hooks import HookRequest, HookServer
from interop.ports import free_port
from system.conftest import MakeGateway
from system.far_end import FarEnd

CALL = {"from": "4930111222", "to": {"type": "phone", "number": "4915100000001", "trunk": "far"}}
VERBS = [{"verb": "pause", "length": 0.2}, {"verb": "hangup"}]


@pytest.fixture
def gateway(make_gateway: MakeGateway, far_end: FarEnd) -> Gateway:
    started = make_gateway(environment={"VOXGATE_HOOK_TIMEOUT_S": "1"}).start()
    started.add_carrier("far", far_end.port)
    return started


def test_statuses_wait_for_a_dead_hook_and_arrive_in_order(
    gateway: Gateway, hooks: HookServer
) -> None:
    port = free_port()
    call = gateway.call({
        **CALL,
        "call_hook": hooks.answer("/call", VERBS),
        "call_status_hook": f"http://127.0.0.1:{port}/status",
    })
    assert call.ended()["call_status"] == "completed", "a dead status hook delays no call"

    revived = HookServer(port)
    try:
        revived.wait_for("/status", lambda r: r.body["call_status"] == "completed", within_s=30)
        told = [r.body["call_status"] for r in revived.requests("/status")]
    finally:
        revived.close()
    assert told == ["trying", "ringing", "in-progress", "completed"]


def test_statuses_survive_a_restart(gateway: Gateway, hooks: HookServer) -> None:
    port = free_port()
    call = gateway.call({
        **CALL,
        "call_hook": hooks.answer("/call", VERBS),
        "call_status_hook": f"http://127.0.0.1:{port}/status",
    })
    call.ended()
    gateway.kill()

    revived = HookServer(port)
    try:
        gateway.start()
        revived.wait_for("/status", lambda r: r.body["call_status"] == "completed", within_s=30)
        told = [r.body["call_status"] for r in revived.requests("/status")]
    finally:
        revived.close()
    assert told == ["trying", "ringing", "in-progress", "completed"]


def test_one_dead_receiver_does_not_hold_up_the_other(gateway: Gateway, hooks: HookServer) -> None:
    def hang(_request: HookRequest) -> tuple[int, object]:
        time.sleep(3)
        return 500, {}

    call = gateway.call({
        **CALL,
        "call_hook": hooks.answer("/call", VERBS),
        "call_status_hook": hooks.answer_with("/hanging", hang),
        "notifyUrl": hooks.url("/notify"),
    })
    hooks.wait_for("/notify", lambda r: r.body["call_status"] == "completed", within_s=10)

    assert [r.body["call_status"] for r in hooks.requests("/notify")] == [
        "trying",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert call.record()["call_status"] == "completed"


@pytest.mark.parametrize(
    ("status", "content"),
    [(500, []), (404, []), (200, {"not": "a list"}), (200, [{"verb": "nonsense"}])],
)
def test_an_application_that_fails_ends_the_call_with_an_alert(
    gateway: Gateway, hooks: HookServer, far_end: FarEnd, status: int, content: object
) -> None:
    call = gateway.call({
        **CALL,
        "call_hook": hooks.answer("/broken", content, status),
        "call_status_hook": hooks.url("/status"),
    })
    ended = call.ended()

    assert ended["outcome"]["fault_domain"] == "app"
    assert [e for e in call.events() if e["type"] == "alert"]
    assert [d.history[-1] for d in far_end.dialogs.values()] == ["bye"]


def test_an_application_that_does_not_answer_ends_the_call_in_time(
    gateway: Gateway, hooks: HookServer
) -> None:
    call = gateway.call({
        **CALL,
        "call_hook": f"http://127.0.0.1:{free_port()}/nobody",
        "call_status_hook": hooks.url("/status"),
    })
    ended = call.ended(within_s=15)

    assert ended["outcome"]["code"] == "app_failed"
    hooks.wait_for("/status", lambda r: r.body["call_status"] == "completed")
