import pytest

from voxgate.sdp.attributes import Direction, direction_of, payloads, ptime_ms, rtcp_port
from voxgate.sdp.description import Description, Media, Origin

SESSION = Description(Origin("-", "1", "1", "192.0.2.1"))


def audio(*attributes: tuple[str, str | None], formats: tuple[str, ...] = ("0",)) -> Media:
    return Media("audio", 4000, "RTP/AVP", formats, attributes=attributes)


def test_payload_types_are_listed_in_the_order_of_the_section():
    media = audio(
        ("rtpmap", "96 opus/48000/2"),
        ("rtpmap", "97 Speex/8000"),
        ("rtpmap", "101 telephone-event/8000"),
        ("rtpmap", "55 never/8000"),
        formats=("101", "8", "96", "97", "98", "0"),
    )

    assert list(payloads(media).items()) == [
        (101, ("TELEPHONE-EVENT", 8000)),
        (8, ("PCMA", 8000)),
        (97, ("SPEEX", 8000)),
        (0, ("PCMU", 8000)),
    ]


def test_rtpmap_overrides_what_a_static_number_means():
    assert payloads(audio(("rtpmap", "0 PCMA/8000/1"))) == {0: ("PCMA", 8000)}


@pytest.mark.parametrize(
    "value", ["", "0", "0 PCMU", "0 PCMU/", "0 PCMU/fast", "0 /8000", "0 PCMU/8000/2", "0 PCMU/٨"]
)
def test_static_number_with_an_unreadable_map_means_nothing(value: str):
    expected = {} if value else {0: ("PCMU", 8000)}

    assert payloads(audio(("rtpmap", value))) == expected


@pytest.mark.parametrize("number", ["128", "999", "-1", "1e1", "٣", "*"])
def test_numbers_that_are_no_payload_types_are_left_out(number: str):
    assert payloads(audio(("rtpmap", f"{number} PCMU/8000"), formats=(number,))) == {}


@pytest.mark.parametrize("direction", list(Direction))
def test_direction_is_made_of_what_it_allows(direction: Direction):
    assert Direction.of(send=direction.sends, receive=direction.receives) is direction
    assert direction_of(SESSION, audio((direction.value, None))) is direction


def test_direction_with_a_value_is_no_direction():
    assert direction_of(SESSION, audio(("inactive", "yes"))) is Direction.SENDRECV


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([("ptime", "30")], 30),
        ([("ptime", " 20.5")], 20),
        ([("ptime", "30"), ("maxptime", "20")], 20),
        ([("maxptime", "150")], None),
        ([("maxptime", "10")], 10),
        ([("ptime", "-5")], None),
        ([("ptime", None)], None),
    ],
)
def test_ptime(lines: list[tuple[str, str | None]], expected: int | None):
    assert ptime_ms(audio(*lines)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("53020", 53_020),
        ("53020 IN IP4 126.16.64.4", 53_020),
        ("0", None),
        ("65536", None),
        ("x", None),
        (None, None),
    ],
)
def test_rtcp_port(value: str | None, expected: int | None):
    assert rtcp_port(audio(("rtcp", value))) == expected
