"""Commands of an application, without a call around them."""

import asyncio
from types import SimpleNamespace
from typing import Any

from unit.call.fakes import ListLog
from unit.flow.fakes import alerts, live_call
from unit.verbs.fakes import FakeCall
from voxgate.base.errors import VoxgateError
from voxgate.flow.background import Background
from voxgate.flow.inbox import WAITING_MOST, CommandInbox
from voxgate.hooks.frames import Command
from voxgate.model.hooks import Hook
from voxgate.provisioning.errors import FieldError, Invalid
from voxgate.testing.virtual_time import run_virtual

BASE = Hook("wss://app.example/vg", username="me", password="pass")


class Stage:
    """A session as far as commands need one; `errors` is what the application is told."""

    def __init__(self, refusal: VoxgateError | None = None) -> None:
        self.log = ListLog()
        self.call = live_call(self.log)
        self.background = Background(self.call)
        self.context = FakeCall()
        self.runner = None
        self.errors: list[tuple[str, str]] = []
        self.placed: list[tuple[str, Any]] = []
        self.refusal = refusal
        self.application = SimpleNamespace(base=BASE, report_error=self._report)
        self.ports = SimpleNamespace(
            settings=SimpleNamespace(strict_verbs=False),
            place=self._place,
            session_of=lambda _sid: None,
        )

    def _report(self, msg: str, details: str, **_about: object) -> None:
        self.errors.append((msg, details))

    async def _place(self, account_sid: str, document: object) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.placed.append((account_sid, document))
        return "new"


def served(*commands: Command, stage: Stage | None = None) -> Stage:
    async def scenario() -> Stage:
        session = stage or Stage()
        inbox = CommandInbox(session)  # type: ignore[arg-type]
        for command in commands:
            inbox.put(command)
        await asyncio.sleep(1)
        await session.background.close()
        return session

    return run_virtual(scenario())


def test_commands_are_carried_out_in_their_order():
    session = served(
        Command("tag", {"n": 1}),
        Command("config", {"notifyEvents": True}),
        Command("tag", {"n": 2}),
    )

    assert session.call.record.tag == {"n": 2}
    assert session.context.settings.notify_events
    assert session.errors == []


def test_a_command_that_is_nothing_is_an_alert_and_an_error_and_the_next_is_carried_out():
    session = served(Command("sing", {}), Command("config", []), Command("tag", {"n": 1}))

    assert [msg for msg, _details in session.errors] == ["InvalidMessage", "InvalidMessage"]
    assert "sing" in alerts(session.log)[0]
    assert session.call.record.tag == {"n": 1}


def test_what_the_call_cannot_do_now_is_told():
    session = served(Command("redirect", [{"verb": "hangup"}]))

    assert session.errors == [("error updating call", "redirect: no application runs on the call")]


def test_another_call_s_sid_is_refused_gotcha_45():
    session = served(Command("tag", {"n": 1}, call_sid="somebody else's"))

    assert session.errors == [("error updating call", "tag: there is no call somebody else's")]
    assert session.call.record.tag == {}


def test_a_dialled_call_s_hooks_lie_on_this_application():
    session = served(
        Command(
            "dial",
            {
                "to": {},
                "call_hook": "/next",
                "call_status_hook": {"url": "/status", "method": "GET"},
                "notifyUrl": "https://crm.example/",
            },
        )
    )

    ((account, document),) = session.placed
    assert account == "account"
    login = {"username": "me", "password": "pass"}
    assert document["call_hook"] == {"url": "wss://app.example/next", **login}
    assert document["call_status_hook"] == {
        "url": "wss://app.example/status",
        **login,
        "method": "GET",
    }
    assert document["notifyUrl"] == "https://crm.example/"


def test_two_dials_at_once_are_two_calls():
    session = served(Command("dial", {"to": 1}), Command("dial", {"to": 2}))

    assert [document["to"] for _account, document in session.placed] == [1, 2]


def test_a_dial_that_is_refused_says_which_field():
    refusal = Invalid.fields(FieldError("to.number", "is required"))

    session = served(Command("dial", {"to": {}}), stage=Stage(refusal))

    assert session.errors == [("dial", "to.number: is required")]


def test_a_flood_of_commands_is_refused_beyond_a_bound():
    session = served(*[Command("tag", {"n": n}) for n in range(WAITING_MOST + 5)])

    assert [details for _msg, details in session.errors] == ["tag: too many commands wait"] * 5
