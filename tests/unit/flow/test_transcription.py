"""Who of a bridge is transcribed, and who is told."""

import asyncio

import pytest

from unit.flow.ear_stage import StageSession
from voxgate.flow.transcription import transcribe_beside
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import TranscriptOrder
from voxgate.verbs.contract import Document
from voxgate.verbs.pause import Pause


def ear(*utterances: str) -> Ear:
    return Ear("scripted", options={"scriptedOptions": {"utterances": list(utterances)}})


def order(channel: int | None = None, *, answer_counts: bool = False) -> TranscriptOrder:
    return TranscriptOrder(Hook("/t"), ear("one", "two"), channel, answer_counts=answer_counts)


def bridged(wanted: TranscriptOrder) -> tuple[StageSession, StageSession]:
    """Parent and child, after both have spoken, the child first."""

    async def scenario() -> tuple[StageSession, StageSession]:
        parent, child = StageSession(), StageSession()
        parent.application.answer = Document((Pause(length=1),))
        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(transcribe_beside(leg, wanted, parent))  # type: ignore[arg-type]
                for leg in (parent, child)
            ]
            await asyncio.sleep(1)
            await child.speak()
            await parent.speak()
            await asyncio.sleep(1)
            for task in work:
                task.cancel()
        return parent, child

    return run_virtual(scenario())


@pytest.mark.parametrize(("channel", "told"), [(None, [2, 1]), (1, [1]), (2, [2])])
def test_both_legs_are_transcribed_with_their_channel_unless_one_is_named(channel, told):
    """FS#666, FS#396: the called leg was not transcribed by default."""
    parent, child = bridged(order(channel))

    assert [result["speech"]["channel_tag"] for _, _, result in parent.application.asked] == told
    assert child.application.asked == []


def test_nested_in_a_dial_the_hooks_answer_changes_nothing():
    parent, _ = bridged(order())

    assert parent.replaced == []


def test_standing_alone_its_answer_replaces_the_application():
    parent, _ = bridged(order(1, answer_counts=True))

    assert len(parent.replaced) == 1


def test_after_the_end_nothing_listens_any_more():
    parent, child = bridged(order())

    assert (parent.listeners, child.listeners) == (0, 0)
    assert not any(tap.is_open for tap in parent.leg.taps + child.leg.taps)
