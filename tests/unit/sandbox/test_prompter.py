import asyncio

from voxgate.sandbox.performance import Sign
from voxgate.sandbox.prompter import Prompter
from voxgate.sandbox.script import Script
from voxgate.sandbox.steps import Step
from voxgate.testing.virtual_time import run_virtual


class LoopClock:
    """The virtual loop's own time."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return self.monotonic()


class Actor:
    def __init__(self, script: str) -> None:
        self.seen: list[str] = []
        self.prompter = Prompter(Script.parse(script), LoopClock(), self._perform)

    def _perform(self, step: Step) -> None:
        self.seen.append(f"{asyncio.get_running_loop().time():g}: {step}")


def test_steps_come_when_their_time_has_come():
    async def story() -> list[str]:
        actor = Actor("ring 3s; answer; listen 2s; hang up")
        actor.prompter.begin()
        await asyncio.sleep(60)
        return actor.seen

    assert run_virtual(story()) == ["0: ring 3s", "3: answer", "3: listen 2s", "5: hang up"]


def test_a_sign_moves_the_next_step_forward():
    async def story() -> list[str]:
        actor = Actor("answer; listen until speech max 30s; press 5")
        actor.prompter.begin()
        await asyncio.sleep(1)
        actor.prompter.hear(Sign.SPEECH_BEGAN)
        await asyncio.sleep(60)
        return actor.seen

    assert run_virtual(story())[-1] == "1: press 5"


def test_nothing_comes_after_stop_not_even_from_a_sign():
    async def story() -> list[str]:
        actor = Actor("ring 3s; answer")
        actor.prompter.begin()
        await asyncio.sleep(1)
        actor.prompter.stop()
        actor.prompter.hear(Sign.AUTHORIZED)
        await asyncio.sleep(60)
        return actor.seen

    assert run_virtual(story()) == ["0: ring 3s"]


def test_a_step_that_ends_everything_ends_the_steps_behind_it():
    async def story() -> list[str]:
        actor = Actor("answer; listen 1s; hang up")

        def perform_and_stop(step: Step) -> None:
            actor.seen.append(str(step))
            actor.prompter.stop()

        actor.prompter = Prompter(Script.parse("answer; press 1"), LoopClock(), perform_and_stop)
        actor.prompter.begin()
        return actor.seen

    assert run_virtual(story()) == ["answer"]
