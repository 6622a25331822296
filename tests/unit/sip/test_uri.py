from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sip.grammar import InvalidHeader, MalformedMessage
from voxgate.sip.uri import Uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:example.com", Uri("sip", host="example.com")),
        ("sip:+49151@example.com", Uri("sip", "+49151", "example.com")),
        ("SIPS:a@example.com:5061", Uri("sips", "a", "example.com", 5061)),
        ("sip:a:secret@h", Uri("sip", "a", "h", password="secret")),
        ("sip:a:@h", Uri("sip", "a", "h", password="")),
        ("sip:[2001:db8::1]:5060", Uri("sip", host="2001:db8::1", port=5060)),
        (
            "sip:h;transport=tcp;lr;x=",
            Uri("sip", host="h", parameters=(("transport", "tcp"), ("lr", None), ("x", ""))),
        ),
        (
            "sip:a@h;method=INVITE?Subject=x%20y&Priority=",
            Uri(
                "sip",
                "a",
                "h",
                parameters=(("method", "INVITE"),),
                headers=(("Subject", "x y"), ("Priority", "")),
            ),
        ),
        ("sip:%61%20b%40c@h", Uri("sip", "a b@c", "h")),
        ("sip:*21#@h", Uri("sip", "*21#", "h")),
        ("sip:under_score.local", Uri("sip", host="under_score.local")),
        ("tel:+1-201-555-0123", Uri("tel", "+1-201-555-0123")),
        (
            "tel:7042;phone-context=example.com",
            Uri("tel", "7042", parameters=(("phone-context", "example.com"),)),
        ),
        ("urn:service:sos", Uri("urn", opaque="service:sos")),
        ("http://www.example.com/x?y", Uri("http", opaque="//www.example.com/x?y")),
    ],
)
def test_uri_is_read_and_printed_as_it_was_written(text: str, uri: Uri):
    assert Uri.parse(text) == uri
    assert str(Uri.parse(text)) == text
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@h",
        "sip:a@",
        "sip:a b@h",
        "sip:a@h i",
        "sip:h:0",
        "sip:h:65536",
        "sip:h:",
        "sip:[::1",
        "sip:[h]",
        "sip:h\r\nX: 1",
        "sip:a\0@h",
        "sip:<a@h>",
        'sip:"a"@h',
        "tel:",
        "tel:+49@h",
        "tel:+49 151",
        "tel:+49?x=y",
        "example.com",
        "1x:y",
        "x:",
        "x:\x07",
        "sip:" + "h" * 256,
    ],
)
def test_what_is_no_uri_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        Uri.parse(text)


def test_parts_of_ours_are_escaped_where_they_must_be():
    uri = Uri(
        "sip",
        'a b@"<>\r\n:\u00e4',
        "h",
        parameters=(("x;y", "1;2?3"),),
        headers=(("A&B", "c=d"),),
        password="p:@",
    )

    assert str(uri) == (
        "sip:a%20b%40%22%3C%3E%0D%0A%3A%C3%A4:p%3A%40@h;x%3By=1%3B2%3F3?A%26B=c%3Dd"
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"scheme": "sip"},
        {"scheme": "sip", "host": "a b"},
        {"scheme": "sip", "host": "h\r\nX: 1"},
        {"scheme": "sip", "host": "h", "port": 0},
        {"scheme": "sip", "host": "h", "user": ""},
        {"scheme": "sip", "host": "h", "password": "x"},
        {"scheme": "tel"},
        {"scheme": "tel", "user": "1", "host": "h"},
        {"scheme": "urn"},
        {"scheme": "urn", "opaque": "a b"},
        {"scheme": "", "opaque": "x"},
    ],
)
def test_uri_that_cannot_be_written_cannot_be_made(parts: dict[str, str]):
    with pytest.raises(InvalidHeader):
        Uri(**parts)  # type: ignore[arg-type]


def test_changed_uri_is_printed_anew():
    uri = Uri.parse("sip:%61@h;LR;transport=tcp?Subject=x")

    assert str(uri.with_user("b c")) == "sip:b%20c@h;LR;transport=tcp?Subject=x"
    assert str(uri.with_parameter("transport", "udp")) == "sip:a@h;LR;transport=udp?Subject=x"
    assert str(uri.without_headers()) == "sip:a@h;LR;transport=tcp"
    assert uri.parameter("lr") == ""
    assert uri.parameter("maddr") is None


def test_copy_made_by_hand_is_not_printed_as_the_original():
    """The text of a parsed URI stays with its parts."""
    assert str(replace(Uri.parse("sip:a@h"), user="b")) == "sip:b@h"


def test_method_parameter_does_not_reach_a_request_line():
    assert str(Uri.parse("sip:a@h;METHOD=BYE;lr").without_headers()) == "sip:a@h;lr"


def test_only_sip_schemes_are_sip():
    assert [Uri.parse(text).is_sip for text in ("sip:h", "sips:h", "tel:1", "urn:x")] == [
        True,
        True,
        False,
        False,
    ]


def test_escape_that_is_no_utf8_survives_the_round_trip_to_the_peer():
    uri = Uri.parse("sip:%ff@h")

    assert uri.user == "\ufffd"
    assert str(uri) == "sip:%ff@h"


def test_reading_many_different_uris_does_not_fill_memory():
    for number in range(10_000):
        assert Uri.parse(f"sip:u{number}@h").user == f"u{number}"


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
HOSTS = st.sampled_from(["h", "example.com", "192.0.2.1", "2001:db8::1", "a_b"])
PARAMETERS = st.lists(st.tuples(TEXT, st.none() | TEXT), max_size=3).map(tuple)
URIS = st.one_of(
    st.builds(
        Uri,
        scheme=st.sampled_from(["sip", "sips"]),
        user=TEXT,
        host=HOSTS,
        port=st.none() | st.integers(1, 65_535),
        parameters=PARAMETERS,
        headers=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
        password=st.none() | TEXT,
    ),
    st.builds(Uri, scheme=st.just("sip"), host=HOSTS, parameters=PARAMETERS),
    st.builds(Uri, scheme=st.just("tel"), user=TEXT, parameters=PARAMETERS),
    st.builds(Uri, scheme=st.just("urn"), opaque=st.text("abc:/@", min_size=1)),
)


@given(URIS)
def test_reading_undoes_printing(uri: Uri):
    printed = str(uri)

    assert Uri.parse(printed) == uri
    assert printed.isprintable()
    assert " " not in printed


@given(st.text(max_size=40) | st.text("sip:tel@;=?&%[]<>. 09af", max_size=40))
def test_any_text_gives_a_uri_or_a_named_error(text: str):
    try:
        uri = Uri.parse(text)
    except MalformedMessage:
        return

    assert str(uri) == text
    assert Uri.parse(str(replace(uri))) == uri
