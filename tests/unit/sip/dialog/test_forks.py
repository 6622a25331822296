import pytest

from unit.sip.dialog.rig import ANSWER, Net, Peer, Side
from voxgate.sip.dialog.events import Progress
from voxgate.sip.dialog.forks import FORKS_MAX
from voxgate.sip.message import Response


@pytest.fixture
def net() -> Net:
    return Net()


@pytest.fixture
def alice(net: Net) -> Side:
    return net.side("10.0.0.1")


@pytest.fixture
def bob(net: Net) -> Peer:
    return net.peer("10.0.0.2")


def test_each_phone_has_its_own_route_and_numbers():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    one, two = net.peer("10.0.1.1"), net.peer("10.0.1.2")
    alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")
    reliable = [("Require", "100rel"), ("RSeq", "1")]
    for tag, phone in (("one", one), ("two", two)):
        contact = [("Contact", f"<sip:{phone.address.sent_by}>")]
        bob.reply(invite, 183, tag=tag, headers=[*reliable, *contact], contact=False)

    assert str(one.last("PRACK").cseq) == str(two.last("PRACK").cseq) == "2 PRACK"
    assert (one.last("PRACK").to.tag, two.last("PRACK").to.tag) == ("one", "two")


def test_the_route_of_the_answer_counts_not_that_of_the_ringing():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    late = net.peer("10.0.0.9")
    alice.invite(bob.address)
    net.settle()
    bob.reply(bob.last("INVITE"), 180, headers=[("Record-Route", "<sip:10.0.0.8;lr>")])

    bob.reply(
        bob.last("INVITE"),
        200,
        headers=[("Record-Route", "<sip:10.0.0.9:5060;lr>")],
        body=ANSWER,
    )

    assert late.last("ACK").headers.all("Route") == ["<sip:10.0.0.9:5060;lr>"]


def test_a_late_phone_is_hung_up_even_after_the_call_has_ended():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    dialog = alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")
    bob.reply(invite, 200, tag="first", body=ANSWER)
    dialog.bye()
    net.settle()
    bob.reply(bob.last("BYE"), 200)

    bob.reply(invite, 200, tag="second", body=ANSWER)

    assert [m.to.tag for m in bob.all("BYE")] == ["first", "second"]
    assert alice.named() == ["Sent", "Answered", "Ended"]


def test_reliable_provisional_responses_are_acknowledged_in_order(net: Net, alice: Side, bob: Peer):
    dialog = alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE")

    def reliable(rseq: int) -> None:
        bob.reply(invite, 183, headers=[("Require", "100rel"), ("RSeq", str(rseq))])

    reliable(10)
    bob.reply(bob.last("PRACK"), 200)
    reliable(10)  # a repeat
    reliable(12)  # 11 was lost
    reliable(11)
    bob.reply(bob.last("PRACK"), 200)

    racks = [m.headers.get("RAck") for m in bob.all("PRACK")]
    assert racks == ["10 1 INVITE", "11 1 INVITE"]
    assert [str(m.cseq) for m in bob.all("PRACK")] == ["2 PRACK", "3 PRACK"]
    assert len([e for e in alice.events if isinstance(e, Progress)]) == 2
    bob.reply(invite, 200, body=ANSWER)
    dialog.bye()
    net.settle()
    assert str(bob.last("ACK").cseq) == "1 ACK"
    assert str(bob.last("BYE").cseq) == "4 BYE"


def test_an_update_before_the_answer_is_handed_over_and_answered(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    bob.reply(bob.last("INVITE"), 183)

    bob.request("UPDATE", alice.address, body=b"new early media", cseq=1)
    updated = alice.events[-1]
    updated.respond(200, body=b"ok")  # type: ignore[union-attr]
    net.settle()
    bob.request("INFO", alice.address, body=b"Signal=1", content_type="application/dtmf-relay")
    bob.request("UPDATE", alice.address, from_="<sip:bob@b.example>;tag=stranger")

    answer = bob.all("200 UPDATE")[0]
    assert isinstance(answer, Response)
    assert answer.body == b"ok"
    assert alice.named()[-2:] == ["Updated", "InfoReceived"]
    assert len(bob.all("200 INFO")) == 1
    assert len(bob.all("481 UPDATE")) == 1


def test_a_proxy_gone_mad_does_not_fill_our_memory(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    for number in range(200):
        bob.reply(bob.last("INVITE"), 180, tag=f"t{number}")

    assert alice.named().count("Progress") == FORKS_MAX
