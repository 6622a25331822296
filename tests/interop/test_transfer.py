"""Handing calls on: `sip:refer`, REFER from a far end, requests inside a call."""

import itertools
from collections.abc import Iterator

import pytest

from interop.dial_story import CALLER, HANGUP, STAY, DialStory
from interop.softphone import Line, Softphone

_number = itertools.count(1000)
BACK = {"verb": "tag", "data": {"back": "with the agent"}}


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


def refer(story: DialStory, **fields: object) -> dict:
    events, done = story.answers("events"), story.path("done")
    return {
        "verb": "sip:refer", "referTo": "+4940777", "actionHook": done, "eventHook": events, **fields,
    }  # fmt: skip


def referred(line: Line) -> dict[str, str]:
    event = line.until(lambda heard: heard.refers, "REFER")[0]
    return {name.lower(): value for name, value in event.headers}


def test_a_transfer_that_succeeds_is_told_step_by_step(story, a):
    """TRANSFER_REFER success; both names of the status."""
    _, near = story.begin(a, refer(story, headers={"X-Why": "sales"}))
    headers = referred(near)

    near.notify("SIP/2.0 100 Trying", over=False)
    near.notify("SIP/2.0 180 Ringing", over=False)
    near.notify("SIP/2.0 200 OK", over=True)

    told = story.done()
    assert headers["refer-to"] == "<sip:+4940777@127.0.0.1>"
    assert (headers["referred-by"], headers["x-why"]) == (f"<sip:{CALLER}@127.0.0.1>", "sales")
    assert (told["refer_status"], told["referStatus"]) == (202, 202)
    assert told["final_referred_call_status"] == 200
    last = story.hooks.wait_for(story.path("events"), lambda r: r.body["call_status"] == 200)
    assert last.body["event"] == "transfer-status"
    steps = {r.body["call_status"] for r in story.hooks.requests(story.path("events"))}
    assert steps == {100, 180, 200}


@pytest.mark.parametrize("final", [486, 480, 603])
def test_a_transfer_that_fails_at_its_target_comes_back_with_the_status(story, a, final):
    """TRANSFER_REFER error: busy, no answer, declined return to the agent."""
    placed, near = story.begin(a, refer(story), HANGUP)
    story.answers("done", BACK, HANGUP)
    referred(near)

    near.notify(f"SIP/2.0 {final} No", over=True)

    told = story.done()
    assert (told["refer_status"], told["final_referred_call_status"]) == (202, final)
    assert placed.ended()["tag"] == {"back": "with the agent"}


def test_a_refer_that_is_refused_comes_back_with_its_status(story, a):
    plain = refer(story)
    with Softphone() as deaf:
        deaf.takes_refer = 403
        placed, _ = story.begin(deaf, plain)

        told = story.done()

    assert (told["refer_status"], told["referStatus"]) == (403, 403)
    assert "final_referred_call_status" not in told
    placed.ended()


def test_a_far_end_that_hangs_up_right_after_the_transfer_does_not_cost_the_hook(story, a):
    _, near = story.begin(a, refer(story))
    referred(near)

    near.hang_up()

    told = story.done()
    assert (told["refer_status"], told.get("final_referred_call_status")) == (202, None)


def test_a_full_uri_is_referred_to_as_it_is(story, a):
    _, near = story.begin(
        a,
        refer(story, referTo="sip:agent@pbx.example;user=phone", referredBy="+4930999",
              referredByDisplayName="Bot"),
    )  # fmt: skip
    headers = referred(near)

    assert headers["refer-to"] == "<sip:agent@pbx.example;user=phone>"
    assert headers["referred-by"] == '"Bot" <sip:+4930999@127.0.0.1>'
    near.notify("SIP/2.0 200 OK", over=True)
    story.done()


# REFER from a far end


def test_a_refer_without_a_hook_is_501(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    assert far.refer("<sip:x@127.0.0.1>").status == 501


def test_the_callee_hands_its_caller_on_and_is_told_how_that_goes(story, a, b, c):
    """Gotcha 92: 202 before the hook; GitHub FS#1428: NOTIFY to the referrer, then its BYE."""
    asked = story.answers("refer", story.dial(story.to(c), actionHook=story.path("second")))
    placed, near = story.begin(a, story.dial(story.to(b), referHook=asked))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    outcome = far.refer(
        "<sip:sales@127.0.0.1>", ("Referred-By", "<sip:bob@127.0.0.1>"), ("X-Campaign", "9")
    )
    third = c.expect_call()
    third.ring()
    third.answer()

    assert outcome.status == 202
    details = story.done("refer")["refer_details"]
    assert (details["refer_to_user"], details["referred_by_user"]) == ("sales", "bob")
    assert (details["x_campaign"], details["referred_call_sid"]) == ("9", placed.sid)
    third.say(700)
    near.hears(700)
    far.until(lambda line: "SIP/2.0 200 OK" in line.notifies, "the last NOTIFY")
    assert far.notifies[0] == "SIP/2.0 100 Trying"
    assert "SIP/2.0 180 Ringing" in far.notifies
    assert far.subscriptions[-1].startswith("terminated")
    far.until(lambda line: line.ended == "bye-received", "BYE at the referrer")
    assert story.hooks.requests(story.path("done")) == [], "the first dial has no end of its own"
    third.hang_up()
    assert story.done("second")["dial_call_status"] == "completed"


def test_a_transfer_to_somebody_busy_is_told_to_the_referrer(story, a, b, c):
    asked = story.answers("refer", story.dial(story.to(c), actionHook=story.path("second")))
    _, near = story.begin(a, story.dial(story.to(b), referHook=asked))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    far.refer("<sip:sales@127.0.0.1>")
    c.expect_call().reject(486, "Busy Here")

    far.until(lambda line: "SIP/2.0 486 Busy Here" in line.notifies, "NOTIFY of the failure")
    assert story.done("second")["dial_call_status"] == "busy"


def test_a_referrer_that_hangs_up_at_the_202_leaves_its_caller_in_good_hands(story, a, b, c):
    asked = story.answers("refer", story.dial(story.to(c), actionHook=story.path("second")))
    _, near = story.begin(a, story.dial(story.to(b), referHook=asked))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    far.refer("<sip:sales@127.0.0.1>")
    far.hang_up()

    third = c.pick_up()
    third.say(700)
    near.hears(700)


def test_the_caller_hands_its_callee_on_and_the_callee_becomes_independent(story, a, b, c):
    asked = story.answers("refer", story.dial(story.to(c), actionHook=story.path("second")))
    _, near = story.begin(a, story.dial(story.to(b), referHook=asked), STAY)
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    near.refer("<sip:sales@127.0.0.1>")
    third = c.pick_up()
    third.say(700)

    far.hears(700)
    near.until(lambda line: "SIP/2.0 200 OK" in line.notifies, "the last NOTIFY")
    near.until(lambda line: line.ended, "the caller is let go")
    third.hang_up()
    told = story.done("second")
    assert told["dial_call_status"] == "completed"
    assert told["parent_call_sid"]


def test_a_transfer_the_application_does_not_want_leaves_the_call_as_it_was(story, a, b):
    asked = story.answers("refer")
    _, near = story.begin(a, story.dial(story.to(b), referHook=asked))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    far.refer("<sip:sales@127.0.0.1>")

    far.until(lambda line: "SIP/2.0 603 Decline" in line.notifies, "NOTIFY of the refusal")
    near.heard_since()
    near.hears(500)
    far.hang_up()
    assert story.done()["dial_call_status"] == "completed"


def test_an_attended_transfer_replaces_the_call_it_was_arranged_in(story, a, b, c):
    """RFC 3891: the Replaces of Refer-To reaches whom it is meant for."""
    target = {
        "type": "sip",
        "sipUri": f"sip:c@127.0.0.1:{c.port}?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2",
    }
    asked = story.answers("refer", story.dial(target, actionHook=story.path("second")))
    _, near = story.begin(a, story.dial(story.to(b), referHook=asked))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    far.refer(f"<{target['sipUri']}>")

    third = c.expect_call()
    assert third.header("Replaces") == "abc;to-tag=1;from-tag=2"
    assert "Replaces" not in str(third.invite.request.uri)
    assert "Replaces=abc" in story.done("refer")["refer_details"]["sip_refer_to"]
    third.reject(486)


def test_a_call_without_dial_is_referred_to_its_own_application(story, a):
    asked = story.answers("refer", BACK, HANGUP)
    placed, near = story.begin(a, STAY, referHook=story.hooks.url(asked))

    assert near.refer("<sip:sales@127.0.0.1>").status == 202

    assert "referred_call_sid" not in {
        k for k, v in story.done("refer")["refer_details"].items() if v is not None
    }
    assert placed.ended()["tag"] == {"back": "with the agent"}


# Requests inside the call


def test_a_request_reaches_the_far_end_and_its_answer_the_application(story, a):
    verb = {
        "verb": "sip:request", "method": "info", "body": '{"x":1}',
        "headers": {"Content-Type": "application/json", "X-A": "b"},
        "actionHook": story.path("done"),
    }  # fmt: skip
    _, near = story.begin(a, verb)

    told = story.done()

    assert (told["result"], told["sip_status"]) == ("success", 200)
    assert near.infos == [("application/json", '{"x":1}')]


def test_a_live_request_is_answered_with_what_the_far_end_said(story, a):
    placed, near = story.begin(a, STAY)
    placed.wait_event("verb", verb="pause", phase="started")

    wanted = {"method": "MESSAGE", "content_type": "text/plain", "content": "hello"}
    reply = placed.update(sip_request=wanted)

    assert (reply.status, reply.body["status"]) == (200, 202)
    assert near.infos == [("text/plain", "hello")]
    refused = placed.update(sip_request={**wanted, "method": "BYE"})
    assert refused.status == 422
    near.hang_up()


def test_what_the_far_end_sends_inside_the_call_is_told_to_its_hook(story, a):
    """Contract 3.8 and gotcha 91: INFO of keys stays the gateway's, other kinds are told."""
    hook = story.hooks.answer(story.path("inside"), [])
    _, near = story.begin(a, STAY, sipRequestWithinDialogHook=hook)

    assert near.request("INFO", ("X-Kind", "k"), body=b"news", kind="text/plain").status == 200
    assert near.request("INFO", body=b"Signal=5", kind="application/dtmf-relay").status == 200
    assert near.request("MESSAGE", body=b"hi", kind="text/plain").status == 202

    said = story.hooks.wait_for(story.path("inside"), lambda r: r.body["sip_method"] == "INFO").body
    assert (said["sip_body"], said["sip_headers"]["x_kind"]) == ("news", "k")
    message = story.hooks.wait_for(
        story.path("inside"), lambda r: r.body["sip_method"] == "MESSAGE"
    ).body
    assert message["sip_body"] == "hi"
    assert len(story.hooks.requests(story.path("inside"))) == 2
    near.hang_up()


def test_keys_of_a_document_are_heard(story, a):
    placed, near = story.begin(a, {"verb": "dtmf", "dtmf": "12#", "duration": 100}, HANGUP)

    near.until(lambda line: line.digits == "12#", "keys")
    placed.ended()
