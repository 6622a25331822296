import asyncio

import pytest

from unit.flow.fakes import alerts
from unit.flow.room_stage import Aside, Stage, settle, verbs
from voxgate.flow.prompts import (
    before,
    entertain,
    entertain_until,
    first_of,
    perform,
    perform_once,
    tell_after_end,
)
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.rooms import Told

HOOK = Hook("/wait")
LONG = {"verb": "pause", "length": 3}
SHORT = {"verb": "pause", "length": 0.1}


def test_what_is_not_allowed_is_an_alert_and_the_rest_is_heard():
    async def story():
        session, aside = Stage().call(), Aside()

        await perform(session, aside, verbs({"verb": "hangup"}, {"verb": "leave"}, SHORT))

        assert [what for what, _ in aside.log] == ["pause"]
        assert alerts(session.log) == [
            "hangup is not allowed while waiting",
            "leave is not allowed while waiting",
        ]
        await perform(session, aside, verbs({"verb": "leave"}), {"leave"})
        assert aside.left == 1

    run_virtual(story())


def test_a_hook_is_asked_again_after_what_it_said_was_heard():
    async def story():
        session, aside = Stage().call(), Aside()
        session.application.answers["/wait"] = verbs(LONG)
        rounds = iter(range(10))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(7):
                await entertain(session, aside, HOOK, lambda: {"round": next(rounds)})

        assert aside.log == [("pause", 0.0), ("pause", 3.0), ("pause", 6.0)]
        assert [facts["round"] for _, facts, _ in session.application.asked] == [0, 1, 2]

    run_virtual(story())


@pytest.mark.parametrize("answer", [None, SHORT])
def test_a_hook_that_has_little_to_say_is_not_asked_in_a_frenzy(answer):
    async def story():
        session, aside = Stage().call(), Aside()
        if answer is not None:
            session.application.answers["/wait"] = verbs(answer)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await entertain(session, aside, HOOK, dict)

        # After 1, 2, 4, 8 and then every 15 seconds.
        assert len(session.application.asked) in {7, 8}

    run_virtual(story())


def test_the_show_stops_when_the_waiting_is_over():
    async def story():
        session, aside = Stage().call(), Aside()
        session.application.answers["/wait"] = verbs(LONG)

        await entertain_until(asyncio.sleep(4), session, aside, HOOK)

        assert asyncio.get_running_loop().time() == 4
        await entertain_until(asyncio.sleep(1), session, aside, None)
        assert len(session.application.asked) == 2

    run_virtual(story())


def test_a_welcome_is_heard_once_or_broken_off():
    async def story():
        session, aside = Stage().call(), Aside()
        session.application.answers["/wait"] = verbs(LONG)
        gone = asyncio.get_running_loop().create_future()
        await before(gone, perform_once(session, aside, HOOK))
        assert asyncio.get_running_loop().time() == 3

        asyncio.get_running_loop().call_later(1, gone.set_result, "kicked")
        await before(gone, perform_once(session, aside, HOOK))

        assert asyncio.get_running_loop().time() == 4

    run_virtual(story())


def test_the_first_of_two_ends_the_waiting_and_leaves_the_other():
    async def story():
        future = asyncio.get_running_loop().create_future()
        await first_of(asyncio.sleep(1), future)
        assert not future.done()
        future.set_result(None)
        await first_of(asyncio.Event().wait(), future)

        assert asyncio.get_running_loop().time() == 1

    run_virtual(story())


def test_an_action_hook_is_told_of_the_end_only_when_the_call_ended():
    async def story():
        session = Stage().call()
        told = Told(Hook("/done"), "v")
        tell_after_end(session, told, {"queue_result": "hangup"})
        tell_after_end(session, None, {})
        await settle()
        assert session.application.asked == []

        session.ending.set_result(None)
        tell_after_end(session, told, {"queue_result": "hangup"})
        tell_after_end(session, None, {})
        await settle()

        assert session.application.asked == [("/done", {"queue_result": "hangup"}, "v")]

    run_virtual(story())
