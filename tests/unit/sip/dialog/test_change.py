import pytest

from unit.sip.dialog.rig import ANSWER, OFFER, Net, Peer, label
from unit.sip.dialog.test_session import Call
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.events import ReInvited
from voxgate.sip.message import Request

HOLD = OFFER + b"a=sendonly\r\n"


@pytest.fixture
def call() -> Call:
    return Call().answered()


def invites(peer: Peer) -> list[Request]:
    return [m for m in peer.inbox if isinstance(m, Request) and m.method == "INVITE"]


def test_a_reinvite_is_acknowledged_and_its_answer_handed_back(call: Call):
    call.dialog.reinvite(HOLD, call.outcomes.append)
    call.net.settle()
    again = call.bob.last("INVITE")
    call.bob.reply(again, 100, tag=None)
    call.bob.reply(again, 200, body=ANSWER)
    call.bob.reply(again, 200, body=ANSWER)

    assert again.body == HOLD
    assert (str(again.cseq), again.to.tag) == ("2 INVITE", "tb")
    assert again.content_type == "application/sdp"
    assert [(o.status, o.body) for o in call.outcomes] == [(200, ANSWER)]
    assert [str(m.cseq) for m in call.bob.all("ACK")] == ["1 ACK", "2 ACK", "2 ACK"]


def test_a_reinvite_without_an_offer_acknowledges_with_the_answer(call: Call):
    call.dialog.reinvite(b"", call.outcomes.append)
    call.net.settle()
    call.bob.reply(call.bob.last("INVITE"), 200, body=OFFER)

    (outcome,) = call.outcomes
    assert len(call.bob.all("ACK")) == 1  # of the first INVITE
    assert outcome.acknowledge is not None
    outcome.acknowledge(ANSWER)
    call.net.settle()

    ack = call.bob.last("ACK")
    assert (ack.body, str(ack.cseq), ack.content_type) == (ANSWER, "2 ACK", "application/sdp")


def test_changes_are_sent_one_after_the_other(call: Call):
    call.dialog.reinvite(HOLD, call.outcomes.append)
    call.dialog.update(OFFER, call.outcomes.append)
    call.net.settle()
    assert call.bob.all("UPDATE") == []

    call.bob.reply(call.bob.last("INVITE"), 488)
    call.bob.reply(call.bob.last("UPDATE"), 200, body=ANSWER)

    assert [o.status for o in call.outcomes] == [488, 200]


def test_too_many_changes_at_once_are_refused(call: Call):
    for _ in range(12):
        call.dialog.reinvite(HOLD, call.outcomes.append)
    call.net.settle()

    assert {o.status for o in call.outcomes} == {491}
    assert len(invites(call.bob)) == 2


def test_glare_is_waited_out_and_tried_again(call: Call):
    call.dialog.reinvite(HOLD, call.outcomes.append)
    call.net.settle()
    call.bob.reply(call.bob.last("INVITE"), 491)
    call.net.run(2.0)
    assert len(invites(call.bob)) == 2  # who owns the Call-ID waits at least 2.1 s
    call.net.run(2.1)

    assert str(call.bob.last("INVITE").cseq) == "3 INVITE"
    call.bob.reply(call.bob.last("INVITE"), 200, body=ANSWER)
    assert [o.status for o in call.outcomes] == [200]


def test_glare_without_end_is_given_up(call: Call):
    call.dialog.reinvite(HOLD, call.outcomes.append)
    for _ in range(8):
        call.net.run(5)
        if label(call.bob.inbox[-1]) == "INVITE":
            call.bob.reply(call.bob.last("INVITE"), 491)

    assert [o.status for o in call.outcomes] == [491]


def test_a_change_of_the_peer_that_meets_ours_gets_491(call: Call):
    call.dialog.reinvite(HOLD)
    call.net.settle()

    call.bob.request("INVITE", call.alice.address, body=OFFER)

    assert len(call.bob.all("491 INVITE")) == 1
    assert call.alice.events == []


def test_two_sides_that_change_at_once_both_get_through_in_the_end():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.side("10.0.0.2")
    calling = alice.invite(bob.address, session_expires_s=0)
    net.settle()
    called = bob.calls[0].answer(ANSWER, bob.events.append)
    net.settle()
    assert called is not None
    for side in (alice, bob):
        side.events.clear()
    done: list[str] = []
    calling.reinvite(HOLD, lambda o: done.append(f"alice {o.status}"))
    called.reinvite(HOLD, lambda o: done.append(f"bob {o.status}"))
    for _ in range(10):
        net.run(1)
        for side in (alice, bob):
            for event in side.events:
                if isinstance(event, ReInvited):
                    event.respond(200, body=ANSWER)
            side.events.clear()
        net.settle()

    assert sorted(done) == ["alice 200", "bob 200"]
    assert done[0] == "bob 200"  # RFC 3261 14.1: who owns the Call-ID waits longer


def test_a_challenged_reinvite_is_sent_again_with_credentials():
    call = Call(credentials=Credentials("u", "p")).answered()
    call.dialog.reinvite(HOLD, call.outcomes.append)
    call.net.settle()
    challenge = 'Digest realm="r", nonce="n", qop="auth"'
    call.bob.reply(call.bob.last("INVITE"), 407, headers=[("Proxy-Authenticate", challenge)])
    again = call.bob.last("INVITE")
    call.bob.reply(again, 200, body=ANSWER)

    assert 'realm="r"' in (again.headers.get("Proxy-Authorization") or "")
    assert str(call.bob.last("ACK").cseq) == "3 ACK"
    assert call.bob.last("ACK").headers.get("Proxy-Authorization") == again.headers.get(
        "Proxy-Authorization"
    )
    assert [o.status for o in call.outcomes] == [200]


def test_a_call_that_ends_answers_the_changes_still_waiting(call: Call):
    call.dialog.reinvite(HOLD, call.outcomes.append)
    call.dialog.reinvite(OFFER, call.outcomes.append)
    call.net.settle()

    call.bob.request("BYE", call.alice.address)

    assert [o.status for o in call.outcomes] == [481, 481]


def test_a_late_answer_to_a_change_of_a_call_that_ended_is_not_left_unacknowledged(call: Call):
    call.dialog.reinvite(HOLD, call.outcomes.append)
    call.net.settle()
    again = call.bob.last("INVITE")
    call.bob.request("BYE", call.alice.address)

    call.bob.reply(again, 200, body=ANSWER)

    assert str(call.bob.last("ACK").cseq) == "2 ACK"
