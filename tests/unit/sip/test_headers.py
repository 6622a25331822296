from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sip.grammar import InvalidHeader, MalformedMessage
from voxgate.sip.headers import (
    COMPACT,
    CSeq,
    Headers,
    NameAddr,
    RAck,
    Reason,
    SessionExpires,
    Via,
    header_key,
    header_names,
)
from voxgate.sip.uri import Uri

BERT = Uri.parse("sip:bert@example.com")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<sip:bert@example.com>", NameAddr(None, BERT)),
        ("sip:bert@example.com;tag=1", NameAddr(None, BERT, (("tag", "1"),))),
        ("sip:bert@example.com ;tag=1", NameAddr(None, BERT, (("tag", "1"),))),
        ("Bert <sip:bert@example.com>;tag=1", NameAddr("Bert", BERT, (("tag", "1"),))),
        ("Bert  B.<sip:bert@example.com>", NameAddr("Bert  B.", BERT)),
        ("Bell, Bert <sip:bert@example.com>", NameAddr("Bell, Bert", BERT)),
        ("J\u00fcrgen <sip:bert@example.com>", NameAddr("J\u00fcrgen", BERT)),
        ('"A \\"B\\" <C>, D"<sip:bert@example.com>', NameAddr('A "B" <C>, D', BERT)),
        ('"" <sip:bert@example.com>', NameAddr("", BERT)),
        ("< sip:bert@example.com > ; x", NameAddr(None, BERT, (("x", None),))),
        ("<tel:+49151>;q=0.5", NameAddr(None, Uri("tel", "+49151"), (("q", "0.5"),))),
        ("<urn:a;b>", NameAddr(None, Uri("urn", opaque="a;b"))),
        (
            "<sip:a@h;lr?X=y>",
            NameAddr(None, Uri("sip", "a", "h", parameters=(("lr", None),), headers=(("X", "y"),))),
        ),
    ],
)
def test_address_is_read(text: str, address: NameAddr):
    assert NameAddr.parse(text) == address
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "Bert",
        "<>",
        "<sip:bert@example.com",
        "sip:bert@example.com>",
        '"Bert <sip:bert@example.com>',
        '"Bert" Bell <sip:bert@example.com>',
        'Bert "B" <sip:bert@example.com>',
        '"Bert" sip:bert@example.com',
        "<sip:bert@example.com> x",
        "<sip:bert@example.com>, <sip:anna@example.com>",
        "sip:bert@example.com, sip:anna@example.com",
        "sip:bert@example.com?X=y",
        "<sip:bert@example.com>;=1",
        "sip:a>b <sip:bert@example.com>",
    ],
)
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        NameAddr.parse(text)


def test_addresses_are_separated_by_commas_outside_quotes():
    addresses = NameAddr.parse_many('"B, C" <sip:a@h>;q=1 , <sip:b@h>,sip:c@h;q=0.1')

    assert [str(address.uri) for address in addresses] == ["sip:a@h", "sip:b@h", "sip:c@h"]


def test_tag_is_set_in_its_place():
    address = NameAddr.parse('"B" <sip:b@h;tag=no>;x;TAG=1')

    assert address.tag == "1"
    assert str(address.with_tag("2")) == '"B" <sip:b@h;tag=no>;x;TAG=2'
    assert (address.parameter("x"), address.parameter("y")) == ("", None)


def test_display_name_cannot_end_its_quotes():
    printed = str(NameAddr('x" <sip:evil@h>, "\\', BERT))

    assert printed == '"x\\" <sip:evil@h>, \\"\\\\" <sip:bert@example.com>'
    with pytest.raises(InvalidHeader):
        Headers([("From", str(NameAddr("x\r\nTo: y", BERT)))])


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a\r\n"])
def test_parameter_name_that_is_no_token_cannot_be_made(name: str):
    with pytest.raises(InvalidHeader):
        Via("UDP", "h", parameters=((name, "1"),))
    with pytest.raises(InvalidHeader):
        NameAddr(None, BERT, ((name, "1"),))


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("SIP/2.0/UDP h", Via("UDP", "h")),
        ("sip/2.0/tcp h:5070;rport", Via("TCP", "h", 5070, (("rport", None),))),
        (
            "SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1",
            Via("UDP", "first.example.com", 4000, (("ttl", "16"), ("maddr", "224.2.0.1"))),
        ),
        ("SIP/2.0/TLS [2001:db8::9]:5061", Via("TLS", "2001:db8::9", 5061)),
        (
            "SIP/2.0/UDP h;received=2001:db8::1;branch=z9hG4bK1",
            Via("UDP", "h", None, (("received", "2001:db8::1"), ("branch", "z9hG4bK1"))),
        ),
    ],
)
def test_via_is_read(text: str, via: Via):
    assert Via.parse(text) == via
    assert Via.parse(str(via)) == via


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP h:0",
        "SIP/2.0/UDP h:99999",
        "SIP/3.0/UDP h",
        "SIP/2.0/ h",
        "SIP/2.0/UDP h x",
        "SIP/2.0/UDP h;;",
        "SIP/2.0/UDP h:1:2",
        "HTTP/1.1 h",
        "SIP/2.0/UDP ,",
    ],
)
def test_what_is_no_via_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        Via.parse(text)


def test_vias_are_separated_by_commas():
    assert [via.host for via in Via.parse_many("SIP/2.0/UDP a , SIP/2.0/TCP b;branch=1")] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SIP/2.0/UDP 192.0.2.1", "SIP/2.0/UDP 192.0.2.1"),
        ("SIP/2.0/UDP h", "SIP/2.0/UDP h;received=192.0.2.1"),
        ("SIP/2.0/UDP h;rport", "SIP/2.0/UDP h;rport=41000;received=192.0.2.1"),
        (
            "SIP/2.0/UDP 192.0.2.1;rport;branch=x",
            "SIP/2.0/UDP 192.0.2.1;rport=41000;branch=x;received=192.0.2.1",
        ),
        (
            "SIP/2.0/UDP h;rport=1;received=9.9.9.9",
            "SIP/2.0/UDP h;rport=41000;received=192.0.2.1",
        ),
    ],
)
def test_source_is_noted_as_rfc3581_says(before: str, after: str):
    noted = Via.parse(before).received_from("192.0.2.1", 41_000)

    assert str(noted) == after


def test_via_parameter_without_a_value_is_no_value():
    via = Via.parse("SIP/2.0/UDP h;rport;received")

    assert (via.received, via.branch, via.wants_rport) == (None, None, True)
    assert (via.parameter("rport"), via.parameter("ttl")) == ("", None)
    assert Via.parse("SIP/2.0/UDP h;received=192.0.2.4").received == "192.0.2.4"


def test_via_that_cannot_be_written_cannot_be_made():
    for parts in (("U DP", "h"), ("UDP", "h x"), ("", "h"), ("UDP", "")):
        with pytest.raises(InvalidHeader):
            Via(*parts)


def test_cseq():
    assert CSeq.parse(" 0009 \t INVITE ") == CSeq(9, "INVITE")
    assert str(CSeq(4_294_967_295, "X-Y")) == "4294967295 X-Y"


@pytest.mark.parametrize(
    "text", ["", "1", "INVITE", "1 IN VITE", "4294967296 A", "-1 A", "\u0661 A"]
)
def test_what_is_no_cseq_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        CSeq.parse(text)


@pytest.mark.parametrize(("number", "method"), [(-1, "A"), (2**32, "A"), (1, "A B"), (1, "")])
def test_cseq_that_cannot_be_written_cannot_be_made(number: int, method: str):
    with pytest.raises(InvalidHeader):
        CSeq(number, method)


def test_rack():
    assert RAck.parse("776656 1 INVITE") == RAck(776_656, CSeq(1, "INVITE"))
    assert str(RAck(3, CSeq(1, "INVITE"))) == "3 1 INVITE"
    with pytest.raises(MalformedMessage):
        RAck.parse("1 INVITE")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SIP", Reason("SIP")),
        ('SIP;cause=580;text="Precondition; Failure"', Reason("SIP", 580, "Precondition; Failure")),
        ("Q.850 ; cause = 16", Reason("Q.850", 16)),
        (
            'Q.850;cause=3;text="Unallocated";location=LN',
            Reason("Q.850", 3, "Unallocated", (("location", "LN"),)),
        ),
    ],
)
def test_reason_is_read(text: str, reason: Reason):
    assert Reason.parse(text) == reason
    assert Reason.parse(str(reason)) == reason


def test_reasons_of_two_protocols_may_share_a_line():
    text = 'SIP;cause=200;text="Call completed elsewhere", Q.850;cause=26'

    assert [(reason.protocol, reason.cause) for reason in Reason.parse_many(text)] == [
        ("SIP", 200),
        ("Q.850", 26),
    ]


@pytest.mark.parametrize("text", ["", ";cause=1", "Q.850;cause=x", "Q 850", "Q.850;cause=1 6"])
def test_what_is_no_reason_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        Reason.parse(text)


def test_reason_that_cannot_be_written_cannot_be_made():
    with pytest.raises(InvalidHeader):
        Reason("Q 850")


def test_session_expires():
    assert SessionExpires.parse("1800") == SessionExpires(1800)
    assert SessionExpires.parse("90 ;Refresher=UAS;x=1") == SessionExpires(90, "uas", (("x", "1"),))
    assert str(SessionExpires(90, "uac", (("x", None),))) == "90;refresher=uac;x"
    with pytest.raises(InvalidHeader):
        SessionExpires(90, "me")


@pytest.mark.parametrize("text", ["", "x", "90;refresher=me", "4294967296", "90,91"])
def test_what_is_no_session_expires_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        SessionExpires.parse(text)


def test_every_compact_name_finds_its_long_one():
    for compact, name in COMPACT.items():
        assert header_key(compact) == header_key(compact.upper()) == header_key(name)
        assert header_names(compact) == header_names(name.swapcase()) == (name, name.lower())


def test_unknown_name_keeps_its_case():
    assert header_names("X-cUSTOM ") == ("X-cUSTOM", "x-custom")
    assert header_names("X Custom") is None


DISPLAY = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)
PARAMETERS = st.lists(
    st.tuples(st.text("abc-.1", min_size=1, max_size=5), st.none() | st.text(max_size=8)),
    max_size=3,
).map(tuple)


@given(DISPLAY, PARAMETERS)
def test_reading_an_address_undoes_printing(
    display: str | None, parameters: tuple[tuple[str, str | None], ...]
):
    address = NameAddr(display, BERT, parameters)

    assert NameAddr.parse(str(address)) == address
    assert NameAddr.parse_many(f"{address}, {address}") == (address, address)


@given(st.sampled_from(["UDP", "TCP", "WSS"]), st.none() | st.integers(1, 65_535), PARAMETERS)
def test_reading_a_via_undoes_printing(
    transport: str, port: int | None, parameters: tuple[tuple[str, str | None], ...]
):
    via = Via(transport, "2001:db8::1", port, parameters)

    assert Via.parse(str(via)) == via
    assert Via.parse(str(replace(via, host="h.example"))).host == "h.example"


@given(
    st.sampled_from([NameAddr, Via, CSeq, RAck, Reason, SessionExpires]),
    st.text(max_size=30) | st.text('SIP/2.0 UDPh<>";=, 129sip:@x', max_size=40),
)
def test_any_text_gives_a_value_that_prints_itself_or_a_named_error(kind: type[Via], text: str):
    try:
        value = kind.parse(text)
    except MalformedMessage:
        return

    assert kind.parse(str(value)) == value
