"""SIGKILL while two legs are joined: both are let go, both have one end, nobody is rung again."""

from collections.abc import Iterator

import pytest

from interop.gateway import PlacedCall
from interop.hooks import HookServer
from interop.ports import wait_until
from system.conftest import MakeGateway
from system.far_end import FarEnd


@pytest.fixture
def callee() -> Iterator[FarEnd]:
    with FarEnd(ring_s=0.05) as running:
        yield running


@pytest.fixture
def ringing() -> Iterator[FarEnd]:
    with FarEnd(ring_s=60, answers=False) as running:
        yield running


def to(far_end: FarEnd, user: str) -> dict:
    return {"type": "sip", "sipUri": f"sip:{user}@127.0.0.1:{far_end.port}"}


def children(hooks: HookServer) -> set[str]:
    return {r.body["call_sid"] for r in hooks.requests("/status") if r.body.get("parent_call_sid")}


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "ringing"])
def test_both_legs_of_a_dial_are_let_go_after_a_crash(
    make_gateway: MakeGateway, hooks, far_end, callee, ringing, *, joined: bool
):
    gateway = make_gateway()
    gateway.start()
    second = callee if joined else ringing
    hook = hooks.answer("/call", [{"verb": "dial", "target": [to(second, "b")]}])
    placed = gateway.call({
        "from": "+4930111222",
        "to": to(far_end, "a"),
        "call_hook": hook,
        "call_status_hook": hooks.url("/status"),
    })
    reached = "in-progress" if joined else "ringing"
    hooks.wait_for(
        "/status",
        lambda r: r.body.get("parent_call_sid") and r.body["call_status"] == reached,
    )

    gateway.kill()
    gateway.start()

    (child,) = children(hooks)
    for sid in (placed.sid, child):
        end = PlacedCall(gateway, sid, "").ended()
        assert end["outcome"]["code"] == "lost"
    wait_until(
        lambda: not far_end.left_open() and not second.left_open(),
        within_s=10,
        what="both far ends let go",
    )
    assert (far_end.rung.total(), second.rung.total()) == (1, 1)
    ends = [e for e in PlacedCall(gateway, child, "").events() if e["type"] == "ended"]
    assert len(ends) == 1
