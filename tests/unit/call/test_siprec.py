from xml.etree import ElementTree

from voxgate.call.siprec import METADATA, Participant, RecordedCall, body
from voxgate.sip.message import Headers, Request
from voxgate.sip.uri import Uri

NAMESPACE = "{urn:ietf:params:xml:ns:recording:1}"


def recorded(name: str | None = "Ann <b>") -> RecordedCall:
    far = Participant("sip:+4930@example.com", name, "1")
    near = Participant("sip:+49111@example.com", None, "2")
    return RecordedCall("call-sid", (far, near), 1_795_000_000.0, "my id & more")


def test_the_metadata_says_who_sends_what_to_whom():
    call = recorded()
    root = ElementTree.fromstring(call.metadata())

    far, near = call.participants
    assert [one.get("aor") for one in root.iter(f"{NAMESPACE}nameID")] == [far.aor, near.aor]
    assert root.find(f".//{NAMESPACE}name").text == "Ann <b>"
    assert root.find(f".//{NAMESPACE}sipSessionID").text == "my id & more"
    assert root.find(f".//{NAMESPACE}associate-time").text == "2026-11-18T11:06:40Z"
    streams = {
        one.get("stream_id"): one.find(f"{NAMESPACE}label").text
        for one in root.iter(f"{NAMESPACE}stream")
    }
    assert streams == {far.stream_id: "1", near.stream_id: "2"}
    sends = {
        one.get("participant_id"): (
            streams[one.find(f"{NAMESPACE}send").text],
            streams[one.find(f"{NAMESPACE}recv").text],
        )
        for one in root.iter(f"{NAMESPACE}participantstreamassoc")
    }
    assert sends == {far.participant_id: ("1", "2"), near.participant_id: ("2", "1")}


def test_every_participant_and_stream_has_an_id_of_its_own():
    call, other = recorded(), recorded()
    ids = [
        each
        for one in (*call.participants, *other.participants)
        for each in (one.participant_id, one.stream_id)
    ]
    assert len({*ids, call.session_id, other.session_id}) == len(ids) + 2


def test_both_parts_of_the_body_are_found_by_their_type():
    content_type, content = body(b"v=0\r\n", recorded().metadata())
    headers = Headers([("Content-Type", content_type)])
    request = Request("INVITE", Uri.parse("sip:srs@example.com"), headers, content)

    assert request.part("application/sdp") == b"v=0\r\n"
    assert ElementTree.fromstring(request.part(METADATA)).tag == f"{NAMESPACE}recording"
