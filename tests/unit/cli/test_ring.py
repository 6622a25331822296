from collections.abc import Iterator

import pytest

from interop.hooks import HookServer
from unit.cli.shell import typed


@pytest.fixture
def hooks() -> Iterator[HookServer]:
    server = HookServer()
    yield server
    server.close()


def test_somebody_calls_an_application_and_presses_a_key(tmp_path, hooks):
    gather = {"verb": "gather", "input": ["digits"], "numDigits": 1, "actionHook": "/key"}
    url = hooks.answer("/agent", [{**gather, "say": {"text": "Press one."}}])
    hooks.answer("/key", [{"verb": "say", "text": "Thank you."}, {"verb": "hangup"}])

    done = typed(
        tmp_path, "ring", "4930100", "--embedded", "--hook", url,
        "--do", "listen until silence 1.2s; press 7; listen",
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "the caller pressed 7" in done.stdout
    assert "“Thank you.”" in done.stdout
    asked = hooks.wait_for("/agent")
    assert asked.body["direction"] == "inbound"
    assert asked.body["to"] == "4930100"


def test_what_the_caller_cannot_do_is_said(tmp_path, hooks):
    url = hooks.answer("/agent", [{"verb": "hangup"}])

    done = typed(tmp_path, "ring", "--embedded", "--hook", url, "--do", "juggle")

    assert done.returncode == 2
    assert "juggle" in done.stdout


def test_a_number_without_an_application_is_refused_with_the_status(tmp_path):
    done = typed(tmp_path, "ring", "4930100", "--embedded")

    assert done.returncode == 1
    assert "did not take the call: SIP status 404" in done.stdout
