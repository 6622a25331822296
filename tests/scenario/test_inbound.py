"""Calls that come in over a trunk, from INVITE to terminal event (contract 3.5, 3.6, 10.4, 11)."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.ports import wait_until
from interop.raw_caller import RawCaller, status_of

NUMBER = "4930111222"


@pytest.fixture(scope="module")
def trunk(gateway: Gateway) -> Iterator[str]:
    """A trunk that calls from 127.0.0.2."""
    sid = gateway.add_carrier("incoming")
    gateway.add_gateway(sid, 5060, ipv4="127.0.0.2", inbound=1, outbound=0)
    yield sid


@pytest.fixture
def caller(gateway: Gateway) -> Iterator[RawCaller]:
    with RawCaller(gateway.sip_port, "127.0.0.2") as raw:
        yield raw


class Line:
    """A number with an application of its own, whose document the test chooses."""

    def __init__(self, gateway: Gateway, hooks: HookServer, trunk: str) -> None:
        self.gateway = gateway
        self.hooks = hooks
        name = uuid.uuid4().hex[:12]
        self.path, self.statuses_path = f"/{name}", f"/{name}-status"
        self.application_sid = gateway.add_application(
            name,
            call_hook={"url": hooks.url(self.path)},
            call_status_hook={"url": hooks.url(self.statuses_path)},
        )
        self.number = str(uuid.uuid4().int)[:12]
        gateway.api(
            "POST",
            "/PhoneNumbers",
            {
                "number": self.number,
                "voip_carrier_sid": trunk,
                "account_sid": gateway.account_sid,
                "application_sid": self.application_sid,
            },
        )
        self.uri = f"sip:+{self.number}@127.0.0.1"

    def answers(self, verbs: Any, status: int = 200) -> None:
        self.hooks.answer(self.path, verbs, status)

    def statuses(self, last: str) -> list[str]:
        """What the status hook was told, once it was told `last`."""
        self.hooks.wait_for(self.statuses_path, lambda r: r.body["call_status"] == last)
        return [request.body["call_status"] for request in self.hooks.requests(self.statuses_path)]

    def last(self, status: str) -> dict[str, Any]:
        found = self.hooks.wait_for(
            self.statuses_path, lambda request: request.body["call_status"] == status
        )
        return dict(found.body)

    def call(self) -> PlacedCall:
        asked = self.hooks.wait_for(self.path)
        return PlacedCall(self.gateway, asked.body["call_sid"], asked.body["call_id"])


@pytest.fixture
def line(gateway: Gateway, hooks: HookServer, trunk: str) -> Line:
    return Line(gateway, hooks, trunk)


def test_an_inbound_call_is_answered_spoken_to_and_hung_up(line, caller):
    line.answers([{"verb": "say", "text": "Good morning."}, {"verb": "hangup"}])

    call = caller.invite(line.uri)
    answer = call.final()

    assert status_of(answer) == 200
    assert answer.value("X-Application-Sid") == line.application_sid
    assert caller.hears_audio()
    call.expect_request("BYE")
    assert line.statuses("completed") == ["trying", "in-progress", "completed"]
    end = line.last("completed")
    assert end["call_sid"] == answer.value("X-Call-Sid")
    assert end["call_termination_by"] == "jambonz"
    assert end["direction"] == "inbound"
    assert end["originating_sip_ip"] == "127.0.0.2"
    assert end["originating_sip_trunk_name"] == "incoming"
