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


def test_an_attended_transfer_joins_whom_the_agent_has_called_both_through_us(
    story, number, gateway, b
):
    """RFC 3891: the agent's consultation is a call of ours; no INVITE leaves for it again."""
    with Softphone(ADDRESS) as agent, Softphone() as customer:
        asked = story.answers("refer")

        def hand_over(request) -> tuple[int, list]:
            uri = request.body["refer_details"]["sip_refer_to"].strip("<>")
            again = story.dial({"type": "sip", "sipUri": uri}, actionHook=story.path("second"))
            return 200, [again]

        story.hooks.answer_with(story.path("refer"), hand_over)
        target = {"type": "sip", "sipUri": f"sip:agent@{ADDRESS}:{agent.port}"}
        _, near = story.begin(customer, story.dial(target, referHook=asked))
        first = agent.pick_up()
        first.say(500)
        near.hears(500)
        number.answers([story.dial(story.to(b), actionHook=story.path("third"))])
        consult = call(agent, number)
        third = b.pick_up()
        consult.until(lambda line: line.status == 200, "the consultation")
        third.say(700)
        consult.hears(700)

        dialog = consult.dialog
        replaces = f"{dialog.call_id}%3Bto-tag%3D{dialog.to_tag}%3Bfrom-tag%3D{dialog.from_tag}"
        first.refer(f"<sip:b@127.0.0.1:{gateway.sip_port}?Replaces={replaces}>")

        near.hears(700)
        near.say(440)
        third.hears(440)
        first.until(lambda line: "SIP/2.0 200 OK" in line.notifies, "the last NOTIFY")
        consult.until(lambda line: line.ended == "bye-received", "the consultation ends")
        first.until(lambda line: line.ended == "bye-received", "the agent is free")
        assert len(b.lines) == 1
        third.hang_up()
        assert story.done("second")["dial_call_status"] == "completed"
        assert story.hooks.requests(story.path("third")) == []
