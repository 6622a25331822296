from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sdp.attributes import PCMA, PCMU, Codec, Direction
from voxgate.sdp.description import Description, SdpError
from voxgate.sdp.negotiate import (
    MediaFacts,
    MediaRefused,
    NoCommonCodec,
    UnusableAddress,
    accept,
    answer,
    offer,
)
from wire import rfc4475

OURS = offer(session_id=7, version=1, ip="192.0.2.1", port=20_000)


def theirs(*media: str, connection: str = "IN IP4 198.51.100.9") -> Description:
    head = f"v=0\no=- 1 1 IN IP4 198.51.100.9\ns=-\nc={connection}\nt=0 0\n"
    return Description.parse((head + "\n".join(media) + "\n").encode())


def answered(description: Description, **changes: Direction) -> tuple[Description, MediaFacts]:
    return answer(description, session_id=7, version=2, ip="192.0.2.1", port=20_000, **changes)


def test_offer_says_everything_a_peer_needs():
    assert bytes(OURS).decode().split("\r\n") == [
        "v=0",
        "o=- 7 1 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 20000 RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


def test_offer_can_leave_out_digits_and_hold_the_peer():
    made = offer(
        session_id=1,
        version=3,
        ip="2001:db8::1",
        port=4000,
        codecs=(PCMA,),
        dtmf_payload_type=None,
        ptime_ms=30,
        direction=Direction.SENDONLY,
    )

    assert made.media[0].formats == ("8",)
    assert made.media[0].attribute("ptime") == "30"
    assert made.media[0].attribute("sendonly") == ""
    assert b"c=IN IP6 2001:db8::1\r\n" in bytes(made)


def test_plain_answer_gives_the_facts_of_the_stream():
    facts = accept(OURS, theirs("m=audio 30000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"))

    assert facts == MediaFacts(
        remote_ip="198.51.100.9",
        remote_port=30_000,
        remote_rtcp_port=None,
        codec_name="PCMA",
        payload_type=8,
        dtmf_payload_type=101,
        dtmf_receive_payload_type=101,
        ptime_ms=20,
        send=True,
        receive=True,
        on_hold=False,
    )


@pytest.mark.parametrize(
    ("peer", "port", "dtmf"),
    [("sipp-200", 6000, None), ("baresip-200", 31_000, None), ("baresip-invite", 31_006, 101)],
)
def test_what_real_peers_answer_is_understood(peer: str, port: int, dtmf: int | None):
    message = (Path(rfc4475.__file__).parent / f"{peer}.sip").read_bytes()

    facts = accept(OURS, Description.parse(message.partition(b"\r\n\r\n")[2]))

    assert (facts.remote_port, facts.codec_name, facts.dtmf_payload_type) == (port, "PCMU", dtmf)


def test_answer_with_its_own_numbers_is_sent_to_by_those():
    facts = accept(
        OURS,
        theirs(
            "m=audio 30000 RTP/AVP 97 96",
            "a=rtpmap:97 pcmu/8000/1",
            "a=rtpmap:96 Telephone-Event/8000",
            "a=rtcp:30011",
        ),
    )

    assert (facts.codec_name, facts.payload_type) == ("PCMU", 97)
    assert (facts.dtmf_payload_type, facts.dtmf_receive_payload_type) == (96, 101)
    assert facts.remote_rtcp_port == 30_011


def test_answer_without_telephone_event_has_no_digits():
    facts = accept(OURS, theirs("m=audio 30000 RTP/AVP 0"))

    assert (facts.dtmf_payload_type, facts.dtmf_receive_payload_type) == (None, None)


def test_telephone_event_at_another_clock_is_not_for_our_codec():
    facts = accept(
        OURS, theirs("m=audio 30000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/16000")
    )

    assert facts.dtmf_payload_type is None


def test_media_address_wins_over_session_address():
    facts = accept(OURS, theirs("m=audio 30000 RTP/AVP 0", "c=IN IP4 203.0.113.77"))

    assert facts.remote_ip == "203.0.113.77"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), 20),
        (("a=ptime:30",), 30),
        (("a=ptime:20.0",), 20),
        (("a=ptime:50",), 40),
        (("a=ptime:5",), 10),
        (("a=ptime:200",), 60),
        (("a=ptime:0",), 20),
        (("a=ptime:fast",), 20),
        (("a=ptime:40", "a=maxptime:20"), 20),
        (("a=maxptime:10",), 10),
        (("a=maxptime:120",), 20),
    ],
)
def test_packets_are_as_long_as_the_peer_wants_and_we_can(lines: tuple[str, ...], expected: int):
    assert accept(OURS, theirs("m=audio 30000 RTP/AVP 0", *lines)).ptime_ms == expected


@pytest.mark.parametrize(
    ("attribute", "send", "receive", "on_hold"),
    [
        ("a=sendrecv", True, True, False),
        ("a=sendonly", False, True, True),
        ("a=recvonly", True, False, False),
        ("a=inactive", False, False, True),
    ],
)
def test_direction_of_the_peer_is_mirrored(
    attribute: str, send: bool, receive: bool, on_hold: bool
):
    facts = accept(OURS, theirs("m=audio 30000 RTP/AVP 0", attribute))

    assert (facts.send, facts.receive, facts.on_hold) == (send, receive, on_hold)


def test_direction_of_the_session_counts_where_the_section_has_none():
    held = theirs("a=inactive", "m=audio 30000 RTP/AVP 0")
    talking = theirs("a=inactive", "m=audio 30000 RTP/AVP 0", "a=sendrecv")

    assert accept(OURS, held).on_hold
    assert not accept(OURS, talking).on_hold


def test_address_of_zeros_is_the_old_hold():
    facts = accept(OURS, theirs("m=audio 30000 RTP/AVP 0", connection="IN IP4 0.0.0.0"))

    assert (facts.send, facts.receive, facts.on_hold) == (False, True, True)


def test_what_we_hold_ourselves_is_not_held_by_the_peer():
    held = offer(session_id=7, version=2, ip="192.0.2.1", port=20_000, direction=Direction.INACTIVE)

    facts = accept(held, theirs("m=audio 30000 RTP/AVP 0", "a=recvonly"))

    assert (facts.send, facts.receive, facts.on_hold) == (False, False, False)


@pytest.mark.parametrize("media", ["m=audio 0 RTP/AVP 0", "m=video 30000 RTP/AVP 31", ""])
def test_refused_audio_is_no_answer(media: str):
    with pytest.raises(MediaRefused):
        accept(OURS, theirs(media))


@pytest.mark.parametrize(
    "media",
    [
        ("m=audio 30000 RTP/AVP 9",),
        ("m=audio 30000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        ("m=audio 30000 RTP/AVP 97",),
        ("m=audio 30000 RTP/AVP 0", "a=rtpmap:0 PCMU/16000"),
        ("m=audio 30000 RTP/AVP 97", "a=rtpmap:97 PCMU/8000/2"),
    ],
)
def test_answer_in_no_codec_of_ours_is_named(media: tuple[str, ...]):
    with pytest.raises(NoCommonCodec):
        accept(OURS, theirs(*media))


@pytest.mark.parametrize(
    "connection", ["IN IP4 media.example.com", "IN IP6 2001:db8::9", "IN IP4 239.1.2.3/127"]
)
def test_address_that_cannot_be_sent_to_is_named(connection: str):
    with pytest.raises(UnusableAddress):
        accept(OURS, theirs("m=audio 30000 RTP/AVP 0", connection=connection))


def test_description_without_any_address_is_named():
    bare = Description.parse(
        b"v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\n"
    )

    with pytest.raises(UnusableAddress):
        accept(OURS, bare)


def test_answer_takes_the_offerers_favourite_and_its_numbers():
    description, facts = answered(
        theirs(
            "m=audio 30000 RTP/AVP 96 9 8 0 97",
            "a=rtpmap:96 opus/48000/2",
            "a=rtpmap:97 telephone-event/8000",
            "a=ptime:30",
        )
    )

    assert description.media[0].formats == ("8", "97")
    assert description.media[0].attribute("fmtp") == "97 0-16"
    assert (facts.codec_name, facts.payload_type, facts.dtmf_payload_type) == ("PCMA", 8, 97)
    assert facts.ptime_ms == 30
    assert (description.origin.session_id, description.origin.version) == ("7", "2")


def test_answer_keeps_the_place_of_every_section_and_refuses_the_others():
    description, facts = answered(
        theirs(
            "m=video 5000 RTP/AVP 31 34",
            "m=audio 30000 RTP/SAVP 0",
            "m=audio 30002 RTP/AVPF 0",
            "m=audio 30004 RTP/AVP 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        )
    )

    assert [(m.kind, m.port, m.protocol) for m in description.media] == [
        ("video", 0, "RTP/AVP"),
        ("audio", 0, "RTP/SAVP"),
        ("audio", 20_000, "RTP/AVPF"),
        ("audio", 0, "RTP/AVP"),
        ("application", 0, "UDP/DTLS/SCTP"),
    ]
    assert description.media[0].formats == ("31", "34")
    assert facts.remote_port == 30_002


def test_second_audio_section_is_taken_when_the_first_cannot_be_spoken():
    description, facts = answered(
        theirs("m=audio 30000 RTP/AVP 9", "m=audio 30002 RTP/AVP 0", "m=audio 0 RTP/AVP 0")
    )

    assert [media.port for media in description.media] == [0, 20_000, 0]
    assert facts.remote_port == 30_002


@pytest.mark.parametrize(
    ("offered", "local", "agreed"),
    [
        ("sendrecv", Direction.SENDRECV, "sendrecv"),
        ("sendonly", Direction.SENDRECV, "recvonly"),
        ("recvonly", Direction.SENDRECV, "sendonly"),
        ("inactive", Direction.SENDRECV, "inactive"),
        ("sendrecv", Direction.SENDONLY, "sendonly"),
        ("recvonly", Direction.RECVONLY, "inactive"),
    ],
)
def test_answer_agrees_to_no_more_than_both_want(offered: str, local: Direction, agreed: str):
    description, _ = answered(theirs("m=audio 30000 RTP/AVP 0", f"a={offered}"), direction=local)

    assert description.media[0].attribute(agreed) == ""


def test_hold_and_resume_by_reinvite():
    _, talking = answered(theirs("m=audio 30000 RTP/AVP 0"))
    _, held = answered(theirs("m=audio 30000 RTP/AVP 0", "a=sendonly"))
    _, old_hold = answered(theirs("m=audio 30000 RTP/AVP 0", connection="IN IP4 0.0.0.0"))

    assert [facts.on_hold for facts in (talking, held, old_hold)] == [False, True, True]
    assert [facts.send for facts in (talking, held, old_hold)] == [True, False, False]


@pytest.mark.parametrize(
    ("media", "error"),
    [
        ("m=audio 0 RTP/AVP 0", MediaRefused),
        ("m=image 4000 udptl t38", MediaRefused),
        ("m=audio 30000 RTP/AVP 9 18", NoCommonCodec),
        ("m=audio 30000 UDP/TLS/RTP/SAVPF 0", NoCommonCodec),
    ],
)
def test_offer_that_cannot_be_answered_is_named(media: str, error: type[SdpError]):
    with pytest.raises(error):
        answered(theirs(media))


def test_codecs_are_those_we_are_told():
    with pytest.raises(NoCommonCodec):
        answer(
            theirs("m=audio 30000 RTP/AVP 8"),
            session_id=1,
            version=1,
            ip="192.0.2.1",
            port=4000,
            codecs=(PCMU,),
        )


NUMBERS = st.sampled_from([0, 8, 9, 18, 96, 97, 101, 127])
SECTIONS = st.lists(
    st.tuples(
        st.sampled_from(["audio", "video"]),
        st.sampled_from([0, 1, 30_000, 65_535]),
        st.sampled_from(["RTP/AVP", "RTP/AVPF", "RTP/SAVP"]),
        st.lists(NUMBERS, min_size=1, max_size=5, unique=True),
        st.sampled_from(["", "a=sendonly", "a=inactive", "a=recvonly"]),
        st.sampled_from(["", "a=rtpmap:97 PCMA/8000", "a=rtpmap:101 telephone-event/8000"]),
    ).map(lambda m: f"m={m[0]} {m[1]} {m[2]} {' '.join(map(str, m[3]))}\n{m[4]}\n{m[5]}"),
    max_size=4,
)


@given(SECTIONS)
def test_an_answer_fits_its_offer_or_is_a_named_error(sections: list[str]):
    """RFC 3264 section 6: same sections in the same order, and only formats that were offered."""
    offered = theirs(*sections)
    try:
        description, facts = answered(offered)
    except SdpError:
        return

    assert [m.kind for m in description.media] == [m.kind for m in offered.media]
    assert all(
        set(a.formats) <= set(o.formats)
        for a, o in zip(description.media, offered.media, strict=True)
    )
    used = [m for m in description.media if m.port]
    assert [m.port for m in used] == [20_000]
    assert str(facts.payload_type) == used[0].formats[0]
    assert Description.parse(bytes(description)) == description


@given(st.sampled_from([(PCMU,), (PCMA,), (PCMU, PCMA)]), st.sampled_from(Direction))
def test_two_of_us_agree(codecs: tuple[Codec, ...], wanted: Direction):
    first = offer(
        session_id=1, version=1, ip="192.0.2.7", port=4000, codecs=codecs, direction=wanted
    )
    second, callee = answered(Description.parse(bytes(first)))
    caller = accept(first, Description.parse(bytes(second)))

    assert (caller.codec_name, caller.payload_type) == (callee.codec_name, callee.payload_type)
    assert caller.dtmf_payload_type == callee.dtmf_payload_type == 101
    assert (caller.send, caller.receive) == (callee.receive, callee.send)
    assert (caller.remote_port, callee.remote_port) == (20_000, 4000)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: b"v=0\r\n" + text.encode()))
def test_any_body_is_answered_or_refused_by_name(body: bytes):
    try:
        outcome: object = answered(Description.parse(body))
    except SdpError as refusal:
        outcome = refusal

    assert isinstance(outcome, tuple) or str(outcome)
