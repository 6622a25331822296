"""Forks, proxies in between, redirections, and messages that nobody should have sent."""

from collections.abc import Iterator

import pytest

from interop.raw_phone import RawPhone
from interop.stage import Stage


@pytest.fixture
def phone() -> Iterator[RawPhone]:
    with RawPhone() as made:
        yield made


def test_of_two_answering_forks_the_first_is_kept_and_the_second_hung_up(
    stage: Stage, phone: RawPhone
) -> None:
    call = stage.call(phone.port)
    invite = phone.expect("INVITE")
    phone.reply(invite, "180 Ringing", tag="one")
    phone.reply(invite, "180 Ringing", tag="two")
    phone.reply(invite, "200 OK", tag="two", body=phone.sdp)
    assert ";tag=two" in phone.expect("ACK").value("To")

    phone.reply(invite, "200 OK", tag="one", body=phone.sdp)
    assert ";tag=one" in phone.expect("ACK").value("To")
    unwanted = phone.expect("BYE")
    assert ";tag=one" in unwanted.value("To")
    phone.reply(unwanted, "200 OK")

    wanted = phone.expect("BYE")
    assert ";tag=two" in wanted.value("To")
    phone.reply(wanted, "200 OK")
    assert call.ended()["call_status"] == "completed"
    assert call.statuses().count("in-progress") == 1


def test_requests_inside_the_call_follow_the_recorded_route(stage: Stage, phone: RawPhone) -> None:
    call = stage.call(phone.port)
    invite = phone.expect("INVITE")
    # Two proxies of this carrier stand at the same port; the callee's own address is behind them.
    inner, outer = "<sip:inner.invalid;lr>", f"<sip:127.0.0.1:{phone.port};lr;proxy=outer>"
    phone.reply(
        invite,
        "200 OK",
        f"Record-Route: {inner}",
        f"Record-Route: {outer}",
        tag="far",
        body=phone.sdp,
        contact="<sip:callee@192.0.2.9:5999>",
    )
    for method in ("ACK", "BYE"):
        request = phone.expect(method)
        assert request.target == "sip:callee@192.0.2.9:5999"
        routes = ", ".join(request.values("Route"))
        assert routes == f"{outer}, {inner}"
    phone.reply(request, "200 OK")
    assert call.ended()["call_status"] == "completed"


def test_a_redirection_is_followed_once_to_its_contact(stage: Stage, phone: RawPhone) -> None:
    with RawPhone() as elsewhere:
        call = stage.call(phone.port)
        invite = phone.expect("INVITE")
        phone.reply(
            invite,
            "302 Moved Temporarily",
            tag="far",
            contact=f"<sip:other@127.0.0.1:{elsewhere.port}>",
        )
        phone.expect("ACK")
        second = elsewhere.expect("INVITE")
        elsewhere.reply(second, "486 Busy Here", tag="far")
        elsewhere.expect("ACK")
        ended = call.ended()

    assert (ended["call_status"], ended["sip_status"]) == ("busy", 486)


def test_garbage_and_strangers_responses_do_not_disturb_a_call(
    stage: Stage, phone: RawPhone
) -> None:
    call = stage.call(phone.port)
    invite = phone.expect("INVITE")
    source = invite.source
    for garbage in (
        "",
        "\r\n\r\n",
        "SIP/2.0 200",
        "SIP/2.0 200 OK\r\n\r\n",
        "INVITE",
        "\x00\xff" * 700,
        "SIP/2.0 999 No\r\nVia: x\r\n\r\n",
        "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKstranger\r\n"
        "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: nobody\r\nCSeq: 1 INVITE\r\n"
        "Content-Length: 0\r\n\r\n",
    ):
        phone.send(garbage, source)
    phone.reply(invite, "200 OK", tag="far", body=phone.sdp)
    phone.expect("ACK")
    bye = phone.expect("BYE")
    phone.reply(bye, "200 OK")

    assert call.ended()["call_status"] == "completed"
    assert stage.gateway.request("GET", "/ready").status == 200


def test_compact_and_folded_headers_are_understood(stage: Stage, phone: RawPhone) -> None:
    call = stage.call(phone.port)
    invite = phone.expect("INVITE")
    compact = "\r\n".join([
        "SIP/2.0 200 OK",
        *(f"v: {value}" for value in invite.values("Via")),
        f"f: {invite.value('From')}",
        f"t: {invite.value('To')}\r\n ;tag=far",
        f"i: {invite.value('Call-ID')}",
        f"CSeq:\r\n\t{invite.value('CSeq')}",
        f"m: <sip:raw@127.0.0.1:{phone.port}>",
        "c: application/sdp",
        f"l: {len(phone.sdp)}",
        "",
        phone.sdp,
    ])
    phone.send(compact, invite.source)
    phone.expect("ACK")
    phone.reply(phone.expect("BYE"), "200 OK")

    assert call.ended()["call_status"] == "completed"


def test_an_invite_to_the_gateway_is_refused_in_time(stage: Stage, phone: RawPhone) -> None:
    target = ("127.0.0.1", stage.gateway.sip_port)
    phone.send(
        f"INVITE sip:4930111222@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKinbound;rport\r\n"
        "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:4930111222@127.0.0.1>\r\n"
        f"Call-ID: inbound-{phone.port}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:a@127.0.0.1:{phone.port}>\r\nContent-Length: 0\r\n\r\n",
        target,
    )
    heard = phone.expect("SIP/2.0")
    while heard.target == "100":
        heard = phone.expect("SIP/2.0")

    assert 400 <= int(heard.target) < 700
    assert stage.gateway.request("GET", "/ready").status == 200


def test_options_to_the_gateway_are_answered(stage: Stage, phone: RawPhone) -> None:
    phone.send(
        f"OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKping;rport\r\n"
        "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n"
        f"Call-ID: ping-{phone.port}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
        "Content-Length: 0\r\n\r\n",
        ("127.0.0.1", stage.gateway.sip_port),
    )
    answer = phone.expect("SIP/2.0")

    assert answer.target == "200"
    assert "INVITE" in answer.value("Allow")
