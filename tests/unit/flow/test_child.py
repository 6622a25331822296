import asyncio
from typing import Any

import pytest

from unit.call.fakes import answered, progress, rejected
from unit.flow.dial_stage import DialStage, target
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.dial import Connected, NotConnected
from voxgate.flow.child import ChildCall, dialled_status
from voxgate.flow.ringing import child_record, child_request
from voxgate.flow.session import Ending
from voxgate.hooks.failures import HookFailed
from voxgate.model.calls import CallStatus, EventType
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.dialling import DialOrder

TALK = [(1, progress(180)), (1, answered())]


async def child_of(stage: DialStage, confirm: Hook | None = None) -> ChildCall:
    request = child_request(stage.session, DialOrder(()), target("a"))
    record = child_record(stage.session.call.record, request, now=0.0)
    child = ChildCall(
        LiveCall(record, stage.log, stage.ports.clock),
        await stage.route(record, request),
        stage.ports,
        confirm_hook=confirm,
        on_progress=lambda _child, _event: None,
    )
    stage.adopt(child)
    return child


def ended(stage: DialStage) -> list[str]:
    return [e.data["call_status"] for e in stage.log.events if e.type is EventType.ENDED]


@pytest.mark.parametrize(
    ("status", "reported"),
    [(486, "busy"), (600, "busy"), (487, "no-answer"), (603, "failed"), (404, "failed")],
)
def test_statuses_of_a_dialled_call_are_the_contracts(status, reported):
    """Contract 5.2; gotcha 66."""
    result = NotConnected(CallStatus.FAILED, outcome.own(outcome.INTERNAL, status, ""))

    assert dialled_status(result).value == reported


def test_an_answer_is_told_and_the_call_stands_until_it_is_released():
    async def story() -> None:
        stage = DialStage(TALK)
        child = await child_of(stage)
        assert isinstance(await child.fate, Connected)
        await asyncio.sleep(60)
        assert not child.call.ended

        child.release(Ending(outcome.TIME_LIMIT))
        await stage.over()

        assert ended(stage) == ["completed"]
        assert stage.far.dialogs[0].done[-1][0] == "bye"

    run_virtual(story())


def test_a_refusal_is_its_fate_and_its_one_end():
    async def story() -> None:
        stage = DialStage([(1, rejected(600))])
        child = await child_of(stage)
        await stage.over()

        assert child.fate.result().status is CallStatus.BUSY
        assert ended(stage) == ["busy"]

    run_virtual(story())


def test_a_call_released_while_it_rings_is_cancelled():
    async def story() -> None:
        stage = DialStage([(1, progress(180))], on_cancel=rejected(487))
        child = await child_of(stage)
        await asyncio.sleep(2)

        child.release(Ending(outcome.PARENT_ENDED))
        await stage.over()

        assert ended(stage) == ["no-answer"]
        assert child.call.record.outcome["code"] == "parent_ended"

    run_virtual(story())


@pytest.mark.parametrize(
    ("answer", "joined"),
    [
        (None, True),
        ([{"verb": "pause", "length": 1}], True),
        ([{"verb": "hangup"}], False),
        (HookFailed("status", "https://app.example/confirm", "500"), False),
    ],
)
def test_whoever_is_asked_first_is_joined_only_if_it_stays(answer, joined):
    async def story() -> Any:
        stage = DialStage(TALK, app=[answer])
        child = await child_of(stage, Hook("/confirm"))
        fate = await child.fate
        child.release(Ending(outcome.COMPLETED))
        await stage.over()
        return fate

    assert isinstance(run_virtual(story()), Connected) is joined


def test_a_broken_off_run_ends_the_call_once():
    async def story() -> None:
        stage = DialStage(TALK)
        child = await child_of(stage)
        await child.fate
        (task,) = stage.tasks
        task.cancel()
        await stage.over()

        assert ended(stage) == ["completed"]
        assert child.call.record.outcome["code"] == "shutdown"

    run_virtual(story())
