from unit.sip.transaction.samples import request, response
from voxgate.sip.transaction.mirror import ack_of, cancel_of


def test_the_ack_of_a_refusal_takes_the_tag_of_the_refusal_and_all_else_of_the_invite():
    invite = request("INVITE")

    ack = ack_of(invite, response(486, "INVITE", tag="busy"))

    assert ack.headers.all("Via") == invite.headers.all("Via")
    assert (ack.from_, ack.call_id, ack.uri) == (invite.from_, invite.call_id, invite.uri)
    assert (ack.to.tag, str(ack.cseq)) == ("busy", "7 ACK")
    assert ack.headers.all("Route") == invite.headers.all("Route")
    assert ack.headers.get("Max-Forwards") == "70"
    assert ack.body == b""


def test_a_cancel_has_the_to_of_the_invite_and_what_its_owner_adds():
    invite = request("INVITE")

    cancel = cancel_of(invite, [("Reason", "SIP;cause=200")])

    assert cancel.headers.all("Via") == invite.headers.all("Via")
    assert (cancel.to, str(cancel.cseq)) == (invite.to, "7 CANCEL")
    assert cancel.headers.get("Reason") == "SIP;cause=200"
