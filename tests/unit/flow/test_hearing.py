import asyncio

import pytest

from unit.flow.ear_stage import StageSession
from voxgate.flow.hearing import Hearing
from voxgate.model.speech import Ear
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import EarEvent
from voxgate.verbs.contract import NotNow


def test_without_media_nobody_can_be_heard():
    async def scenario() -> None:
        session = StageSession()
        session.leg = None  # type: ignore[assignment]
        hearing = Hearing(session)  # type: ignore[arg-type]
        async with hearing.open(Ear("scripted"), lambda _event: None):
            """Nothing is opened."""

    with pytest.raises(NotNow, match="no media"):
        run_virtual(scenario())


def test_what_is_heard_while_nobody_listens_is_told_to_nobody():
    async def scenario() -> list[EarEvent]:
        session = StageSession()
        events: list[EarEvent] = []
        hearing = Hearing(session)  # type: ignore[arg-type]
        options = {"scriptedOptions": {"utterances": ["yes"]}}
        async with hearing.open(Ear("scripted", options=options), events.append):
            await asyncio.sleep(0.1)
        await session.speak()
        await hearing.close()
        return events

    assert run_virtual(scenario()) == []
