"""`dial` on real SIP and RTP: what both far ends hear and are sent, and what is reported."""

import io
import itertools
import wave
from collections.abc import Iterator

import pytest

from interop.dial_story import CALLER, HANGUP, STAY, DialStory
from interop.ports import wait_until
from interop.softphone import Softphone, tone
from voxgate.sdp.attributes import Direction

_number = itertools.count(1)


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


def test_both_hear_each_other_and_the_keys_of_either_reach_the_other(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()

    near.say(440)
    far.hears(440)
    far.say(620)
    near.hears(620)
    near.press("12")
    far.until(lambda line: line.digits == "12", "A's keys at B")
    far.press("9")
    near.until(lambda line: line.digits == "9", "B's key at A")

    far.hang_up()
    told = story.done()
    assert (told["dial_call_status"], told["dial_sip_status"]) == ("completed", 200)
    assert told["dial_sbc_callid"] == far.call_id
    assert story.told(told["dial_call_sid"]) == ["trying", "ringing", "in-progress", "completed"]
    near.until(lambda line: line.ended, "A is hung up by the application")


def test_the_invite_shows_what_the_dial_says_and_no_internal_header(story, a, b):
    """Contract 2.5; gotcha 82: nothing of our plumbing leaks to the callee."""
    target = story.to(b, headers={"X-Ticket": "991"}, callerName="Desk")
    story.begin(a, story.dial(target, callerId="+4940555", headers={"X-All": "1", "X-Ticket": "0"}))
    far = b.expect_call()

    assert far.from_user == "+4940555"
    assert far.invite.request.from_.display == "Desk"
    assert (far.header("X-Ticket"), far.header("X-All")) == ("991", "1")
    names = {name.lower() for name, _ in far.invite.request.headers}
    assert not {"x-call-sid", "x-account-sid", "x-application-sid", "x-cid"} & names
    far.reject(486)
    assert story.done()["dial_call_status"] == "busy"


def test_the_first_to_answer_wins_and_the_others_are_cancelled(story, a, b, c):
    """Also gotcha 65: what one target asks for is not seen by another."""
    first, second = story.to(b, headers={"X-Only": "b"}), story.to(c)
    story.begin(a, story.dial(first, second, second))
    ringing, winner = b.expect_call(), c.expect_call()
    ringing.ring()

    winner.answer()

    ringing.until(lambda line: line.cancelled, "CANCEL at the loser")
    assert winner.header("X-Only") is None
    winner.hang_up()
    told = story.done()
    assert told["dial_sbc_callid"] == winner.call_id
    assert len(c.lines) == 1, "a target named twice rings once"
    (loser,) = set(story.children()) - {told["dial_call_sid"]}
    assert story.told(loser)[-1] == "no-answer"
    assert story.call(loser).record()["outcome"]["code"] == "answered_elsewhere"


def test_the_ring_timeout_is_always_no_answer_487(story, a, b):
    """Gotcha 64; GitHub FS#106 and FS#121: the hook comes, and never says early-media."""
    story.begin(a, story.dial(story.to(b), timeout=1))
    far = b.expect_call()
    far.ring(183, "Session Progress", early=True)

    told = story.done()

    assert (told["dial_call_status"], told["dial_sip_status"]) == ("no-answer", 487)
    far.until(lambda line: line.cancelled, "CANCEL")
    assert story.told(told["dial_call_sid"])[-1] == "no-answer"


@pytest.mark.parametrize(
    ("status", "reported"), [(486, "busy"), (600, "busy"), (603, "failed"), (404, "failed")]
)
def test_a_refusal_is_reported_as_it_came(story, a, b, status, reported):
    """Gotcha 66."""
    story.begin(a, story.dial(story.to(b)))
    b.expect_call().reject(status)

    told = story.done()

    assert (told["dial_call_status"], told["dial_sip_status"]) == (reported, status)
    assert story.told(told["dial_call_sid"])[-1] == reported


def test_a_caller_who_hangs_up_while_it_rings_takes_the_callee_with_him(story, a, b):
    """GitHub FS#17, FS#281, FS#1393: every leg gets its final status."""
    placed, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring()

    near.hang_up()

    far.until(lambda line: line.cancelled, "CANCEL")
    assert placed.ended()["call_status"] == "completed"
    (child,) = story.children()
    assert story.told(child)[-1] == "no-answer"
    assert story.hooks.requests(story.path("done")) == [], "no action hook once A is gone"


def test_a_caller_who_hangs_up_ends_the_bridge(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    near.hang_up()

    far.until(lambda line: line.ended == "bye-received", "BYE at B")
    (child,) = story.children()
    assert story.told(child)[-1] == "completed"


def test_the_time_limit_ends_the_bridge_and_the_application_goes_on(story, a, b):
    story.begin(a, story.dial(story.to(b), timeLimit=1))
    far = b.pick_up()

    told = story.done()

    assert told["dial_call_status"] == "completed"
    far.until(lambda line: line.ended, "BYE at B")
    assert far.bye_headers["x-reason"] == "Max Call Duration"


def test_early_media_of_the_only_target_is_heard(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()
    far.ring(183, "Session Progress", early=True)
    far.say(700)

    near.hears(700)

    far.reject(404)
    assert story.done()["dial_sip_status"] == 404


def test_dial_music_is_heard_instead_of_early_media(story, a, b, hooks):
    """Gotcha 68; GitHub FS#56: the music stops with the answer."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(tone(300, 1).samples)
    music = hooks.answer(story.path("music.wav"), file.getvalue())
    _, near = story.begin(a, story.dial(story.to(b), dialMusic=music))
    far = b.expect_call()
    far.ring(183, "Session Progress", early=True)
    far.say(700)

    near.hears(300)
    near.hears(300)
    far.answer()
    near.hears(700)
    far.hang_up()
    story.done()


def test_a_callee_confirms_before_it_is_joined(story, a, b):
    confirm = story.answers(
        "confirm",
        {"verb": "gather", "numDigits": 1, "timeout": 10, "actionHook": story.path("pressed")},
    )
    story.answers("pressed", {"verb": "tag", "data": {"took": "it"}})
    _, near = story.begin(a, story.dial(story.to(b), confirmHook=confirm))
    far = b.pick_up()
    far.say(640)
    asked = story.done("confirm")
    assert asked["parent_call_sid"]

    far.press("1")

    near.hears(640)
    far.hang_up()
    assert story.done()["dial_call_status"] == "completed"


def test_a_callee_who_does_not_confirm_is_never_joined(story, a, b):
    confirm = story.answers("confirm", HANGUP)
    story.begin(a, story.dial(story.to(b, confirmHook=confirm)))
    b.pick_up()

    told = story.done()

    assert told["dial_call_status"] == "failed"
    (child,) = story.children()
    story.told(child)
    assert told["dial_call_sid"] == child


def test_captured_keys_of_each_side_are_told_as_that_side(story, a, b):
    """Gotcha 67: the caller's patterns are looked for among the caller's keys."""
    story.answers("keys")
    capture = {"parentCall": ["*1"], "childCall": ["*2"]}
    dial = story.dial(story.to(b), dtmfCapture=capture, dtmfHook=story.path("keys"))
    placed, near = story.begin(a, dial)
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    near.press("*2")
    far.until(lambda line: line.digits == "*2", "A's keys")
    far.press("*1")
    near.until(lambda line: line.digits == "*1", "B's keys")
    near.press("*1")
    first = story.hooks.wait_for(story.path("keys"), lambda r: r.body["dtmf"] == "*1").body
    far.press("*2")
    second = story.hooks.wait_for(story.path("keys"), lambda r: r.body["dtmf"] == "*2").body

    assert first["call_sid"] == placed.sid
    assert second["parent_call_sid"] == placed.sid
    assert len(story.hooks.requests(story.path("keys"))) == 2


def test_a_muted_caller_is_heard_again_when_unmuted(story, a, b):
    placed, near = story.begin(a, story.dial(story.to(b)))
    assert placed.update(mute_status="mute").status == 422
    far = b.pick_up()
    near.say(440)
    far.hears(440)

    assert placed.update(mute_status="mute").status == 202
    far.until(lambda line: not line.heard_since()[-800:].any(), "silence at B")
    assert placed.update(mute_status="unmute").status == 202

    far.hears(440)


def test_a_held_leg_leaves_the_other_with_the_hold_hook_and_is_back_after_it(story, a, b):
    """FS#577, PR FS#578: audio in both directions after hold and un-hold."""
    hold = story.answers("hold", {"verb": "say", "text": "Please wait, somebody is coming."})
    placed, near = story.begin(a, story.dial(story.to(b), onHoldHook=hold))
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    far.hold()
    told = story.done("hold")
    assert told["call_sid"] == placed.sid
    near.until(lambda line: abs(line.heard_since()).max(initial=0) > 3000, "speech at A")
    far.hold(held=False)

    far.say(500)
    near.hears(500)
    near.say(440)
    far.hears(440)


def test_a_re_invite_of_one_leg_does_not_disturb_the_bridge(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    near.say(440)
    far.hears(440)

    assert far.reinvite(Direction.SENDRECV).status == 200

    far.heard_since()
    far.hears(440)


def test_the_audio_leaves_the_gateway_and_comes_back(story, a, b):
    placed, near = story.begin(a, story.dial(story.to(b), exitMediaPath=True))
    far = b.pick_up()

    def direct() -> bool:
        return (near.facts.remote_port, far.facts.remote_port) == (
            far.stream.port, near.stream.port,
        )  # fmt: skip

    wait_until(direct, within_s=5, what="each other's address")
    near.say(440)
    far.hears(440)
    assert placed.update(media_path="full-media").status == 202
    wait_until(lambda: not direct(), within_s=5, what="the gateway's address")
    far.heard_since()
    far.hears(440)
    far.say(620)
    near.hears(620)


def test_audio_that_is_needed_here_stays_here(story, a, b):
    story.answers("keys")
    dial = story.dial(
        story.to(b), exitMediaPath=True, dtmfCapture=["*1"], dtmfHook=story.path("keys")
    )
    placed, near = story.begin(a, dial)
    far = b.pick_up()
    near.say(440)
    far.hears(440)

    assert placed.update(media_path="no-media").status == 422
    assert near.facts.remote_port != far.stream.port


def test_a_new_application_for_the_dialled_leg_makes_it_independent(story, a, b, hooks):
    child_hook = hooks.answer(story.path("child"), [{"verb": "pause", "length": 1}, HANGUP])
    placed, near = story.begin(a, story.dial(story.to(b)), {"verb": "tag", "data": {"x": 1}}, STAY)
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    assert placed.update(child_call_hook=child_hook).status == 202

    asked = story.done("child")
    assert asked["parent_call_sid"] == placed.sid
    far.until(lambda line: line.ended == "bye-received", "the child's application ends it")
    placed.wait_event("verb", verb="pause", phase="started")
    assert story.hooks.requests(story.path("done")) == [], "the dial ends without a word"
    near.hang_up()


def test_a_target_that_cannot_be_dialled_is_told_with_its_reason(story, a):
    nobody = {"type": "user", "name": "nobody"}
    placed, _ = story.begin(a, story.dial(nobody))

    told = story.done()

    assert told["dial_call_status"] == "failed"
    alerts = [e["data"]["message"] for e in placed.events() if e["type"] == "alert"]
    assert any("nobody" in message and "not registered" in message for message in alerts)


def test_keys_are_sent_to_either_leg_by_its_sid(story, a, b):
    placed, near = story.begin(a, story.dial(story.to(b)))
    far = b.pick_up()
    far.say(500)
    near.hears(500)
    (child,) = story.children()

    assert placed.update(dtmf={"digit": "5", "duration": 100}).status == 202
    assert story.call(child).update(dtmf={"digit": "7", "duration": 100}).status == 202

    near.until(lambda line: line.digits == "5", "5 at A")
    far.until(lambda line: line.digits == "7", "7 at B")


def test_a_caller_is_shown_as_calling_by_default(story, a, b):
    story.begin(a, story.dial(story.to(b)))
    far = b.expect_call()

    assert far.from_user == CALLER
    far.reject(480)
    story.done()


def test_keys_that_come_as_info_reach_the_other_leg_and_are_captured(story, a, b):
    """GitHub FS#128."""
    story.answers("keys")
    dial = story.dial(story.to(b), dtmfCapture=["*2"], dtmfHook=story.path("keys"))
    _, near = story.begin(a, dial)
    far = b.pick_up()
    far.say(500)
    near.hears(500)

    for key in "*2":
        body = f"Signal={key}\r\nDuration=160\r\n".encode()
        near.request("INFO", body=body, kind="application/dtmf-relay")

    far.until(lambda line: line.digits == "*2", "A's keys at B")
    assert story.hooks.wait_for(story.path("keys")).body["dtmf"] == "*2"


def test_every_target_can_have_its_own_caller_and_the_dial_its_own_data(story, a, b, c):
    """GitHub FS#596 and FS#1140."""
    first, second = story.to(b, callerId="+4930001"), story.to(c)
    story.begin(a, story.dial(first, second, callerId="+4930002", tag={"leg": "desk"}))
    one, other = b.expect_call(), c.expect_call()

    assert (one.from_user, other.from_user) == ("+4930001", "+4930002")
    one.reject(486)
    other.reject(404)
    told = story.done()
    assert told["dial_call_status"] == "busy", "of several failures busy says most"
    statuses = [
        r.body for r in story.hooks.requests(story.path("status")) if r.body.get("parent_call_sid")
    ]
    assert {str(body["customerData"]) for body in statuses} == {"{'leg': 'desk'}"}


def test_dials_that_fail_leave_no_stream_behind(story, a, b):
    """GitHub FS#1072."""

    def streams() -> str:
        text = str(story.gateway.request("GET", "/metrics").body)
        return next(line for line in text.splitlines() if line.startswith("voxgate_media_streams"))

    before = streams()
    nowhere = {"type": "sip", "sipUri": "sip:x@256.256.256.256.invalid"}
    refused = {"type": "sip", "sipUri": "sip:x@169.254.169.254"}
    _, near = story.begin(a, story.dial(story.to(b), nowhere, refused))
    b.expect_call().reject(500)

    assert story.done()["dial_call_status"] == "failed"
    near.until(lambda line: line.ended, "the end of A")
    wait_until(lambda: streams() == before, within_s=8, what="all streams closed")
