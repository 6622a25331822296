import asyncio
from typing import Any

import pytest

from unit.call.fakes import ListLog
from unit.flow.fakes import live_call, of_type
from voxgate.flow.line import AnsweredLine
from voxgate.flow.runner import Notes, Runner
from voxgate.model.calls import EventType
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.contract import ENDED, NEXT, Document, Outcome, Replace, Verb, VerbContext


class Step(Verb):
    """A verb that takes `seconds`, then does what its test wants."""

    verb: str = "step"
    seconds: float = 1.0
    then: Any = NEXT

    async def run(self, ctx: VerbContext) -> Outcome:
        await asyncio.sleep(self.seconds)
        return self.then


def document(*verbs: Verb) -> Document:
    return Document(verbs)


class Stage:
    """A runner on the virtual clock; `phases` is what its timeline shows."""

    def __init__(self) -> None:
        self.log = ListLog()
        self.notes = Notes()
        self.runner = Runner(live_call(self.log), None, self.notes, AnsweredLine())

    async def run(self, first: Document) -> list[tuple[str, str]]:
        async def fetch() -> Document:
            return first

        await self.runner.run(fetch)
        return [(d.get("id", d["verb"]), d["phase"]) for d in of_type(self.log, EventType.VERB)]


def phases(first: Document) -> list[tuple[str, str]]:
    return run_virtual(_alone(first))


async def _alone(first: Document) -> list[tuple[str, str]]:
    return await Stage().run(first)


def test_verbs_run_in_order_each_with_its_start_and_end_on_the_timeline():
    assert phases(document(Step(id="a"), Step(id="b"))) == [
        ("a", "started"),
        ("a", "finished"),
        ("b", "started"),
        ("b", "finished"),
    ]


def test_a_verb_that_ends_the_call_is_the_last():
    assert phases(document(Step(id="a", then=ENDED), Step(id="b"))) == [
        ("a", "started"),
        ("a", "finished"),
    ]


def test_a_new_document_drops_the_rest_of_the_old_one():
    new = Replace(document(Step(id="new")))

    done = phases(document(Step(id="a", then=new), Step(id="dropped")))

    assert [name for name, phase in done if phase == "started"] == ["a", "new"]


def test_a_replacement_from_outside_stops_the_running_verb_at_once():
    async def scenario() -> tuple[list[tuple[str, str]], float]:
        stage = Stage()
        loop = asyncio.get_running_loop()
        loop.call_later(2, stage.runner.replace, document(Step(id="new")))
        done = await stage.run(document(Step(id="long", seconds=60), Step(id="dropped")))
        return done, loop.time()

    done, took_s = run_virtual(scenario())

    assert done == [
        ("long", "started"),
        ("long", "interrupted"),
        ("new", "started"),
        ("new", "finished"),
    ]
    assert took_s == pytest.approx(3)


def test_a_replacement_that_comes_while_the_first_document_is_fetched_wins():
    async def scenario() -> list[str]:
        stage = Stage()

        async def fetch() -> Document:
            stage.runner.replace(document(Step(id="new")))
            return document(Step(id="old"))

        await stage.runner.run(fetch)
        verbs = of_type(stage.log, EventType.VERB)
        return [data["id"] for data in verbs if data["phase"] == "started"]

    assert run_virtual(scenario()) == ["new"]


def test_the_end_of_the_call_stops_the_running_verb():
    async def scenario() -> list[str]:
        stage = Stage()
        task = asyncio.ensure_future(stage.run(document(Step(id="long", seconds=60))))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return [data["phase"] for data in of_type(stage.log, EventType.VERB)]

    assert run_virtual(scenario()) == ["started"]


def test_a_verb_that_noted_an_error_is_shown_as_failed():
    class Failing(Step):
        async def run(self, ctx: VerbContext) -> Outcome:
            notes.add({"error": "no such file"})
            return NEXT

    notes = Notes()

    async def scenario() -> list[dict[str, Any]]:
        log = ListLog()
        runner = Runner(live_call(log), None, notes, AnsweredLine())

        async def fetch() -> Document:
            return document(Failing(id="a"))

        await runner.run(fetch)
        return list(of_type(log, EventType.VERB))

    assert run_virtual(scenario())[-1] == {
        "verb": "step",
        "id": "a",
        "phase": "failed",
        "error": "no such file",
    }


class TestCut:
    def kinds_run(self, at: float, *verbs: Verb) -> list[str]:
        async def scenario() -> list[str]:
            stage = Stage()
            asyncio.get_running_loop().call_later(at, stage.runner.cut, {"say", "play"})
            done = await stage.run(document(*verbs))
            return [name for name, phase in done if phase == "started"]

        return run_virtual(scenario())

    def test_the_prompt_that_runs_is_stopped_with_those_that_follow_it_directly(self):
        """FS#676, FS#767: barge-in stopped the running say only, or the wrong one."""
        prompts = (Step(verb="say", id="1"), Step(verb="play", id="2"), Step(verb="say", id="3"))

        ran = self.kinds_run(0.5, *prompts, Step(id="then"), Step(verb="say", id="later"))

        assert ran == ["1", "then", "later"]

    def test_what_is_no_prompt_goes_on(self):
        assert self.kinds_run(0.5, Step(id="a"), Step(verb="say", id="b")) == ["a", "b"]
