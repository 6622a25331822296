"""The example agents as people run them, with a scripted caller, callees and a call centre."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from interop.gateway import ADMIN_TOKEN, Gateway, PlacedCall, running_gateway
from interop.ports import wait_until
from voxgate.testing.sandbox import RunningSandbox, running_sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
FAR = "far end"
HEAR_OUT = "listen until silence 1.2s; press 1; listen"
PRESS_ONE = "listen until speech; wait 0.5s; press 1; listen"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox) -> Iterator[Gateway]:
    """A gateway with one trunk, both ways: the sandbox."""
    with running_gateway(tmp_path_factory.mktemp("clinic")) as gateway:
        trunk = gateway.add_carrier(FAR)
        gateway.add_gateway(trunk, sandbox.sip.port, inbound=1)
        yield gateway


@contextmanager
def agent(name: str, *options: str) -> Iterator[str]:
    """An example as a program of its own; its address."""
    command = [sys.executable, str(EXAMPLES / name / "app.py"), "--port", "0", *options]
    environment = {**os.environ, "TOKEN": ADMIN_TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process.stdout.readline().decode().split()[-1]
        finally:
            process.terminate()


def answers(gateway: Gateway, number: str, call_hook: str) -> str:
    """Calls to `number` go to an application of that hook; the address to call it at."""
    application = gateway.add_application(number, call_hook={"url": call_hook})
    carrier = next(one for one in gateway.api("GET", "/VoipCarriers") if one["name"] == FAR)
    body = {
        "number": number,
        "voip_carrier_sid": carrier["voip_carrier_sid"],
        "account_sid": gateway.account_sid,
        "application_sid": application,
    }
    gateway.api("POST", "/PhoneNumbers", body)
    return f"sip:{number}@127.0.0.1:{gateway.sip_port}"


def test_a_caller_is_transferred_to_the_call_centre_and_talks_to_it(clinic, sandbox):
    said = "Service desk, how can I help you?"
    with (
        sandbox.callee(f'ring 1s; answer; wait 0.3s; say "{said}"; wait 1s; hang up') as desk,
        agent("reception_agent", "--call-centre", desk.number, "--trunk", FAR) as url,
    ):
        caller = sandbox.ring(answers(clinic, "4930100", f"{url}/call"), HEAR_OUT)

        heard = caller.wait()
        assert heard.heard("press one to talk to somebody")
        assert heard.heard("i am transferring you")
        assert heard.heard("how can i help you")
        assert heard.ended_by == "callee"
        assert desk.wait().header("X-Reason") == "support"


def test_a_caller_whom_nobody_at_the_call_centre_takes_is_back_with_the_agent(clinic, sandbox):
    desks = {
        'reject 486 "Busy Here"': "everybody is talking",
        "ring": "nobody is answering",
        'reject 503 "Out of order"': "could not reach anybody",
    }
    with ExitStack() as stack:
        callers = {}
        for number, (desk, said) in enumerate(desks.items(), start=4930101):
            centre = stack.enter_context(sandbox.callee(desk)).number
            options = ["--call-centre", centre, "--trunk", FAR, "--ring-s", "2"]
            url = stack.enter_context(agent("reception_agent", *options))
            uri = answers(clinic, str(number), f"{url}/call")
            callers[said] = sandbox.ring(uri, PRESS_ONE)

        for said, caller in callers.items():
            heard = caller.wait()
            assert heard.heard(said)
            assert heard.heard("we will call you back as soon as we can")


def follow_up(gateway: Gateway, number: str) -> PlacedCall:
    """The call that the agent placed."""

    def placed() -> PlacedCall | None:
        calls = gateway.api("GET", f"/Accounts/{gateway.account_sid}/Calls")
        found = [one for one in calls if (one["direction"], one["to"]) == ("outbound", number)]
        return PlacedCall(gateway, found[0]["call_sid"], "") if found else None

    return wait_until(placed, within_s=10, what="a call back")


def test_who_asked_for_it_is_called_back_and_a_voicemail_gets_a_message(clinic, sandbox):
    options = ["--api", f"http://127.0.0.1:{clinic.http_port}/v1", "--trunk", FAR]
    with (
        sandbox.callee(f'ring 1s; answer; wait 0.3s; say "Hello?"; {HEAR_OUT}') as person,
        sandbox.callee("voicemail") as machine,
        agent("followup_agent", "--account", clinic.account_sid, *options) as url,
    ):
        number = answers(clinic, "4930200", url)
        callers = [sandbox.ring(number, PRESS_ONE, from_=one.number) for one in (person, machine)]
        assert all(caller.wait().heard("we will call you back") for caller in callers)

        back = person.wait()
        assert back.heard("press one if your appointment stands")
        assert back.heard("see you soon")
        assert machine.heard("call us back")
        calls = [follow_up(clinic, one.number) for one in (person, machine)]
        assert [call.ended()["outcome"]["code"] for call in calls] == ["completed"] * 2
        verdicts = [
            [e["data"]["type"] for e in call.events() if e["type"] == "amd"] for call in calls
        ]
        assert "amd_human_detected" in verdicts[0]
        assert "amd_machine_detected" in verdicts[1]
