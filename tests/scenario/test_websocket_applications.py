"""Applications behind a WebSocket drive whole calls (contract section 4)."""

import itertools
from collections.abc import Iterator

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.ws_app import SILENT, WsApp

CALLEE = {"type": "phone", "number": "+15005550100", "trunk": "sandbox"}
HANGUP = {"verb": "hangup"}
LONG = {"verb": "pause", "length": 30}

_number = itertools.count()


@pytest.fixture
def app() -> Iterator[WsApp]:
    app = WsApp()
    yield app
    app.close()


def call(gateway: Gateway, hook: str, **fields: object) -> PlacedCall:
    return gateway.call({"from": "+15005550001", "to": CALLEE, "call_hook": hook, **fields})


def test_a_call_runs_from_session_new_to_its_last_status_on_one_socket_fs_420(gateway, app):
    app.answers["session:new"] = [{"verb": "pause", "length": 0.1}, HANGUP]

    placed = call(gateway, app.url(), tag={"customer": 7})

    end = placed.ended()
    talk = app.wait_talk()
    talk.wait_for("call:status", lambda f: f["data"]["call_status"] == "completed")
    assert end["outcome"]["code"] == "completed"
    (new,) = talk.of("session:new")
    assert new["data"]["call_sid"] == placed.sid
    assert new["data"]["customerData"] == {"customer": 7}
    assert "defaults" in new["data"]
    statuses = [f["data"]["call_status"] for f in talk.of("call:status")]
    assert statuses == ["trying", "ringing", "in-progress", "completed"]
    assert len(app.talks) == 1
    assert talk.headers["Sec-WebSocket-Protocol"].startswith("ws.jambonz.org")
    assert {f["call_sid"] for f in talk.frames} == {placed.sid}


def test_an_empty_ack_leaves_the_call_waiting_for_commands(gateway, app):
    placed = call(gateway, app.url())
    talk = app.wait_talk()
    talk.wait_for("session:new")

    talk.command("redirect", [{"verb": "tag", "data": {"by": "command"}}])
    talk.command("redirect", [HANGUP], queueCommand=True)

    end = placed.ended()
    assert (end["outcome"]["code"], end["tag"]) == ("completed", {"by": "command"})


def test_the_socket_closes_with_1000_when_the_call_is_over(gateway, app):
    app.answers["session:new"] = [HANGUP]

    call(gateway, app.url()).ended()

    talk = app.wait_talk()
    assert wait_closed(talk) == 1000


def wait_closed(talk) -> int | None:
    from interop.ports import wait_until

    wait_until(lambda: talk.ended, within_s=10, what="the socket closed")
    return talk.close_code
