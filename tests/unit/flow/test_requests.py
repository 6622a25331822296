import asyncio
from typing import Any

import pytest

from unit.flow.room_stage import Stage
from voxgate.flow.requests import FarEndRequests
from voxgate.model.hooks import Hook
from voxgate.sip.dialog.events import InfoReceived, MessageReceived, ReferReceived
from voxgate.sip.message import Headers


class Settings:
    refer_hook: Hook | None = None
    sip_request_hook: Hook | None = None


def asked(event: Any, **settings: Hook) -> tuple[Any, list[int]]:
    """The session after the event, and the statuses that were answered."""

    async def story() -> tuple[Any, list[int]]:
        session, answers = Stage().call(), []
        session.settings = Settings()
        for name, hook in settings.items():
            setattr(session.settings, name, hook)
        listeners: list[Any] = []
        session.listen_to_dialog = listeners.append
        session.leg = None
        session.replaced = []
        session.replace = session.replaced.append
        session.report = session.application.action

        async def report(hook: Hook, result: Any) -> None:
            await session.application.action(hook, result, None)

        session.report = report
        FarEndRequests(session, lambda: None)
        for listener in listeners:
            listener(event(answers))
        await asyncio.sleep(0.01)
        await session.background.close()
        return session, answers

    return asyncio.run(story())


def refer(answers: list[int]) -> ReferReceived:
    return ReferReceived("<sip:b@x>", Headers(), lambda status, *_a: answers.append(status))


def test_a_refer_without_a_hook_is_501():
    session, answers = asked(refer)

    assert answers == [501]
    assert session.application.asked == []


def test_a_refer_is_accepted_before_the_application_is_asked():
    """Gotcha 92."""
    session, answers = asked(refer, refer_hook=Hook("/refer"))

    assert answers == [202]
    ((url, told, _),) = session.application.asked
    assert (url, told["refer_details"]["refer_to_user"]) == ("/refer", "b")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("application/dtmf-relay", []),
        ("application/dtmf; x=y", []),
        ("text/plain", ["INFO"]),
        (None, ["INFO"]),
    ],
)
def test_info_of_keys_is_not_the_applications(kind, told):
    """Gotcha 91."""
    session, _ = asked(
        lambda _a: InfoReceived(kind, b"x", Headers()), sip_request_hook=Hook("/inside")
    )

    assert [result["sip_method"] for _, result, _ in session.application.asked] == told


def test_a_message_is_told_with_its_headers():
    session, _ = asked(
        lambda _a: MessageReceived("text/plain", b"\xffhi", Headers([("X-A", "b")])),
        sip_request_hook=Hook("/inside"),
    )

    ((_, told, _),) = session.application.asked
    assert (told["sip_method"], told["sip_body"], told["sip_headers"]) == (
        "MESSAGE", "\ufffdhi", {"X-A": "b"},
    )  # fmt: skip


def test_without_a_hook_nothing_is_told():
    session, _ = asked(lambda _a: MessageReceived("text/plain", b"hi", Headers()))

    assert session.application.asked == []
