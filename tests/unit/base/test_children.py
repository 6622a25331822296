import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from voxgate.base.children import ChildBusy, ChildFailed, ChildLost, ChildRefused, Children


def with_children(
    story: Callable[[Children], Awaitable[Any]], module: str = "unit.base.child", **wishes: Any
) -> Any:
    async def scenario() -> Any:
        settings = {"count": 1, "waiting_max": 10, "answer_timeout_s": 30.0, **wishes}
        children = Children(module, **settings)
        try:
            return await story(children)
        finally:
            await children.close()

    return asyncio.run(scenario())


def test_each_request_gets_its_own_answer():
    async def story(children: Children) -> list[bytes]:
        return await asyncio.gather(*(children.ask(f"word {n}".encode()) for n in range(5)))

    assert with_children(story) == [f"WORD {n}".encode() for n in range(5)]


def test_a_large_request_and_answer_pass_through_the_pipes():
    content = b"x" * 3_000_000

    async def story(children: Children) -> bytes:
        return await children.ask(content)

    assert with_children(story) == content.upper()


def test_the_same_process_serves_one_request_after_the_other():
    async def story(children: Children) -> set[bytes]:
        await children.start()
        return {await children.ask(b"pid") for _ in range(3)}

    assert len(with_children(story)) == 1


def test_a_second_process_starts_when_the_first_is_busy():
    async def story(children: Children) -> bytes:
        hanging = asyncio.gather(children.ask(b"hang"), return_exceptions=True)
        answer = await children.ask(b"hello")
        hanging.cancel()
        return answer

    assert with_children(story, count=2) == b"HELLO"


@pytest.mark.parametrize("last_words", [b"die", b"crash"])
def test_a_request_that_kills_the_process_fails_alone(last_words):
    async def story(children: Children) -> bytes:
        with pytest.raises(ChildLost, match="child ended unexpectedly"):
            await children.ask(last_words)
        return await children.ask(b"hello")

    assert with_children(story) == b"HELLO"


def test_a_request_that_hangs_is_given_up_and_the_next_one_is_served():
    async def story(children: Children) -> bytes:
        with pytest.raises(ChildLost, match="child did not answer"):
            await children.ask(b"hang")
        return await children.ask(b"hello")

    assert with_children(story, answer_timeout_s=0.3) == b"HELLO"


def test_a_refusal_carries_its_reason_and_the_process_lives_on():
    async def story(children: Children) -> tuple[bytes, bytes]:
        before = await children.ask(b"pid")
        with pytest.raises(ChildRefused, match="unsuitable"):
            await children.ask(b"refuse unsuitable")
        return before, await children.ask(b"pid")

    before, after = with_children(story)
    assert before == after


def test_what_libraries_print_does_not_get_between_the_answers():
    async def story(children: Children) -> list[bytes]:
        return [await children.ask(b"chatter"), await children.ask(b"hello")]

    assert with_children(story) == [b"CHATTER", b"HELLO"]


def test_work_beyond_the_queue_is_refused_at_once():
    async def story(children: Children) -> list[object]:
        asked = (children.ask(b"word") for _ in range(20))
        return await asyncio.gather(*asked, return_exceptions=True)

    outcomes = with_children(story, waiting_max=4)
    assert sum(isinstance(outcome, ChildBusy) for outcome in outcomes) == 16
    assert outcomes.count(b"WORD") == 4


def test_a_process_that_cannot_start_fails_every_request_but_hangs_none():
    async def story(children: Children) -> None:
        for _ in range(2):
            with pytest.raises(ChildFailed):
                await children.ask(b"hello")

    with_children(story, "unit.base.stillborn")


def test_closing_tells_whoever_still_waits():
    async def scenario() -> list[object]:
        children = Children("unit.base.child", count=1, waiting_max=10, answer_timeout_s=30.0)
        await children.start()
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(
                asyncio.wait_for(
                    asyncio.gather(
                        children.ask(b"hang"), children.ask(b"word"), return_exceptions=True
                    ),
                    30,
                )
            )
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await children.close()
        return asked.result()

    assert [type(outcome) for outcome in asyncio.run(scenario())] == [ChildLost, ChildLost]


def test_a_caller_who_is_cancelled_does_not_disturb_the_others():
    async def story(children: Children) -> bytes:
        await children.start()
        async with asyncio.TaskGroup() as tasks:
            impatient = tasks.create_task(children.ask(b"first"))
            await asyncio.sleep(0)
            impatient.cancel()
            return await children.ask(b"second")

    assert with_children(story) == b"SECOND"
