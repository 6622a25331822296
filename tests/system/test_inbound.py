"""Calls from outside while the gateway dies, ends or is full."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.raw_caller import RawCaller, status_of
from scenario.inbound import Line, add_trunk
from system.conftest import MakeGateway

WAITING = [{"verb": "pause", "length": 60}]
TALKING = [{"verb": "answer"}, *WAITING]
ADDRESS = "127.0.0.2"


def _ready(make_gateway: MakeGateway, hooks: HookServer, **settings: str) -> tuple[Gateway, Line]:
    environment = {f"VOXGATE_{name.upper()}": value for name, value in settings.items()}
    gateway = make_gateway(environment=environment).start()
    return gateway, Line(gateway, hooks, add_trunk(gateway, ADDRESS))


@pytest.fixture
def callers(make_gateway: MakeGateway) -> Iterator[list[RawCaller]]:
    made: list[RawCaller] = []
    yield made
    for caller in made:
        caller.__exit__()


def _caller(gateway: Gateway, callers: list[RawCaller]) -> RawCaller:
    callers.append(RawCaller(gateway.sip_port, ADDRESS))
    return callers[-1]


def _whole(call: PlacedCall) -> dict[str, Any]:
    """The terminal event of a log without gaps that has exactly one."""
    call.ended()
    events = call.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    ends = [event["data"] for event in events if event["type"] == "ended"]
    assert len(ends) == 1
    return dict(ends[0])


def test_after_a_crash_callers_who_wait_are_refused_and_those_who_talk_are_hung_up(
    make_gateway, hooks, callers
):
    gateway, line = _ready(make_gateway, hooks)
    line.answers(WAITING)
    waiting = _caller(gateway, callers).invite(line.uri)
    waits = line.call()
    other = Line(gateway, hooks, None)
    other.answers(TALKING)
    trunk_number = {"application_sid": other.application_sid}
    gateway.api("PUT", f"/PhoneNumbers/{line.number_sid}", trunk_number)
    talking = _caller(gateway, callers).invite(line.uri)
    assert status_of(talking.final()) == 200
    talks = other.call()
    talks.wait_event("answered")

    gateway.kill()
    gateway.start()

    assert status_of(waiting.final()) == 487
    # Had the answer crossed the crash, this would end it; so it finds nothing.
    waiting.expect_request("BYE", answer="481 Call/Transaction Does Not Exist")
    talking.expect_request("BYE")
    unanswered, answered = _whole(waits), _whole(talks)
    assert unanswered["call_status"] == "failed"
    assert answered["call_status"] == "completed"
    assert {unanswered["outcome"]["code"], answered["outcome"]["code"]} == {"lost"}
    line.last("failed")
    other.last("completed")


def test_at_shutdown_callers_are_refused_or_hung_up(make_gateway, hooks, callers):
    gateway, line = _ready(make_gateway, hooks, shutdown_grace_s="0.5")
    line.answers(WAITING)
    waiting = _caller(gateway, callers).invite(line.uri)
    line.call()
    line.answers(TALKING)
    talking = _caller(gateway, callers).invite(line.uri)
    assert status_of(talking.final()) == 200

    os.kill(gateway.pid, signal.SIGTERM)

    assert status_of(waiting.final()) == 503
    talking.expect_request("BYE")
    line.last("failed")
    line.last("completed")


def test_a_gateway_full_of_calls_is_503_for_the_next_one(make_gateway, hooks, callers):
    gateway, line = _ready(make_gateway, hooks, max_calls="1")
    line.answers(TALKING)
    first = _caller(gateway, callers).invite(line.uri)
    assert status_of(first.final()) == 200

    refused = _caller(gateway, callers).invite(line.uri).final()

    assert status_of(refused) == 503
    assert "Maximum Calls In Progress" in refused.text
    assert refused.value("Retry-After")
    assert first.bye() == 200
    line.last("completed")
    deadline = time.monotonic() + 5
    while status_of(_caller(gateway, callers).invite(line.uri).final()) != 200:
        assert time.monotonic() < deadline


def test_without_a_free_rtp_port_a_call_is_480(make_gateway, hooks, callers):
    """Contract 10.4: crankback, with its status event."""
    gateway = make_gateway()
    first_port = int(gateway.settings["VOXGATE_RTP_PORTS"].partition("-")[0])
    gateway.settings["VOXGATE_RTP_PORTS"] = f"{first_port}-{first_port + 1}"
    gateway.start()
    line = Line(gateway, hooks, add_trunk(gateway, ADDRESS))
    line.answers(TALKING)
    assert status_of(_caller(gateway, callers).invite(line.uri).final()) == 200

    refused = _caller(gateway, callers).invite(line.uri).final()

    assert status_of(refused) == 480
    assert refused.value("X-Reason") == "crankback: media server failure"
    assert line.last("failed")["outcome"]["code"] == "no_media_port"
