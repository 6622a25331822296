import pytest

from voxgate.sdp.description import Description
from voxgate.sdp.negotiate import MediaRefused
from voxgate.sdp.siprec import RecordedStream, accept, offer

STREAMS = [RecordedStream("1", "192.0.2.1", 20000), RecordedStream("2", "192.0.2.1", 20002)]
HEAD = "v=0\r\no=- 7 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n"


def answer(*sections: str) -> Description:
    return Description.parse((HEAD + "".join(sections)).encode())


def test_each_recorded_side_has_a_section_that_only_sends_and_a_label():
    text = bytes(offer(STREAMS, session_id=1, version=1)).decode()

    sections = text.split("m=audio ")[1:]
    assert [section.split()[0] for section in sections] == ["20000", "20002"]
    assert all("a=sendonly" in section for section in sections)
    assert [section.count("a=label:") for section in sections] == [1, 1]
    assert "a=label:2" in sections[1]
    assert "telephone-event" not in text


def test_a_paused_session_sends_nothing_anywhere():
    text = bytes(offer(STREAMS, session_id=1, version=2, paused=True)).decode()

    assert text.count("a=inactive") == 2
    assert "sendonly" not in text


def test_the_answer_says_for_each_side_where_and_how_to_send():
    offered = offer(STREAMS, session_id=1, version=1)
    facts = accept(
        offered,
        answer(
            "m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n",
            "m=audio 4002 RTP/AVP 0\r\nc=IN IP4 198.51.100.10\r\na=recvonly\r\n",
        ),
    )

    assert [(one.remote_ip, one.remote_port, one.codec_name) for one in facts] == [
        ("198.51.100.9", 4000, "PCMA"),
        ("198.51.100.10", 4002, "PCMU"),
    ]
    assert all(one.send and not one.receive for one in facts)


@pytest.mark.parametrize(
    "sections",
    [
        ["m=audio 4000 RTP/AVP 0\r\n"],
        ["m=audio 4000 RTP/AVP 0\r\n", "m=audio 0 RTP/AVP 0\r\n"],
    ],
    ids=["one side only", "one side refused"],
)
def test_a_server_that_will_not_take_both_sides_takes_none(sections):
    with pytest.raises(MediaRefused):
        accept(offer(STREAMS, session_id=1, version=1), answer(*sections))
