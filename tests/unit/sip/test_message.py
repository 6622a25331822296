from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sip.grammar import InvalidHeader, MalformedMessage
from voxgate.sip.headers import SealedHeaders
from voxgate.sip.message import (
    Headers,
    Message,
    Request,
    Response,
    UnreadableMessage,
    parse,
    response_to,
)
from wire import rfc4475

WIRE = Path(rfc4475.__file__).parent

INVITE = (
    b"INVITE sip:+49151@carrier.example;transport=udp SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx1;rport\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx0\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna" <sip:anna@example.org>;tag=f1\r\n'
    b"To: <sip:+49151@carrier.example>\r\n"
    b"Call-ID: c1@example.org\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Contact: <sip:anna@192.0.2.1:5060>\r\n"
    b"Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n"
    b"X-Campaign: 42\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)


def changed(before: bytes, after: bytes) -> bytes:
    assert before in INVITE
    return INVITE.replace(before, after)


def refused(data: bytes) -> UnreadableMessage:
    with pytest.raises(UnreadableMessage) as caught:
        parse(data)
    return caught.value


def test_request_is_read_into_its_parts():
    request = parse(INVITE)

    assert isinstance(request, Request)
    assert (request.method, str(request.uri)) == (
        "INVITE",
        "sip:+49151@carrier.example;transport=udp",
    )
    assert request.via.branch == "z9hG4bKx1"
    assert request.via_count == 2
    assert (request.from_.display, request.from_.tag, request.to.tag) == ("Anna", "f1", None)
    assert (request.call_id, request.cseq.number, request.cseq.method) == (
        "c1@example.org",
        1,
        "INVITE",
    )
    assert request.contact is not None
    assert request.contact.uri.port == 5060
    assert [route.uri.host for route in request.record_routes] == ["p2.example", "p1.example"]
    assert request.max_forwards == 70
    assert request.content_type == "application/sdp"
    assert request.body == b"v=0\r\n"


def test_request_is_printed_as_it_was_read():
    assert parse(INVITE).to_bytes() == INVITE


def test_response_is_printed_as_it_was_read():
    ok = INVITE.replace(INVITE[: INVITE.index(b"\r\n")], b"SIP/2.0 180 Es klingelt \xc3\xbc")

    response = parse(ok)

    assert isinstance(response, Response)
    assert (response.status, response.reason) == (180, "Es klingelt \u00fc")
    assert response.to_bytes() == ok


@pytest.mark.parametrize("name", [*rfc4475.VALID, *rfc4475.SOUND])
def test_rfc4475_message_is_read(name: str):
    message = parse((rfc4475.VALID | rfc4475.SOUND)[name])

    assert parse(message.to_bytes()).to_bytes() == message.to_bytes()


@pytest.mark.parametrize("name", rfc4475.BROKEN)
def test_rfc4475_message_is_refused(name: str):
    data, status = rfc4475.BROKEN[name]

    failure = refused(data)

    if status is None:
        assert failure.salvaged is None
    else:
        assert failure.status == status


def test_rfc4475_wsinv_means_what_it_says_between_the_blanks():
    request = parse(rfc4475.VALID["wsinv"])

    assert isinstance(request, Request)
    assert (request.to.uri.host, request.to.tag) == ("example.com", "19z")
    assert (request.from_.display, request.from_.tag) == ('A N \\ "Anna"', "98asjd8")
    assert (request.cseq.number, request.max_forwards) == (9, 68)
    assert (request.via.transport, request.via.branch, request.via_count) == ("UDP", "390skdjuw", 3)
    assert request.contact is not None
    assert request.contact.display == 'Quoted string ""'
    assert request.contact.parameters == (
        ("newparam", "newvalue"),
        ("secondparam", None),
        ("q", "0.33"),
    )
    assert request.headers.get("Subject") == ""
    assert request.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    assert request.routes[0].uri.parameter("lr") == ""


def test_rfc4475_intmeth_keeps_every_unusual_character_that_can_be_kept():
    request = parse(rfc4475.VALID["intmeth"])

    assert isinstance(request, Request)
    assert request.method == request.cseq.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert request.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert request.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert request.to.display == "BEL:\ufffd NUL:\ufffd DEL:\ufffd"
    assert request.from_.display == "token1~` token2'+_ token3*%!.-"
    assert request.from_.tag == "_token~1'+`*%!-."


def test_rfc4475_escapes_are_taken_out_of_uris_and_left_in_methods():
    escaped = parse(rfc4475.VALID["esc01"])
    method = parse(rfc4475.VALID["esc02"])

    assert isinstance(escaped, Request)
    assert escaped.uri.user == "sips:user@example.com"
    assert escaped.to.uri.user == "user"
    assert escaped.contact is not None
    assert escaped.contact.uri.parameters == (("lr", None), ("name", "value%41"))
    assert isinstance(method, Request)
    assert method.method == "RE%47IST%45R"
    assert method.to.display == "%Z%45"


def test_rfc4475_semiuri_is_a_user_not_a_parameter():
    request = parse(rfc4475.VALID["semiuri"])

    assert isinstance(request, Request)
    assert (request.uri.user, request.uri.parameters) == ("user;par=u@example.net", ())


def test_rfc4475_second_message_in_a_datagram_is_dropped():
    request = parse(rfc4475.VALID["dblreq"])

    assert isinstance(request, Request)
    assert (request.method, request.body) == ("REGISTER", b"")


def test_rfc4475_parameters_of_a_bare_address_belong_to_the_header():
    bare = parse(rfc4475.VALID["cparam01"]).contact
    bracketed = parse(rfc4475.VALID["cparam02"]).contact

    assert bare is not None
    assert bracketed is not None
    assert (bare.parameter("unknownparam"), bare.uri.parameter("unknownparam")) == ("", None)
    assert (bracketed.parameter("unknownparam"), bracketed.uri.parameter("unknownparam")) == (
        None,
        "",
    )


def test_rfc4475_multipart_gives_up_its_parts():
    message = parse(rfc4475.VALID["mpart01"])

    assert message.part("text/plain") == b"Hello"
    assert message.part("application/octet-stream") == b"\x30\x82\x01\x00\x00\xff\r\n\r\n\x00"
    assert message.part("application/sdp") is None


@pytest.mark.parametrize("peer", sorted(path.name for path in WIRE.glob("*.sip")))
def test_what_real_peers_send_is_read_and_can_be_sent_again(peer: str):
    message = parse((WIRE / peer).read_bytes())

    assert parse(message.to_bytes()).headers == message.headers
    assert (message.from_.tag is None, message.via.branch is None) == (False, False)
    if message.cseq.method == "INVITE":
        assert message.contact is not None
        assert message.part("application/sdp") == message.body


def test_status_line_without_a_reason_phrase_or_its_blank_is_read():
    assert parse(changed(INVITE[: INVITE.index(b"\r\n")], b"SIP/2.0 200")).reason == ""


def test_fold_of_any_length_is_one_blank():
    request = parse(changed(b"X-Campaign: 42", b"X-Campaign: 4\r\n \t\r\n\t 2"))

    assert request.headers.get("X-Campaign") == "4 2"


def test_empty_lines_before_a_message_are_skipped():
    assert parse(b"\r\n\r\n" + INVITE).to_bytes() == INVITE


def test_no_header_of_a_received_message_holds_a_control_character():
    request = parse(changed(b'"Anna"', b'"A\x00\x01\x1b\x7f\tB"').replace(b": 42", b": \x0742"))

    assert request.from_.display == "A\ufffd\ufffd\ufffd\ufffd\tB"
    assert request.headers.get("X-Campaign") == "\ufffd42"
    # So that what was received can be sent again.
    Headers(request.headers)


def test_latin1_display_name_is_read_and_leaves_as_utf8():
    request = parse(changed(b'"Anna"', b'"J\xfcrgen"'))

    assert request.from_.display == "J\u00fcrgen"
    assert "J\u00fcrgen".encode() in request.to_bytes()


def test_datagram_without_content_length_ends_with_its_body():
    assert parse(changed(b"Content-Length: 5\r\n", b"")).body == b"v=0\r\n"


def test_star_contact_is_no_address():
    request = parse(changed(b"<sip:anna@192.0.2.1:5060>", b"*"))

    assert request.contact is None
    assert request.headers.get("Contact") == "*"


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\rX-Smuggled: 1\r\n", b"\nX-Smuggled: 1\r\n"])
def test_bare_line_ends_are_refused(line_end: bytes):
    refused(changed(b"X-Campaign: 42\r\n", b"X-Campaign: 42" + line_end))


@pytest.mark.parametrize(
    ("before", "after", "header"),
    [
        (b"X-Campaign: 42", b"X-Campaign 42", "header line"),
        (b"X-Campaign: 42", b"X Campaign: 42", "header line"),
        (b"X-Campaign: 42", b": 42", "header line"),
        (b"Call-ID: c1@example.org\r\n", b"", "Call-ID"),
        (b"c1@example.org", b"two words", "Call-ID"),
        (b"c1@example.org", b"", "Call-ID"),
        (b"CSeq: 1 INVITE", b"CSeq: -1 INVITE", "CSeq"),
        (b"CSeq: 1 INVITE", b"CSeq: 1INVITE", "CSeq"),
        (b"Max-Forwards: 70", b"Max-Forwards: many", "Max-Forwards"),
        (b"<sip:anna@192.0.2.1:5060>", b"<sip:anna@192.0.2.1:99999>", "Contact"),
        (b"<sip:p1.example;lr>", b"<sip:p1.example;lr", "Record-Route"),
        (b"X-Campaign: 42", b"Route: garbage", "Route"),
        (b'"Anna" <sip:anna@example.org>', b"<sip:anna@example.org>, <sip:b@c>", "From"),
        (b"sip:+49151@carrier.example;transport=udp SIP", b"sip:@host SIP", "request URI"),
        (b"X-Campaign: 42", b"X-Long: " + b"x" * 9000, "header line"),
        (b"X-Campaign: 42", b"\r\n".join([b"X-Many: 1"] * 200), "message"),
    ],
)
def test_broken_request_names_the_header_and_can_still_be_answered(
    before: bytes, after: bytes, header: str
):
    failure = refused(changed(before, after))

    assert (failure.header, failure.status) == (header, 400)
    assert failure.salvaged is not None
    answer = response_to(failure.salvaged, failure.status, "Bad Request")
    assert answer.to_bytes().count(b"\r\nVia: ") == 2
    assert answer.via.branch == "z9hG4bKx1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"INVITE",
        INVITE[:200],
        changed(b"SIP/2.0/UDP 192.0.2.1:5060", b"SIP/3.0/UDP 192.0.2.1:5060"),
        changed(b"INVITE", b"ACK").replace(b"c1@example.org", b""),
        changed(INVITE[: INVITE.index(b"\r\n")], b"SIP/2.0 999 Far out"),
        INVITE + bytes(70_000),
    ],
)
def test_what_nobody_waits_for_is_not_salvaged(data: bytes):
    assert refused(data).salvaged is None


def test_message_of_ours_is_read_when_it_is_asked():
    request = Request("INFO", "sip:x@h", Headers([("Via", "SIP/2.0/UDP a, SIP/2.0/UDP b")]))

    assert request.via.host == "a"
    assert (request.contact, request.routes, request.record_routes) == (None, (), ())
    assert (request.content_type, request.max_forwards, request.part("text/plain")) == (
        None,
        None,
        None,
    )
    for name in ("from_", "to", "cseq", "call_id"):
        with pytest.raises(MalformedMessage, match="missing"):
            getattr(request, name)
    with pytest.raises(MalformedMessage, match="Via"):
        Message(Headers([("Via", "?")]), b"").via  # noqa: B018


def test_messages_and_headers_say_what_they_are():
    headers = Headers([("Via", "a")])

    assert repr(Request("BYE", "sip:x@h", headers)) == (
        "Request('BYE', 'sip:x@h', Headers([('Via', 'a')]), b'')"
    )
    assert repr(Response(200, "OK", headers)) == "Response(200, 'OK', Headers([('Via', 'a')]), b'')"
    assert (len(headers), headers == headers.copy(), headers == Headers(), headers == "a") == (
        1,
        True,
        False,
        False,
    )


def test_headers_are_found_by_any_spelling():
    headers = Headers([("Via", "a"), ("X-Thing", "1"), ("x-thing", "2"), ("k", "timer, 100rel")])

    assert headers.get("v") == headers.get("VIA") == headers.get("vIa") == "a"
    assert headers.all("X-THING") == ["1", "2"]
    assert headers.all("Y") == []
    assert "Supported" in headers
    assert headers.tokens("Supported") == {"timer", "100rel"}
    assert headers.elements("Supported") == ["timer", "100rel"]


def test_replaced_header_keeps_its_place_and_removed_one_is_gone():
    headers = Headers([("Via", "a"), ("To", "b"), ("VIA", "c"), ("CSeq", "1 INVITE")])

    headers.replace("Via", "d")
    headers.replace("Contact", "e")
    headers.remove("to")
    headers.remove("Route")

    assert list(headers) == [("Via", "d"), ("CSeq", "1 INVITE"), ("Contact", "e")]
    assert (headers.all("Via"), headers.get("To")) == (["d"], None)


def test_headers_of_a_message_cannot_change_but_their_copy_can():
    headers = Headers([("Via", "a")])
    request = Request("OPTIONS", "sip:x@example.org", headers)

    for change in (headers.add, headers.replace):
        with pytest.raises(SealedHeaders):
            change("Via", "b")
    with pytest.raises(SealedHeaders):
        headers.remove("Via")
    copy = headers.copy()
    copy.add("Via", "b")

    assert request.headers.all("Via") == ["a"]
    assert copy.all("Via") == ["a", "b"]


def test_content_length_is_always_the_true_one():
    headers = Headers([("Content-Length", "99"), ("l", "98"), ("X-A", "Content-Length: 3")])

    printed = Request("INFO", "sip:x@example.org", headers, b"abc").to_bytes()

    assert printed == (
        b"INFO sip:x@example.org SIP/2.0\r\nX-A: Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A", "1\n"),
        ("X-A", "\r"),
        ("X-A", "1\x002"),
        ("X-A\r\nX-B", "1"),
        ("X A", "1"),
        ("X-A:", "1"),
        ("", "1"),
        ("X-\u00c4", "1"),
        ("X-A", "\ud800"),
    ],
)
def test_header_that_is_not_one_line_cannot_be_built(name: str, value: str):
    with pytest.raises(InvalidHeader):
        Headers([(name, value)])


def test_first_lines_cannot_carry_a_header():
    with pytest.raises(InvalidHeader):
        Request("A B", "sip:x@example.org", Headers())
    with pytest.raises(MalformedMessage):
        Request("INVITE", "sip:x@example.org SIP/2.0\r\nX-A: 1", Headers())
    with pytest.raises(InvalidHeader):
        Response(200, "OK\r\nX-A: 1", Headers())
    with pytest.raises(InvalidHeader):
        Response(99, "Low", Headers())


def test_response_carries_what_the_request_is_known_by():
    request = parse(INVITE.replace(b"X-Campaign: 42", b"Timestamp: 54"))

    trying = response_to(request, 100, "Trying", to_tag=None)
    ok = response_to(request, 200, "OK", to_tag="t9", headers=[("Contact", "<sip:me>")], body=b"x")

    assert trying.headers.get("Timestamp") == "54"
    assert list(ok.headers) == [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx1;rport"),
        ("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx0"),
        ("From", '"Anna" <sip:anna@example.org>;tag=f1'),
        ("To", "<sip:+49151@carrier.example>;tag=t9"),
        ("Call-ID", "c1@example.org"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:me>"),
    ]
    assert ok.to.tag == "t9"


def test_response_inside_a_dialog_keeps_the_tag_it_has():
    request = parse(changed(b"carrier.example>\r\n", b"carrier.example>;tag=old\r\n"))

    assert response_to(request, 200, "OK", to_tag="new").to.tag == "old"


def test_source_is_noted_in_the_top_via_and_answered():
    request = parse(
        changed(b"rport\r\nVia: SIP/2.0/UDP 192.0.2.9", b"rport, SIP/2.0/UDP 192.0.2.9")
    )

    request.note_source("198.51.100.7", 41000)

    answer = response_to(request, 200, "OK")
    assert answer.headers.all("Via") == [
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx1;rport=41000;received=198.51.100.7, "
        "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx0"
    ]
    assert (answer.via.parameter("rport"), answer.via.received) == ("41000", "198.51.100.7")


def test_source_that_is_the_via_itself_changes_nothing():
    request = parse(changed(b";rport", b""))

    request.note_source("192.0.2.1", 5060)

    assert request.headers.all("Via")[0] == "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx1"


@pytest.mark.parametrize(
    "content_type",
    [b"multipart/mixed", b'multipart/mixed;boundary="b 1"', b"Multipart/Related ; boundary = bb"],
)
def test_multipart_body_without_such_a_part_has_none(content_type: bytes):
    body = b"--bb\r\n\r\nno type\r\n--bb--\r\n"
    request = changed(b"application/sdp", content_type).replace(b"Content-Length: 5\r\n", b"")

    assert parse(request.replace(b"v=0\r\n", body)).part("application/sdp") is None


def test_sdp_is_found_beside_an_isup_part():
    body = (
        b"preamble\r\n--u=1\r\nContent-Type: application/ISUP;version=itu-t92+\r\n\r\n\x01\x00\r\n"
        b"--u=1 \r\nc: Application/SDP; charset=utf-8\r\n\r\nv=0\r\n\r\n--u=1--"
    )
    request = changed(b"application/sdp", b'multipart/mixed; boundary="u=1"')

    message = parse(request.replace(b"Content-Length: 5\r\n\r\nv=0\r\n", b"\r\n" + body))

    assert message.part("application/sdp") == b"v=0\r\n"


ANYTHING = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.integers(0, len(INVITE)), st.integers(0, len(INVITE)), st.binary(max_size=12)).map(
        lambda cut: INVITE[: cut[0]] + cut[2] + INVITE[cut[1] :]
    ),
    st.tuples(
        st.sampled_from(list(rfc4475.VALID.values())),
        st.integers(0, 600),
        st.binary(min_size=1, max_size=4),
    ).map(lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] + len(cut[2]) :]),
)


@given(ANYTHING)
def test_any_bytes_give_a_message_or_a_named_error(data: bytes):
    try:
        message = parse(data)
    except UnreadableMessage as failure:
        if failure.salvaged is not None:
            response_to(failure.salvaged, 400, "Bad", to_tag="t").to_bytes()
        return
    # The properties of a parsed message never raise, and neither does answering or printing it.
    assert message.via.host
    assert message.via_count >= 1
    assert message.from_ is not None
    assert message.to is not None
    assert message.cseq.number >= 0
    assert message.call_id
    assert isinstance(message.contacts + message.routes + message.record_routes, tuple)
    message.part("application/sdp")
    Headers(message.headers)  # what was received can be sent again
    message.note_source("192.0.2.77", 7777)
    assert parse(message.to_bytes()).to_bytes() == message.to_bytes()
    assert response_to(message, 200, "OK", to_tag="t").to_bytes()


@given(st.text(max_size=40), st.text(max_size=60))
def test_a_header_we_build_is_one_header_or_refused(name: str, value: str):
    headers = Headers([("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"), ("From", "<sip:a@b>;tag=1")])
    for fixed in (("To", "<sip:a@b>"), ("Call-ID", "c"), ("CSeq", "1 INFO")):
        headers.add(*fixed)
    try:
        headers.add(f"X-{name}", value)
    except InvalidHeader:
        return

    received = parse(Request("INFO", "sip:a@b", headers, b"body").to_bytes())

    assert list(received.headers)[:-1] == list(headers)
    assert received.body == b"body"
