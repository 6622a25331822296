import pytest

from unit.sip.dialog.rig import ANSWER, Net, Peer, Side, label
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.events import (
    Answered,
    Ended,
    Failed,
    OutgoingInvite,
    Progress,
    Rejected,
    Sent,
)
from voxgate.sip.dialog.invite import DialogPhase
from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.grammar import InvalidHeader
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Message, Request
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

DIGEST = 'Digest realm="carrier", nonce="n1", qop="auth", algorithm=MD5'


@pytest.fixture
def net() -> Net:
    return Net()


@pytest.fixture
def alice(net: Net) -> Side:
    return net.side("10.0.0.1")


@pytest.fixture
def bob(net: Net) -> Peer:
    return net.peer("10.0.0.2")


def statuses(side: Side) -> list[object]:
    return [
        event.status if isinstance(event, Progress | Answered | Rejected) else type(event).__name__
        for event in side.events
    ]


def test_a_call_is_placed_rung_answered_and_hung_up(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(
        bob.address, headers=(("X-Trace", "1"), ("P-Asserted-Identity", "<sip:1@x>"))
    )
    net.settle()
    invite = bob.last("INVITE")
    bob.reply(invite, 100, tag=None)
    bob.reply(invite, 183, body=b"early")
    assert dialog.state is DialogPhase.EARLY
    bob.reply(invite, 200, body=ANSWER)
    assert dialog.state is DialogPhase.CONFIRMED
    ack = bob.last("ACK")
    dialog.bye()
    net.settle()
    bob.reply(bob.last("BYE"), 200)

    assert alice.named() == ["Sent", "Progress", "Progress", "Answered", "Ended"]
    assert alice.events[0] == Sent(1, "z9hG4bKseed.1")
    assert invite.via.branch == "z9hG4bKseed.1"
    early = alice.events[2]
    assert isinstance(early, Progress)
    assert (early.status, early.body, early.to_tag) == (183, b"early", "tb")
    answered = alice.events[3]
    assert isinstance(answered, Answered)
    assert (answered.body, answered.to_tag) == (ANSWER, "tb")
    assert answered.facts.remote_target == "sip:bob@10.0.0.2:5060"
    assert (str(ack.uri), str(ack.cseq)) == ("sip:bob@10.0.0.2:5060", "1 ACK")
    assert str(bob.last("BYE").cseq) == "2 BYE"
    assert dialog.state is DialogPhase.TERMINATED
    assert alice.agent.stats.dialogs == 0


def test_custom_headers_stand_after_ours_in_the_given_order_as_they_were_given(
    net: Net, alice: Side, bob: Peer
):
    alice.invite(bob.address, headers=(("X-b", '2, "x"'), ("X-a", "1"), ("x-b", "3")))
    net.settle()

    names = [name for name, _ in bob.last("INVITE").headers]

    assert names[-5:] == ["X-b", "X-a", "x-b", "Content-Type", "Content-Length"]
    assert bob.last("INVITE").headers.all("X-b") == ['2, "x"', "3"]


def test_a_line_break_in_a_custom_header_is_refused_before_anything_is_sent(
    net: Net, alice: Side, bob: Peer
):
    with pytest.raises(InvalidHeader):
        alice.invite(bob.address, headers=(("X-Evil", "a\r\nVia: x"),))
    net.settle()

    assert bob.inbox == []
    assert alice.agent.stats.dialogs == 0


@pytest.mark.parametrize("field", ["call_id", "from_tag", "branch_seed"])
def test_what_stands_in_a_header_of_ours_cannot_break_the_line_either(alice: Side, field: str):
    parts = {"call_id": "c", "from_tag": "t", "branch_seed": "s", field: "a\r\nX: y"}
    out = OutgoingInvite(
        uri=Uri.parse("sip:b@x"),
        destination=Destination("udp", "10.0.0.2", 5060),
        from_=NameAddr(None, Uri.parse("sip:a@x")),
        to=NameAddr(None, Uri.parse("sip:b@x")),
        **parts,
    )

    with pytest.raises(InvalidHeader):
        alice.agent.invite(out, alice.events.append)


def test_requests_inside_the_dialog_follow_the_recorded_route(net: Net, alice: Side, bob: Peer):
    proxy = net.peer("10.0.0.9")
    dialog = alice.invite(bob.address)
    net.settle()
    routes = [
        ("Record-Route", "<sip:10.0.0.8:5060;lr>"),
        ("Record-Route", "<sip:10.0.0.9:5060;lr>"),
    ]
    bob.reply(bob.last("INVITE"), 200, headers=routes, body=ANSWER)
    dialog.bye()
    net.settle()

    ack, bye = proxy.last("ACK"), proxy.last("BYE")

    expected = ["<sip:10.0.0.9:5060;lr>", "<sip:10.0.0.8:5060;lr>"]
    assert ack.headers.all("Route") == expected
    assert bye.headers.all("Route") == expected
    assert str(bye.uri) == "sip:bob@10.0.0.2:5060"
    assert dialog.confirmed_state is not None
    assert dialog.confirmed_state.route_set == tuple(expected)


def test_a_strict_router_gets_its_own_address_as_request_uri(net: Net, alice: Side, bob: Peer):
    proxy = net.peer("10.0.0.9")
    alice.invite(bob.address)
    net.settle()
    route = [("Record-Route", "<sip:10.0.0.9:5060>")]

    bob.reply(bob.last("INVITE"), 200, headers=route, body=ANSWER)

    ack = proxy.last("ACK")
    assert str(ack.uri) == "sip:10.0.0.9:5060"
    assert ack.headers.all("Route") == ["<sip:bob@10.0.0.2:5060>"]


def test_a_repeated_200_is_acknowledged_again_and_told_once(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")

    for _ in range(3):
        bob.reply(invite, 200, body=ANSWER)

    assert len(bob.all("ACK")) == 3
    assert alice.named().count("Answered") == 1


def test_a_200_repeated_after_its_transaction_is_gone_is_still_acknowledged(
    net: Net, alice: Side, bob: Peer
):
    alice.invite(bob.address, session_expires_s=0)
    net.settle()
    invite = bob.last("INVITE")
    bob.reply(invite, 200, body=ANSWER)
    net.run(40)

    bob.reply(invite, 200, body=ANSWER)

    assert len(bob.all("ACK")) == 2
    assert bob.all("BYE") == []


def test_the_first_phone_to_answer_wins_and_later_ones_are_hung_up(
    net: Net, alice: Side, bob: Peer
):
    dialog = alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")
    bob.reply(invite, 180, tag="one")
    bob.reply(invite, 180, tag="two")
    bob.reply(invite, 200, tag="two", body=ANSWER)
    bob.reply(invite, 200, tag="one", body=ANSWER)
    bob.reply(bob.last("BYE"), 200)

    assert dialog.to_tag == "two"
    assert [m.to.tag for m in bob.all("ACK")] == ["two", "one"]
    assert [m.to.tag for m in bob.all("BYE")] == ["one"]
    assert alice.named() == ["Sent", "Progress", "Progress", "Answered"]
    bob.reply(invite, 200, tag="one", body=ANSWER)
    assert len(bob.all("BYE")) == 1  # acknowledged again, not hung up twice
    assert len(bob.all("ACK")) == 3


def test_a_refusal_is_acknowledged_and_ends_the_attempt(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address)
    net.settle()

    bob.reply(bob.last("INVITE"), 486, reason="Busy Here", headers=[("Reason", "Q.850;cause=17")])

    rejected = alice.events[-1]
    assert isinstance(rejected, Rejected)
    assert (rejected.status, rejected.reason) == (486, "Busy Here")
    assert rejected.headers.get("Reason") == "Q.850;cause=17"
    assert len(bob.all("ACK")) == 1
    assert dialog.state is DialogPhase.TERMINATED


def test_silence_fails_after_32_seconds_and_seven_invites(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.run(31.9)
    assert alice.named() == ["Sent"]
    net.run(0.2)

    assert isinstance(alice.events[-1], Failed)
    assert alice.events[-1].cause == "timeout"
    assert len(bob.all("INVITE")) == 7
    assert (alice.agent.stats.dialogs, alice.agent.stats.transactions) == (0, 0)


def test_ringing_is_waited_for_without_end(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    bob.reply(bob.last("INVITE"), 180)

    net.run(600)

    assert alice.named() == ["Sent", "Progress"]
    assert len(bob.all("INVITE")) == 1


def test_cancel_before_any_response_waits_for_one(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address)
    net.settle()
    dialog.cancel()
    net.settle()
    assert bob.all("CANCEL") == []

    bob.reply(bob.last("INVITE"), 100, tag=None)

    cancel = bob.last("CANCEL")
    invite = bob.last("INVITE")
    assert cancel.via == invite.via
    assert str(cancel.cseq) == "1 CANCEL"
    assert (cancel.to, cancel.from_, str(cancel.uri)) == (invite.to, invite.from_, str(invite.uri))
    bob.reply(cancel, 200)
    bob.reply(invite, 487, reason="Request Terminated")
    assert statuses(alice) == ["Sent", 487]
    assert len(bob.all("ACK")) == 1


def test_cancel_carries_the_reason_it_is_given(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address)
    net.settle()
    bob.reply(bob.last("INVITE"), 180)

    dialog.cancel((("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),))
    dialog.cancel()
    net.settle()

    assert (
        bob.last("CANCEL").headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    )
    assert len(bob.all("CANCEL")) == 1


def test_an_answer_that_crosses_the_cancel_is_hung_up_and_reads_487(
    net: Net, alice: Side, bob: Peer
):
    dialog = alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")
    bob.reply(invite, 180)
    dialog.cancel()
    net.settle()

    bob.reply(invite, 200, body=ANSWER)
    bob.reply(bob.last("CANCEL"), 200)
    bob.reply(bob.last("BYE"), 200)

    assert [label(m) for m in bob.inbox] == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert statuses(alice) == ["Sent", 180, 487]
    assert dialog.state is DialogPhase.TERMINATED


def test_a_cancel_that_nobody_honours_is_given_up_after_32_seconds(
    net: Net, alice: Side, bob: Peer
):
    dialog = alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")
    bob.reply(invite, 180)
    dialog.cancel()
    net.settle()
    bob.reply(bob.last("CANCEL"), 200)
    net.run(32.1)

    failed = alice.events[-1]
    assert isinstance(failed, Failed)
    assert failed.cause == "cancel-timeout"
    assert alice.agent.stats.dialogs == 0
    bob.reply(invite, 200, body=ANSWER)  # long after: still nobody is left on an open line
    assert bob.last("BYE").to.tag == "tb"


def test_cancel_before_the_start_sends_nothing(net: Net, alice: Side, bob: Peer):
    out = OutgoingInvite(
        uri=Uri.parse("sip:b@x"),
        destination=bob.address,
        from_=NameAddr(None, Uri.parse("sip:a@x")),
        to=NameAddr(None, Uri.parse("sip:b@x")),
        call_id="c",
        from_tag="t",
        branch_seed="s",
    )
    dialog = alice.agent.invite(out, alice.events.append)
    dialog.cancel()
    dialog.start((bob.address,))
    net.settle()

    assert statuses(alice) == [487]
    assert bob.inbox == []


def test_an_abandoned_call_is_cancelled_when_it_rings_after_all(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address)
    net.settle()
    dialog.abandon()
    invite = bob.last("INVITE")
    bob.reply(invite, 180)
    bob.reply(bob.last("CANCEL"), 200)
    bob.reply(invite, 487)

    assert alice.named() == ["Sent"]
    assert alice.agent.stats.dialogs == 0


def test_an_abandoned_call_is_hung_up_when_it_answers_after_all(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address)
    net.settle()
    dialog.abandon()
    bob.reply(bob.last("INVITE"), 200, body=ANSWER)

    assert [label(m) for m in bob.inbox] == ["INVITE", "ACK", "BYE"]
    assert alice.named() == ["Sent"]


@pytest.mark.parametrize(("status", "asks", "answers"), [
    (401, "WWW-Authenticate", "Authorization"),
    (407, "Proxy-Authenticate", "Proxy-Authorization"),
])  # fmt: skip
def test_a_challenge_is_answered_with_a_new_invite(
    net: Net, alice: Side, bob: Peer, status: int, asks: str, answers: str
):
    alice.invite(bob.address, credentials=Credentials("u", "p"))
    net.settle()
    first = bob.last("INVITE")
    bob.reply(first, status, headers=[(asks, DIGEST)])

    second = bob.last("INVITE")

    assert (second.headers.get(answers) or "").startswith('Digest username="u", realm="carrier"')
    assert str(second.cseq) == "2 INVITE"
    assert second.via.branch == "z9hG4bKseed.2"
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.to.tag is None
    assert alice.events == [Sent(1, "z9hG4bKseed.1"), Sent(2, "z9hG4bKseed.2")]
    bob.reply(second, 200, body=ANSWER)
    assert bob.last("ACK").headers.get(answers) == second.headers.get(answers)


def test_wrong_credentials_are_tried_once(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address, credentials=Credentials("u", "wrong"))
    net.settle()
    for nonce in ("n1", "n2", "n3"):
        challenge = DIGEST.replace("n1", nonce)
        bob.reply(bob.last("INVITE"), 401, headers=[("WWW-Authenticate", challenge)])

    assert len(bob.all("INVITE")) == 2
    assert statuses(alice)[-1] == 401


def test_a_stale_nonce_is_no_refusal_but_not_for_ever(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address, credentials=Credentials("u", "p"))
    net.settle()
    for count in range(6):
        challenge = DIGEST.replace("n1", f"n{count}") + ", stale=true"
        bob.reply(bob.last("INVITE"), 401, headers=[("WWW-Authenticate", challenge)])

    assert len(bob.all("INVITE")) == 3
    assert statuses(alice)[-1] == 401


def test_a_proxy_and_the_callee_may_both_challenge(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address, credentials=Credentials("u", "p"))
    net.settle()
    bob.reply(bob.last("INVITE"), 407, headers=[("Proxy-Authenticate", DIGEST)])
    other = DIGEST.replace("carrier", "callee")
    bob.reply(bob.last("INVITE"), 401, headers=[("WWW-Authenticate", other)])

    third = bob.last("INVITE")

    assert 'realm="carrier"' in (third.headers.get("Proxy-Authorization") or "")
    assert "nc=00000002" in (third.headers.get("Proxy-Authorization") or "")
    assert 'realm="callee"' in (third.headers.get("Authorization") or "")


def test_a_challenge_without_credentials_is_the_final_answer(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    bob.reply(bob.last("INVITE"), 401, headers=[("WWW-Authenticate", DIGEST)])

    assert statuses(alice) == ["Sent", 401]


def test_a_challenge_nobody_can_read_is_the_final_answer(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address, credentials=Credentials("u", "p"))
    net.settle()
    bob.reply(bob.last("INVITE"), 401, headers=[("WWW-Authenticate", "Digest nonsense")])

    assert statuses(alice) == ["Sent", 401]


def test_a_challenge_after_the_cancel_is_not_answered(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address, credentials=Credentials("u", "p"))
    net.settle()
    dialog.cancel()
    bob.reply(bob.last("INVITE"), 401, headers=[("WWW-Authenticate", DIGEST)])

    assert statuses(alice) == ["Sent", 487]
    assert len(bob.all("INVITE")) == 1


def test_a_session_interval_too_small_is_raised_and_tried_again(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address, session_expires_s=120)
    net.settle()
    assert bob.last("INVITE").headers.get("Session-Expires") == "120"

    bob.reply(bob.last("INVITE"), 422, headers=[("Min-SE", "600")])

    second = bob.last("INVITE")
    assert second.headers.get("Session-Expires") == "600"
    assert second.headers.get("Min-SE") == "600"
    bob.reply(second, 422, headers=[("Min-SE", "600")])  # that makes no sense
    assert statuses(alice)[-1] == 422


def test_the_next_target_is_tried_when_the_first_is_silent_or_overloaded(
    net: Net, alice: Side, bob: Peer
):
    second, third = net.peer("10.0.0.3"), net.peer("10.0.0.4")
    alice.invite(bob.address, also=(second.address, third.address))
    net.run(4.1)
    second.reply(second.last("INVITE"), 503)
    third.reply(third.last("INVITE"), 200, body=ANSWER)

    assert alice.named() == ["Sent", "Sent", "Sent", "Answered"]
    assert str(third.last("INVITE").cseq) == "3 INVITE"
    assert third.last("INVITE").via.branch == "z9hG4bKseed.3"


def test_an_answer_of_a_target_given_up_is_hung_up_and_does_not_win(
    net: Net, alice: Side, bob: Peer
):
    second = net.peer("10.0.0.3")
    alice.invite(bob.address, also=(second.address,))
    net.run(4.1)

    bob.reply(bob.last("INVITE"), 200, body=ANSWER)
    second.reply(second.last("INVITE"), 180)

    assert str(bob.last("ACK").cseq) == "1 ACK"
    assert bob.last("BYE").to.tag == "tb"
    assert alice.named() == ["Sent", "Sent", "Progress"]


def test_a_transport_that_refuses_fails_the_call_at_once(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    alice.agent.unreachable(("z9hG4bKseed.1", "INVITE"), "connection refused")
    net.settle()

    assert alice.events[-1] == Failed("transport", "connection refused")
    assert len(bob.inbox) == 1


def test_a_transport_nobody_listens_on_fails_the_call(net: Net, alice: Side):
    alice.invite(Destination("tcp", "10.0.0.2", 5060))
    net.settle()

    failed = alice.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.detail) == ("transport", "no listener speaks to tcp:10.0.0.2:5060")


def test_a_private_contact_behind_a_public_address_is_replaced(net: Net, alice: Side):
    bob = net.peer("193.0.0.7")
    dialog = alice.invite(bob.address)
    net.settle()
    bob.reply(
        bob.last("INVITE"),
        200,
        headers=[("Contact", "<sip:bob@192.168.1.5:5060>")],
        contact=False,
        body=ANSWER,
    )
    dialog.bye()
    net.settle()

    bye = bob.last("BYE")
    assert str(bye.uri) == "sip:bob@192.168.1.5:5060"  # what it calls itself, sent where it is


def test_lost_messages_change_nothing_but_the_time_it_takes(net: Net):
    alice, bob = net.side("10.0.0.1"), net.side("10.0.0.2")
    lost: set[str] = set()

    def lose_each_once(message: Message) -> bool:
        kind = label(message)
        fresh = kind not in lost
        lost.add(kind)
        return fresh

    net.drop = lose_each_once
    dialog = alice.invite(bob.address)
    net.run(3)
    answered = bob.calls[0].answer(ANSWER, bob.events.append)
    assert answered is not None
    net.run(5)
    dialog.bye()
    net.run(5)

    assert alice.named() == ["Sent", "Progress", "Answered", "Ended"]
    assert bob.named() == ["AckReceived", "ByeReceived", "Ended"]
    assert alice.events[-1] == Ended("bye-sent")
    assert lost >= {"INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"}


def test_options_of_the_stack_reach_the_invite(net: Net, bob: Peer):
    alice = net.side("10.0.0.1", SipOptions(session_expires_s=300, min_se_s=100))
    alice.invite(bob.address)
    net.settle()

    headers = bob.last("INVITE").headers
    assert headers.get("Session-Expires") == "300"
    assert headers.get("Min-SE") == "100"
    assert headers.get("User-Agent") == "test"
    assert headers.tokens("Supported") == {"100rel", "timer"}
    assert "UPDATE" in (headers.get("Allow") or "")
    assert isinstance(bob.last("INVITE"), Request)
