"""A call to us in the place of another one (RFC 3891): attended transfers that a call centre makes."""

import itertools
from collections.abc import Iterator

import pytest

from interop.dial_story import STAY, DialStory
from interop.raw_caller import RawCaller, status_of
from interop.softphone import Line, Softphone
from scenario.inbound import add_account, add_trunk

_number = itertools.count(8000)
ADDRESS, FOREIGN = "127.0.0.41", "127.0.0.43"


@pytest.fixture(scope="module", autouse=True)
def _trunks(gateway) -> None:
    add_trunk(gateway, ADDRESS, name="call-centre", account_sid=gateway.account_sid)
    add_trunk(gateway, FOREIGN, name="elsewhere", account_sid=add_account(gateway))


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
    with Softphone(ADDRESS) as phone:
        yield phone


def named(line: Line) -> str:
    """The dialog of a line, as the gateway sees it."""
    assert line.invite is not None
    return f"{line.call_id};to-tag={line.invite.request.from_.tag};from-tag={line.invite.tag}"


def replace(phone: Softphone, story: DialStory, line: Line, extra: str = "") -> Line:
    header = ("Replaces", named(line) + extra)
    return phone.call("whoever", story.gateway.sip_port, ("Require", "replaces"), header)


def talking(story: DialStory, a: Softphone, b: Softphone, **fields: object) -> tuple:
    placed, near = story.begin(a, story.dial(story.to(b), **fields))
    far = b.pick_up()
    near.say(440)
    far.say(500)
    near.hears(500)
    far.hears(440)
    return placed, near, far


def test_the_new_call_takes_the_place_of_the_callee_and_the_dial_goes_on(story, a, b, c):
    placed, near, far = talking(story, a, b)

    third = replace(c, story, far)

    third.until(lambda line: line.status == 200, "200 at the third")
    far.until(lambda line: line.ended, "BYE at who was replaced")
    third.say(620)
    near.hears(620)
    third.hears(440)
    assert near.ended is None
    third.hang_up()
    assert story.done()["dial_call_status"] == "completed"
    (child,) = story.children()
    (told,) = (e for e in story.call(child).events() if e["data"].get("type") == "leg_replaced")
    assert told["data"]["source"] == ADDRESS
    assert placed.ended()["outcome"]["code"] == "completed"


def test_the_new_call_takes_the_place_of_the_caller(story, a, b, c):
    _, near, far = talking(story, a, b)

    third = replace(c, story, near)

    near.until(lambda line: line.ended, "BYE at who was replaced")
    third.say(620)
    far.hears(620)
    third.hears(500)
    far.hang_up()
    assert story.done()["dial_call_status"] == "completed"
    third.until(lambda line: line.ended == "bye-received", "BYE at the third")


def test_who_put_the_call_on_hold_and_handed_it_over_leaves_no_hold_behind(story, a, b, c):
    """The usual order of an attended transfer: hold, ask the colleague, transfer."""
    _, near, far = talking(story, a, b)
    far.hold()

    third = replace(c, story, far)

    third.say(620)
    near.hears(620)
    third.hears(440)
    (child,) = story.children()
    types = [event["data"].get("type") for event in story.call(child).events()]
    assert [each for each in types if each in {"hold", "resume"}] == ["hold", "resume"]


def test_a_call_with_its_application_can_be_taken_over_too_and_again(story, a, c):
    _, near = story.begin(a, STAY)

    third = replace(c, story, near)
    near.until(lambda line: line.ended, "BYE at who was replaced")
    assert third.until(lambda line: line.status, "an answer") == 200

    again = replace(c, story, near)
    assert again.until(lambda line: line.status, "an answer") == 481


def test_an_answered_call_is_not_replaced_by_who_wants_an_early_one(story, a, c):
    _, near = story.begin(a, STAY)

    third = replace(c, story, near, ";early-only")

    assert third.until(lambda line: line.status, "an answer") == 486
    assert near.ended is None


def test_a_call_that_rings_is_not_replaced(story, a, b, c):
    story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring()

    third = replace(c, story, far)

    assert third.until(lambda line: line.status, "an answer") == 481
    far.reject(486)
    story.done()


def test_another_accounts_trunk_cannot_tell_that_the_call_exists(story, a):
    _, near = story.begin(a, STAY)

    with Softphone(FOREIGN) as stranger:
        third = replace(stranger, story, near)
        assert third.until(lambda line: line.status, "an answer") == 481

    assert near.ended is None


@pytest.mark.parametrize("value", ["", "abc", "abc;to-tag=1", "abc;from-tag=1;to-tag="])
def test_a_replaces_that_cannot_be_read_is_400(gateway, value):
    with RawCaller(gateway.sip_port, ADDRESS) as raw:
        call = raw.invite(f"sip:1@127.0.0.1:{gateway.sip_port}", headers={"Replaces": value})
        assert status_of(call.final()) == 400


def test_that_calls_can_be_replaced_is_said_where_options_are_asked_for(gateway):
    with RawCaller(gateway.sip_port, ADDRESS) as raw:
        fields = {
            "From": f"<sip:x@{ADDRESS}>;tag=1",
            "To": f"<sip:127.0.0.1:{gateway.sip_port}>",
            "Call-ID": "options-replaces",
        }
        answer = raw.ask("OPTIONS", f"sip:127.0.0.1:{gateway.sip_port}", fields)
        assert "replaces" in answer.value("Supported")
