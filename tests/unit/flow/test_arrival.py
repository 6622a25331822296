from unit.flow.outside import SDP, Outside
from voxgate.flow.arrival import arrival_of, called_number, sip_document
from voxgate.model.inbound import Trunk


def test_the_number_loses_the_parameters_some_trunks_add():
    invite = Outside().invite("sip:+49301;npdi;rn=49@192.0.2.1;user=phone")

    found = arrival_of(invite, called_number(invite.request, ()))

    assert (found.to, found.from_user, found.caller_name) == ("+49301", "alice", "Ann")
    assert (found.call_id, found.source_ip) == ("call-1", "192.0.2.9")


def test_a_registrar_may_put_our_user_name_where_the_number_belongs():
    outside = Outside()
    outside.send("INVITE", "sip:acct@192.0.2.1", to="<sip:+49301@trunk.example>")
    request = outside.invites[0].request

    assert called_number(request, [Trunk("t", "t", register_username="acct")]) == "+49301"
    assert called_number(request, [Trunk("t", "t", register_username="other")]) == "acct"


def test_the_document_has_what_came_but_nothing_that_only_we_may_say():
    """Contract 3.5 and 11.4."""
    headers = (
        "x-Custom: kept",
        "USER-AGENT: phone",
        "X-Account-Sid: forged",
        "Proxy-Authorization: Digest secret",
        "Supported: timer",
        "k: 100rel",
    )
    invite = Outside().invite("sip:1@192.0.2.1", *headers)

    document = sip_document(invite.request, invite.source, {"X-Account-Sid": "ours"})

    shown = document["headers"]
    assert shown["x-Custom"] == "kept"
    assert shown["user-agent"] == "phone"
    assert shown["supported"] == "timer, 100rel"
    assert shown["X-Account-Sid"] == "ours"
    assert "forged" not in str(document)
    assert "secret" not in str(document)
    assert (document["body"], document["payload"][0]["content"]) == (SDP, SDP)
    assert document["raw"].endswith("\r\n\r\n" + SDP)
    assert (document["source_address"], document["protocol"]) == ("192.0.2.9", "udp")
