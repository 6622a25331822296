"""No dead air: what a caller who was answered hears while somebody is rung for it."""

import itertools
from collections.abc import Iterator

import pytest

from interop.dial_story import DialStory
from interop.softphone import Softphone

_number = itertools.count(7000)


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


def test_it_rings_for_the_caller_until_the_callee_answers_and_not_into_their_talk(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring()
    near.hears(425)

    far.answer()
    far.say(700)

    near.hears(700)


def test_nothing_rings_before_a_target_does(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()

    assert near.level() < 100

    far.ring()
    near.hears(425)


def test_the_network_of_the_only_target_is_heard_as_soon_as_it_says_something(story, a, b):
    """180 with a description and no packet is silence on many networks."""
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring()
    near.hears(425)

    far.ring(183, "Session Progress", early=True)
    far.say(620)

    near.hears(620)


def test_an_announcement_before_any_ringing_is_not_rung_over(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring(183, "Session Progress", early=True)
    far.say(620)

    near.hears(620)


def test_several_targets_ring_with_our_tone_whatever_their_networks_say(story, a, b, c):
    _, near = story.begin(a, story.dial(story.to(b), story.to(c)))
    b.expect_call().ring(183, "Session Progress", early=True)
    c.expect_call()

    near.hears(425)


def test_the_tone_ends_with_a_dial_that_fails(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b), actionHook=story.path("after")))
    far = b.expect_call()
    story.hooks.answer(story.path("after"), [{"verb": "pause", "length": 30}])
    far.ring()
    near.hears(425)

    far.reject(486)
    story.done("after")

    near.until(lambda line: line.level() < 100, "silence")
