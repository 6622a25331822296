"""`dial` for a caller from outside: who is answered when, and what of him is passed on."""

import itertools
from collections.abc import Iterator

import pytest

from interop.dial_story import DialStory
from interop.softphone import Line, Softphone
from scenario.inbound import Line as Number
from scenario.inbound import add_trunk

_number = itertools.count(2000)
ADDRESS = "127.0.0.7"


@pytest.fixture(scope="module")
def trunk(gateway) -> str:
    return add_trunk(gateway, ADDRESS, name="callers")


@pytest.fixture
def number(gateway, hooks, trunk) -> Number:
    return Number(gateway, hooks, trunk)


@pytest.fixture
def story(gateway, hooks) -> DialStory:
    return DialStory(gateway, hooks, next(_number))


@pytest.fixture
def a() -> Iterator[Softphone]:
    with Softphone(ADDRESS) as phone:
        yield phone


@pytest.fixture
def b() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


def call(a: Softphone, number: Number, *headers: tuple[str, str]) -> Line:
    return a.call(f"+{number.number}", number.gateway.sip_port, *headers)


def test_a_caller_is_answered_only_when_the_callee_has_answered(story, number, a, b):
    number.answers([story.dial(story.to(b), answerOnBridge=True)])
    near = call(a, number)
    far = b.expect_call()
    far.ring()
    near.until(lambda line: 180 in line.progress, "180 at the caller")
    assert near.status is None

    far.answer()

    near.until(lambda line: line.status == 200, "200 at the caller")
    near.say(440)
    far.hears(440)
    far.say(620)
    near.hears(620)
    near.hang_up()
    far.until(lambda line: line.ended, "BYE at the callee")


def test_early_media_is_relayed_to_a_caller_who_was_not_answered(story, number, a, b):
    number.answers([story.dial(story.to(b), answerOnBridge=True)])
    near = call(a, number)
    far = b.expect_call()
    far.ring(183, "Session Progress", early=True)
    far.say(700)

    near.hears(700)
    assert (near.early_media, near.status) == (True, None)

    far.answer()
    near.until(lambda line: line.status == 200, "200 at the caller")
    near.hears(700)


def test_a_dial_that_fails_before_the_answer_leaves_the_caller_603(story, number, a, b):
    """Contract 5.2: nobody answered and the verbs ended."""
    number.answers([story.dial(story.to(b), answerOnBridge=True)])
    near = call(a, number)
    b.expect_call().reject(486)

    assert story.done()["dial_call_status"] == "busy"
    near.until(lambda line: line.status == 603, "603 at the caller")


def test_without_answer_on_bridge_the_caller_is_answered_first(story, number, a, b):
    number.answers([story.dial(story.to(b))])
    near = call(a, number)
    far = b.expect_call()

    near.until(lambda line: line.status == 200, "200 at the caller")
    far.reject(486)
    story.done()


def test_a_caller_who_gives_up_before_the_answer_takes_the_callee_with_him(story, number, a, b):
    """GitHub FS#17 and FS#1393."""
    number.answers([story.dial(story.to(b), answerOnBridge=True)])
    near = call(a, number)
    far = b.expect_call()
    far.ring()
    near.until(lambda line: 180 in line.progress, "180 at the caller")

    near.hang_up()

    far.until(lambda line: line.cancelled, "CANCEL at the callee")
    near.until(lambda line: line.status == 487, "487 at the caller")
    ended = number.hooks.wait_for(
        number.statuses_path,
        lambda r: r.body.get("parent_call_sid") and r.body["call_status"] == "no-answer",
    )
    assert ended.body["sip_status"] == 487


def test_who_the_network_says_is_calling_is_passed_on(story, number, a, b):
    """GitHub FS#277: an anonymous caller keeps his identity and his wish for privacy."""
    number.answers([story.dial(story.to(b))])
    identity = ("P-Asserted-Identity", "<sip:+4930999@trunk.example>"), ("Privacy", "id")
    call(a, number, *identity)
    far = b.expect_call()

    assert far.header("P-Asserted-Identity") == "<sip:+4930999@trunk.example>"
    assert far.header("Privacy") == "id"
    far.reject(486)


def test_an_identity_is_kept_back_when_that_is_asked_for(story, number, a, b):
    number.answers([story.dial(story.to(b), forwardPAI=False)])
    call(a, number, ("P-Asserted-Identity", "<sip:+4930999@trunk.example>"))
    far = b.expect_call()

    assert far.header("P-Asserted-Identity") is None
    far.reject(486)


def test_a_dialled_call_shows_its_caller(story, number, a, b):
    """Contract 3.4: parent_call_sid and caller_id of a dial child."""
    number.answers([story.dial(story.to(b), callerId="+4940555")])
    call(a, number)
    b.expect_call().reject(486)

    told = number.hooks.wait_for(number.statuses_path, lambda r: r.body.get("parent_call_sid")).body
    assert (told["caller_id"], told["from"], told["direction"]) == (
        "+4940555", "+4940555", "outbound",
    )  # fmt: skip
