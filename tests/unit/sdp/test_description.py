import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sdp.description import (
    Description,
    MalformedDescription,
    Media,
    Origin,
    UnprintableDescription,
)

CARRIER = b"""v=0\r
o=carrier 2890844526 2890842807 IN IP4 198.51.100.1\r
s=Call\r
i=something said to people\r
c=IN IP4 198.51.100.1\r
b=AS:84\r
t=0 0\r
a=group:BUNDLE 0\r
a=ice-lite\r
m=audio 49170 RTP/AVP 8 0 101\r
c=IN IP4 198.51.100.2\r
b=TIAS:64000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=sendrecv\r
m=video 51372/2 RTP/AVP 31\r
a=rtpmap:31 H261/90000\r
"""


def test_description_is_read_into_session_and_sections():
    description = Description.parse(CARRIER)

    assert description == Description(
        Origin("carrier", "2890844526", "2890842807", "198.51.100.1"),
        "198.51.100.1",
        (
            Media(
                "audio",
                49_170,
                "RTP/AVP",
                ("8", "0", "101"),
                "198.51.100.2",
                (
                    ("rtpmap", "101 telephone-event/8000"),
                    ("fmtp", "101 0-15"),
                    ("sendrecv", None),
                ),
            ),
            Media(
                "video",
                51_372,
                "RTP/AVP",
                ("31",),
                attributes=(("rtpmap", "31 H261/90000"),),
                port_count=2,
            ),
        ),
        (("group", "BUNDLE 0"), ("ice-lite", None)),
        "Call",
    )
    assert description.attribute("ice-lite") == ""
    assert description.attribute("group") == "BUNDLE 0"
    assert description.media[0].attribute("ptime") is None


def test_description_is_printed_without_the_lines_it_does_not_keep():
    kept = [line for line in CARRIER.splitlines(keepends=True) if line[:1] not in {b"i", b"b"}]

    assert bytes(Description.parse(CARRIER)) == b"".join(kept)


def test_lines_that_only_ever_cost_calls_may_be_missing():
    description = Description.parse(b"v=0\no=- 1 1 IN IP6 ::1\nm=audio 9 RTP/AVP 0\n\n")

    assert (description.name, description.times, description.connection) == ("-", ("0 0",), None)
    assert bytes(description) == (
        b"v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    )


def test_only_the_first_address_of_a_section_counts():
    description = Description.parse(
        CARRIER.replace(b"b=TIAS:64000", b"c=IN IP4 203.0.113.1\r\nc=IN IP4 203.0.113.2/127")
    )

    assert description.media[0].connection == "198.51.100.2"


def test_latin1_text_is_read():
    assert Description.parse(CARRIER.replace(b"s=Call", b"s=Gespr\xe4ch")).name == "Gespr\u00e4ch"


@pytest.mark.parametrize(
    ("before", "after", "line_number"),
    [
        (b"v=0\r\n", b"", 1),
        (b"v=0", b"v=1", 1),
        (b"o=carrier 2890844526", b"o=carrier", 2),
        (b"c=IN IP4 198.51.100.1\r\n", b"c=IN IP4\r\n", 5),
        (b"c=IN IP4 198.51.100.1\r\n", b"c=IN IP4 /3\r\n", 5),
        (b"49170", b"70000", 10),
        (b"49170", b"-1", 10),
        (b"49170", b"\xd9\xa3", 10),
        (b"m=audio 49170 RTP/AVP 8 0 101", b"m=audio 49170 RTP/AVP", 10),
        (b"51372/2", b"51372/", 16),
        (b"a=sendrecv", b"sendrecv", 15),
    ],
)
def test_broken_line_is_named_by_its_number(before: bytes, after: bytes, line_number: int):
    assert before in CARRIER

    with pytest.raises(MalformedDescription) as caught:
        Description.parse(CARRIER.replace(before, after, 1))

    assert caught.value.line_number == line_number


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"v=0\r\n",
        b"v=0\r\ns=-\r\n",
        CARRIER + b"m=audio 9 RTP/AVP 0\r\n" * 40,
        CARRIER + b"a=x\r\n" * 3000,
    ],
)
def test_what_is_no_description_is_refused(data: bytes):
    with pytest.raises(MalformedDescription):
        Description.parse(data)


@pytest.mark.parametrize("text", ["a\r\nm=audio 1 RTP/AVP 0", "a\nb", "a\0"])
def test_value_of_ours_cannot_become_a_line(text: str):
    origin = Origin("-", "1", "1", "192.0.2.1")

    for description in (
        Description(origin, name=text),
        Description(origin, attributes=(("x", text),)),
        Description(origin, media=(Media("audio", 1, "RTP/AVP", (text,)),)),
    ):
        with pytest.raises(UnprintableDescription):
            bytes(description)


WORD = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=8)
ADDRESS = st.sampled_from(["192.0.2.1", "2001:db8::1", "host.example"])
ATTRIBUTES = st.lists(
    st.tuples(WORD.filter(lambda name: ":" not in name), st.none() | WORD), max_size=3
).map(tuple)
MEDIA = st.builds(
    Media,
    kind=WORD,
    port=st.integers(0, 65_535),
    protocol=WORD,
    formats=st.lists(WORD, min_size=1, max_size=3).map(tuple),
    connection=st.none() | ADDRESS,
    attributes=ATTRIBUTES,
    port_count=st.integers(1, 9),
)
DESCRIPTIONS = st.builds(
    Description,
    origin=st.builds(Origin, WORD, WORD, WORD, ADDRESS),
    connection=st.none() | ADDRESS,
    media=st.lists(MEDIA, max_size=3).map(tuple),
    attributes=ATTRIBUTES,
    name=WORD,
)


@given(DESCRIPTIONS)
def test_reading_undoes_printing(description: Description):
    assert Description.parse(bytes(description)) == description


@given(
    st.binary(max_size=300)
    | st.tuples(st.integers(0, 400), st.integers(0, 400), st.binary(max_size=6)).map(
        lambda cut: CARRIER[: cut[0]] + cut[2] + CARRIER[cut[1] :]
    )
)
def test_any_bytes_give_a_description_or_a_named_error(data: bytes):
    try:
        description = Description.parse(data)
    except MalformedDescription:
        return
    try:
        printed = bytes(description)
    except UnprintableDescription:
        assert b"\r" in data or b"\0" in data
    else:
        assert bytes(Description.parse(printed)) == printed
