import asyncio
from typing import Any

import pytest

from unit.flow.room_stage import Stage
from voxgate.flow.dialling import CallDialling
from voxgate.model.hooks import Hook
from voxgate.sip.dialog.events import Outcome
from voxgate.sip.message import Headers
from voxgate.verbs.contract import NotNow


class Dialog:
    def __init__(self, status: int) -> None:
        self.status = status
        self.sent: list[tuple[str, Any, bytes, str]] = []

    def request(self, method: str, *, headers, body, content_type, listener) -> None:
        self.sent.append((method, headers, body, content_type))
        listener(Outcome(self.status, "Fine", Headers()))


def with_dialling(story: Any, *, answered: bool = True, status: int = 200) -> Any:
    async def run() -> Any:
        session = Stage().call()
        session.listen_to_dialog = lambda _listener: lambda: None
        session.leg.dialog = Dialog(status)
        if answered:
            session.call.answer("sbc", {})
        return await story(CallDialling(session), session)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "asked",
    [
        lambda d: d.mute(muted=True),
        lambda d: d.redirect_child(Hook("/x")),
        lambda d: d.check_joined(),
    ],
)
def test_what_needs_a_dial_is_refused_without_one(asked):
    async def story(dialling, _session):
        with pytest.raises(NotNow):
            asked(dialling)

    with_dialling(story)


def test_the_media_path_needs_a_dial():
    async def story(dialling, _session):
        with pytest.raises(NotNow):
            await dialling.media_path("no-media")

    with_dialling(story)


def test_a_request_is_sent_and_its_answer_returned():
    async def story(dialling, session):
        answer = await dialling.request("INFO", {"X-A": "b"}, "text", None)
        assert session.leg.dialog.sent == [("INFO", (("X-A", "b"),), b"text", "text/plain")]
        assert (answer.status, answer.failure) == (486, None)

    with_dialling(story, status=486)


@pytest.mark.parametrize("method", ["BYE", "INVITE", "CANCEL", "UPDATE", "REFER"])
def test_what_changes_the_call_is_the_gateways_own_to_send(method):
    async def story(dialling, session):
        with pytest.raises(NotNow):
            await dialling.request(method, {}, None, None)
        assert session.leg.dialog.sent == []

    with_dialling(story)


def test_a_call_that_was_not_answered_is_asked_nothing():
    async def story(dialling, _session):
        with pytest.raises(NotNow, match="not answered"):
            await dialling.request("INFO", {}, None, None)

    with_dialling(story, answered=False)
