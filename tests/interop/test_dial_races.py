"""What happens to a dial when several things happen at once, and to its audio around a hold."""

import itertools
from collections.abc import Iterator

import pytest

from interop.dial_story import STAY, DialStory
from interop.softphone import Line, Softphone

_number = itertools.count(9000)


@pytest.fixture
def story(gateway, hooks) -> DialStory:
    return DialStory(gateway, hooks, next(_number))


@pytest.fixture
def a() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


@pytest.fixture
def b() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


@pytest.fixture
def c() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


def talk(near: Line, far: Line) -> None:
    near.say(440)
    far.say(620)
    far.hears(440)
    near.hears(620)


def ends_of(story: DialStory, sid: str) -> list[dict]:
    return [event for event in story.call(sid).events() if event["type"] == "ended"]


@pytest.mark.parametrize("first", ["near", "far"])
def test_both_ends_hang_up_at_once(story, a, b, first):
    placed, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    talk(near, far)

    for line in (near, far) if first == "near" else (far, near):
        line.hang_up()

    assert placed.ended()["outcome"]["code"] == "completed"
    (child,) = story.children()
    assert story.told(child)[-1] == "completed"
    assert len(ends_of(story, placed.sid)) == len(ends_of(story, child)) == 1


@pytest.mark.parametrize("first", ["near", "far"])
def test_an_answer_that_crosses_the_callers_hanging_up_leaves_nobody_behind(story, a, b, first):
    """FS#17: the leg's own terminal event comes whichever of them was faster."""
    placed, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring()
    near.hears(425)

    for act in (near.hang_up, far.answer) if first == "near" else (far.answer, near.hang_up):
        act()

    placed.ended()
    far.until(lambda line: line.ended, "the end of the callee")
    (child,) = story.children()
    assert story.told(child)[-1] in {"completed", "no-answer"}
    assert len(ends_of(story, child)) == 1


def test_of_two_that_answer_at_once_one_talks_and_the_other_is_hung_up(story, a, b, c):
    placed, near = story.begin(a, story.dial(story.to(b), story.to(c)))
    lines = [phone.expect_call() for phone in (b, c)]
    for line in lines:
        line.answer()

    near.say(440)
    near.until(lambda _line: [line for line in lines if line.ended], "the end of one")
    (left,) = (line for line in lines if not line.ended)
    left.hears(440)
    left.hang_up()

    assert story.done()["dial_call_status"] == "completed"
    assert placed.ended()["outcome"]["code"] == "completed"
    assert [len(ends_of(story, child)) for child in story.children()] == [1, 1]


def test_a_caller_whose_callee_holds_can_be_sent_elsewhere(story, a, b, c):
    """FS#577, PR FS#578: a redirect while the call is held, and audio afterwards."""
    placed, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    talk(near, far)
    far.hold()

    story.hooks.answer(story.path("elsewhere"), [story.dial(story.to(c))])
    assert placed.update(call_hook=story.hooks.url(story.path("elsewhere"))).status == 202

    third = c.pick_up()
    far.until(lambda line: line.ended, "BYE at who held")
    third.say(700)
    near.hears(700)
    third.hears(440)


def test_a_caller_who_holds_and_is_sent_elsewhere_is_heard_when_back(story, a, b, c):
    """FS#577, PR FS#578."""
    placed, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    talk(near, far)
    near.hold()

    story.hooks.answer(story.path("elsewhere"), [story.dial(story.to(c))])
    assert placed.update(call_hook=story.hooks.url(story.path("elsewhere"))).status == 202
    third = c.pick_up()
    near.hold(held=False)

    third.say(700)
    near.hears(700)
    near.say(440)
    third.hears(440)


def test_both_hold_and_both_come_back(story, a, b):
    """FS#577, PR FS#578."""
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    talk(near, far)

    near.hold()
    far.hold()
    far.hold(held=False)
    near.hold(held=False)

    talk(near, far)


def test_a_callee_that_holds_and_is_set_free_hears_its_own_application_when_back(story, a, b):
    placed, near = story.begin(a, story.dial(story.to(b)), STAY)
    far = b.pick_up()
    talk(near, far)
    far.hold()

    free = [{"verb": "say", "text": "You are on your own now.", "loop": 20}]
    story.hooks.answer(story.path("free"), free)
    assert placed.update(child_call_hook=story.hooks.url(story.path("free"))).status == 202
    story.hooks.wait_for(story.path("free"))
    far.hold(held=False)

    far.until(lambda line: line.level() > 3000, "its application at the callee")
    assert near.ended is None
