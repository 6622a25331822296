import pytest

from unit.sip.dialog.rig import ANSWER, OFFER
from unit.sip.dialog.test_session import Call
from voxgate.sip.dialog.events import AckReceived, ReInvited, Updated
from voxgate.sip.message import Response


@pytest.fixture
def call() -> Call:
    return Call().answered()


def test_a_reinvite_is_handed_over_answered_and_repeated_until_acknowledged(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER, cseq=5)
    (event,) = call.alice.events
    assert isinstance(event, ReInvited)
    event.respond(200, body=ANSWER)
    event.respond(488)
    call.net.run(1.6)
    assert len(call.bob.all("200 INVITE")) == 3  # at 0, 0.5 and 1.5 s

    call.bob.request("ACK", call.alice.address, cseq=5)
    call.net.run(10)

    (ok, *_) = call.bob.all("200 INVITE")
    assert isinstance(ok, Response)
    assert (event.offer, ok.body) == (OFFER, ANSWER)
    assert ok.contact is not None
    assert ok.content_type == "application/sdp"
    assert len(call.bob.all("200 INVITE")) == 3
    assert call.alice.events[1:] == [AckReceived(b"")]


def test_a_reinvite_without_an_offer_gets_ours_and_its_ack_brings_the_answer(call: Call):
    call.bob.request("INVITE", call.alice.address, cseq=5)
    (event,) = call.alice.events
    assert isinstance(event, ReInvited)
    event.respond(200, body=OFFER)
    call.net.settle()
    call.bob.request("ACK", call.alice.address, cseq=5, body=ANSWER)

    assert event.offer is None
    assert call.alice.events[1:] == [AckReceived(ANSWER)]


def test_a_second_change_before_the_first_is_answered_gets_500(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER, cseq=5)
    call.bob.request("UPDATE", call.alice.address, body=OFFER, cseq=6)

    (refused,) = call.bob.all("500 UPDATE")
    assert 0 <= int(refused.headers.get("Retry-After") or "-1") <= 10
    assert len(call.alice.events) == 1


def test_an_update_is_handed_over_and_answered(call: Call):
    call.bob.request("UPDATE", call.alice.address, body=OFFER)
    (event,) = call.alice.events
    assert isinstance(event, Updated)
    event.respond(200, body=ANSWER)
    call.net.settle()

    (ok,) = call.bob.all("200 UPDATE")
    assert (event.offer, ok.body) == (OFFER, ANSWER)


def test_an_update_without_an_offer_is_a_sign_of_life_and_bothers_nobody(call: Call):
    call.bob.request("UPDATE", call.alice.address)

    assert call.alice.events == []
    assert len(call.bob.all("200 UPDATE")) == 1


def test_a_body_that_is_no_session_description_is_refused_with_what_would_be(call: Call):
    call.bob.request("INVITE", call.alice.address, body=b"<x/>", content_type="text/xml")

    (refused,) = call.bob.all("415 INVITE")
    assert refused.headers.get("Accept") == "application/sdp"


def test_a_refused_change_leaves_the_call_as_it_was(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER)
    (event,) = call.alice.events
    assert isinstance(event, ReInvited)
    event.respond(488)
    call.net.settle()

    assert len(call.bob.all("488 INVITE")) == 1
    call.dialog.reinvite(OFFER)
    call.net.settle()
    assert str(call.bob.last("INVITE").cseq) == "2 INVITE"


def test_a_change_of_ours_waits_for_the_one_of_the_peer(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER, cseq=5)
    call.dialog.reinvite(OFFER)
    call.net.settle()
    (event,) = call.alice.events
    assert isinstance(event, ReInvited)
    event.respond(200, body=ANSWER)
    call.net.settle()
    assert [str(m.cseq) for m in call.bob.all("INVITE")] == ["1 INVITE"]

    call.bob.request("ACK", call.alice.address, cseq=5)

    assert [str(m.cseq) for m in call.bob.all("INVITE")] == ["1 INVITE", "2 INVITE"]


def test_a_reinvite_that_is_cancelled_ends_with_487_and_the_call_goes_on(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER, branch="z9hG4bKre")
    call.bob.request("CANCEL", call.alice.address, branch="z9hG4bKre")
    (event,) = call.alice.events
    assert isinstance(event, ReInvited)
    event.respond(200, body=ANSWER)
    call.net.settle()

    assert len(call.bob.all("200 CANCEL")) == 1
    assert len(call.bob.all("487 INVITE")) == 1
    assert call.bob.all("200 INVITE") == []


def test_a_change_still_open_at_the_end_is_answered_487(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER, cseq=5)
    call.bob.request("BYE", call.alice.address, cseq=6)

    assert len(call.bob.all("487 INVITE")) == 1


def test_a_reinvite_that_is_never_acknowledged_ends_the_call(call: Call):
    call.bob.request("INVITE", call.alice.address, body=OFFER)
    (event,) = call.alice.events
    assert isinstance(event, ReInvited)
    event.respond(200, body=ANSWER)
    call.net.run(33)
    call.bob.reply(call.bob.last("BYE"), 200)

    assert str(call.alice.events[-1]).startswith("Ended(cause='ack-timeout'")
