import asyncio
from typing import Any

import pytest

from unit.call.fakes import answered, progress, rejected
from unit.flow.dial_stage import DialStage, target
from voxgate.call import outcome
from voxgate.call.leg import MediaSession
from voxgate.flow.dial import RunningDial
from voxgate.flow.session import Ending
from voxgate.model.calls import EventType
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.dialling import Beside, Capture, DialOrder
from voxgate.verbs.contract import Document, NotNow

TALK = [(1, progress(180)), (1, answered())]


class Dialog:
    def bye(self, _headers: Any = ()) -> None:
        """Nobody is there to hear it."""


def dialling(stage: DialStage, **order: Any) -> RunningDial:
    """A dial of one target; the call that dials has media."""
    media = MediaSession(stage.ports.open_stream(None), session_id=1, rtp_timeout_s=60)
    stage.session.connect(Dialog(), media)
    wanted = DialOrder((target("a"),), **order)
    return RunningDial(
        stage.session, wanted, on_joined=lambda _dial, _far: None, pick_up=lambda _replaces: None
    )


async def talking(stage: DialStage, **order: Any) -> tuple[RunningDial, "asyncio.Task[Any]"]:
    dial = dialling(stage, **order)
    task = asyncio.ensure_future(dial.run())
    await asyncio.sleep(3)
    return dial, task


def outcomes(stage: DialStage) -> list[str]:
    return [e.data["outcome"]["code"] for e in stage.log.events if e.type is EventType.ENDED]


def test_a_callee_who_hangs_up_completes_the_dial():
    async def story() -> None:
        stage = DialStage(TALK)
        _, task = await talking(stage)
        (child,) = stage.children
        child.session.end(Ending(outcome.COMPLETED))

        result = await task

        assert (result.status, result.sip_status) == ("completed", 200)
        assert result.call_sid == child.call.sid
        assert stage.rooms[0].is_closed
        await stage.over()

    run_virtual(story())


def test_a_dial_that_is_broken_off_lets_everybody_go():
    async def story() -> None:
        stage = DialStage(TALK)
        _, task = await talking(stage)
        stage.session.end(Ending(outcome.COMPLETED))
        task.cancel()
        await stage.over()

        assert outcomes(stage) == ["parent_ended"]
        assert stage.far.dialogs[0].done[-1][0] == "bye"

    run_virtual(story())


def test_a_refusal_ends_it_without_a_room():
    async def story() -> None:
        stage = DialStage([(1, rejected(486))])
        _, task = await talking(stage)

        assert (await task).status == "busy"
        assert stage.rooms == []

    run_virtual(story())


def test_nobody_can_be_muted_or_set_free_before_the_answer():
    async def story() -> None:
        stage = DialStage([(1, progress(180))], on_cancel=rejected(487))
        dial, task = await talking(stage)

        assert dial.other(stage.session) is None
        with pytest.raises(NotNow):
            dial.talk.mute(stage.session, muted=True)
        with pytest.raises(NotNow):
            dial.give_up()
        task.cancel()
        await stage.over()

    run_virtual(story())


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"anchor_media": True}, "anchorMedia"),
        ({"capture": Capture(("*1",), (), Hook("/k"))}, "dtmfCapture"),
        ({"beside": Beside(boost_db=3.0)}, "a nested verb"),
    ],
)
def test_what_needs_the_audio_keeps_it_here(order, why):
    async def story() -> None:
        stage = DialStage(TALK)
        dial, task = await talking(stage, **order)

        with pytest.raises(NotNow, match=why):
            await dial.talk.media_path("no-media")

        task.cancel()
        await stage.over()

    run_virtual(story())


def test_a_far_leg_that_is_set_free_outlives_the_dial():
    async def story() -> None:
        stage = DialStage(TALK)
        dial, task = await talking(stage)

        child = dial.give_up()

        assert await task is None, "nobody is told"
        assert not dial.includes(child.session)
        assert not child.call.ended
        child.release(Ending(outcome.COMPLETED))
        await stage.over()

    run_virtual(story())


def test_a_transfer_that_comes_to_nothing_leaves_the_dial_as_it_was():
    async def story() -> None:
        stage = DialStage(TALK)
        dial, task = await talking(stage)
        (child,) = stage.children

        dial.begin_transfer()
        dial.end_transfer()
        await asyncio.sleep(5)
        assert not task.done()
        child.session.end(Ending(outcome.COMPLETED))

        assert (await task).status == "completed"
        await stage.over()

    run_virtual(story())


def test_a_caller_who_hands_his_callee_on_leaves_it_to_its_new_application():
    async def story() -> None:
        stage = DialStage(TALK)
        dial, task = await talking(stage)
        (child,) = stage.children

        dial.begin_transfer()
        dial.hand_over(stage.session, Document(()))
        dial.end_transfer()

        assert await task is None
        await stage.over()
        assert outcomes(stage) == ["app_finished"]
        assert child.call.ended

    run_virtual(story())
