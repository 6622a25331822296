from unit.sip.dialog.rig import ANSWER, Net, Peer, label
from voxgate.sip.dialog.stray import PER_SECOND_MAX
from voxgate.sip.message import Request, Response


def forgotten() -> tuple[Net, Peer, Request]:
    """An INVITE whose sender has been restarted."""
    net = Net()
    bob = net.peer("10.0.0.2")
    net.side("10.0.0.1").invite(bob.address)
    net.settle()
    net.side("10.0.0.1")
    return net, bob, bob.last("INVITE")


def test_a_2xx_to_an_invite_of_a_former_life_is_acknowledged_and_hung_up():
    _, bob, invite = forgotten()

    bob.reply(invite, 200, body=ANSWER)

    assert [label(m) for m in bob.inbox] == ["INVITE", "ACK", "BYE"]
    bye = bob.last("BYE")
    assert (bye.to.tag, bye.from_.tag, bye.cseq.number) == ("tb", "fa", 2)


def test_a_refusal_of_a_former_life_is_acknowledged_on_its_branch():
    _, bob, invite = forgotten()

    bob.reply(invite, 486)

    ack = bob.last("ACK")
    assert ack.via.branch == invite.via.branch
    assert ack.to.tag == "tb"


def test_provisional_responses_and_other_methods_are_dropped():
    _, bob, invite = forgotten()

    bob.reply(invite, 180)
    headers = invite.headers.copy()
    headers.replace("CSeq", "1 OPTIONS")
    bob.reply(Request("OPTIONS", invite.uri, headers), 200)

    assert [label(m) for m in bob.inbox] == ["INVITE"]


def test_a_response_to_somebody_else_is_dropped():
    net, bob, invite = forgotten()
    headers = invite.headers.copy()
    headers.replace("Via", "SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKseed.1")
    headers.replace("Contact", f"<sip:bob@{bob.address.sent_by}>")

    net.put(Response(200, "OK", headers).to_bytes(), bob.address, net.log[0][0])
    net.settle()

    assert [label(m) for m in bob.inbox] == ["INVITE"]


def test_forged_answers_cannot_make_us_a_reflector():
    _, bob, invite = forgotten()

    for number in range(3 * PER_SECOND_MAX):
        bob.reply(invite, 200, tag=f"t{number}", body=ANSWER)

    assert len(bob.all("BYE")) == PER_SECOND_MAX
