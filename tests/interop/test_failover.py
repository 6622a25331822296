"""Which answers move a call on to the next gateway, and which never do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from interop.ports import free_port
from interop.scenario import (
    Scenario,
    Step,
    answered,
    hung_up,
    pause,
    receive,
    receive_invite,
    reply,
)
from interop.stage import Stage


def _refusing(status: int, reason: str, *before: Step) -> Scenario:
    steps = (receive_invite(), *before, reply(status, reason), receive("ACK"))
    return Scenario(f"refuse-{status}", *steps)


@contextmanager
def _silent_port() -> Iterator[int]:
    """A gateway that takes datagrams and never says anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        yield mute.getsockname()[1]


ANSWER = Scenario("answer", *answered(*hung_up()))


@pytest.mark.parametrize(
    ("status", "reason"),
    [(503, "Service Unavailable"), (500, "Server Internal Error"), (408, "Request Timeout")],
)
def test_a_trunk_fault_moves_the_call_to_the_next_gateway(
    stage: Stage, status: int, reason: str
) -> None:
    with (
        stage.phone(_refusing(status, reason)) as broken,
        stage.phone(ANSWER) as working,
    ):
        call = stage.call(broken.port, working.port)
        ended = call.ended()

    assert ended["call_status"] == "completed"
    attempts = [e["data"] for e in call.events() if e["type"] == "attempt"]
    assert {a["number"] for a in attempts if "number" in a} == {1, 2}
    assert call.statuses().count("trying") == 1


def test_a_silent_gateway_is_given_up_for_the_next_one(stage: Stage) -> None:
    with _silent_port() as silent, stage.phone(ANSWER) as working:
        ended = stage.call(silent, working.port).ended()

    assert ended["call_status"] == "completed"


def test_a_closed_port_is_given_up_for_the_next_one(stage: Stage) -> None:
    with stage.phone(ANSWER) as working:
        ended = stage.call(free_port(), working.port).ended()

    assert ended["call_status"] == "completed"


@pytest.mark.parametrize(("status", "reason"), [(486, "Busy Here"), (603, "Decline")])
def test_a_human_who_refuses_is_not_rung_again_over_another_gateway(
    stage: Stage, status: int, reason: str
) -> None:
    with stage.phone(_refusing(status, reason)) as first, _silent_port() as second:
        call = stage.call(first.port, second)
        ended = call.ended()

    assert (ended["call_status"], ended["sip_status"]) == ("busy", status)
    assert {e["data"].get("number") for e in call.events() if e["type"] == "attempt"} == {1}


@pytest.mark.parametrize("rang", [180, 183])
def test_nothing_moves_once_a_phone_rang(stage: Stage, rang: int) -> None:
    ringing = (reply(rang, "Ringing"), pause(100))
    with (
        stage.phone(_refusing(503, "Service Unavailable", *ringing)) as first,
        _silent_port() as second,
    ):
        call = stage.call(first.port, second)
        ended = call.ended()

    assert (ended["call_status"], ended["sip_status"]) == ("failed", 503)
    assert {e["data"].get("number") for e in call.events() if e["type"] == "attempt"} == {1}


def test_when_every_gateway_fails_the_call_fails_once(stage: Stage) -> None:
    with (
        stage.phone(_refusing(503, "Service Unavailable")) as first,
        stage.phone(_refusing(500, "Server Internal Error")) as second,
    ):
        call = stage.call(first.port, second.port)
        ended = call.ended()

    assert ended["call_status"] == "failed"
    assert ended["outcome"]["fault_domain"] == "trunk"
    assert stage.told_statuses(call)[-1] == "failed"
    assert [e["type"] for e in call.events()].count("ended") == 1
