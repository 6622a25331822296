import json

from unit.call.fakes import FarEnds, answered, dial, plan_of, progress
from voxgate.call.orphan import arrived_facts, intended_facts, orphan_of
from voxgate.model.calls import (
    Call,
    CallEvent,
    CallRequest,
    CallStatus,
    EventType,
    Target,
)
from voxgate.sip.message import parse
from voxgate.sip.transaction.destination import Destination
from voxgate.testing.virtual_time import run_virtual

REQUEST = CallRequest("+49301", Target("phone", number="+49302"))
CALL = Call(
    "sid", "account", "provider", "first-call-id", "outbound", "+49301", "+49302",
    CallStatus.TRYING, REQUEST, "trace", 0.0,
)  # fmt: skip


def created() -> CallEvent:
    facts = intended_facts(CALL, plan_of("gw.example"), "198.51.100.1")
    return CallEvent("sid", 1, 0.0, EventType.CREATED, json.loads(json.dumps({"invite": facts})))


def logged(far: FarEnds) -> list[CallEvent]:
    done = run_virtual(dial(far, "gw.example"))
    return [created(), *done.log.events]


def test_the_invite_is_known_before_it_is_sent_and_is_the_one_that_is_sent():
    far = FarEnds([(0.1, answered())])
    intended = orphan_of([created()])

    run_virtual(dial(far, "gw.example"))
    sent = far.dialogs[0].invite

    assert intended.branch == sent.branch(1)
    assert (intended.call_id, intended.from_tag) == (sent.call_id, sent.from_tag)
    assert (intended.uri, intended.destination) == (sent.uri, sent.destination)
    assert intended.remote_target is None


def test_an_early_dialog_keeps_its_tag():
    events = logged(FarEnds([(0.1, progress(180, tag="early")), (1, answered())]))

    orphan = orphan_of([e for e in events if e.type is not EventType.ANSWERED])

    assert (orphan.to_tag, orphan.remote_target) == ("early", None)


def test_an_answered_dialog_can_be_hung_up():
    events = logged(FarEnds([(0.1, answered())]))
    dialog = {"remote_target": "sip:far@192.0.2.9", "route_set": [], "to_tag": "t", "cseq": 2}
    events.append(CallEvent("sid", 9, 1.0, EventType.ANSWERED, {"dialog": dialog}))

    orphan = orphan_of(events)

    assert (orphan.remote_target, orphan.to_tag, orphan.cseq) == ("sip:far@192.0.2.9", "t", 2)


def test_a_call_whose_address_cannot_be_called_leaves_nothing_behind():
    event = CallEvent("sid", 1, 0.0, EventType.CREATED, {"invite": None})

    assert orphan_of([event]) is None


def arrived() -> CallEvent:
    invite = parse(
        b"INVITE sip:49301@192.0.2.1 SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1\r\n"
        b"Record-Route: <sip:proxy.example;lr>\r\n"
        b"From: Ann <sip:ann@192.0.2.9>;tag=ann\r\nTo: <sip:49301@192.0.2.1>\r\n"
        b"Call-ID: theirs\r\nCSeq: 7 INVITE\r\nContact: <sip:ann@192.0.2.9:5070>\r\n\r\n"
    )
    facts = arrived_facts(invite, Destination("udp", "192.0.2.9", 5070), "ours")
    return CallEvent("sid", 1, 0.0, EventType.CREATED, json.loads(json.dumps({"arrived": facts})))


def test_a_call_to_us_that_was_not_answered_wants_a_final_response():
    orphan = orphan_of([arrived()])

    refusal = parse(orphan.refusal)
    assert (refusal.status, refusal.cseq.number, refusal.to.tag) == (487, 7, "ours")
    assert refusal.via.branch == "z9hG4bK1"
    assert (orphan.from_tag, orphan.to_tag, orphan.call_id) == ("ours", "ann", "theirs")
    assert orphan.destination == Destination("udp", "192.0.2.9", 5070)


def test_a_call_to_us_that_was_answered_is_hung_up_where_it_last_was():
    dialog = {
        "remote_target": "sip:ann@192.0.2.9:5080",
        "route_set": [],
        "to_tag": "ann",
        "cseq": 3,
    }
    answer = CallEvent("sid", 5, 1.0, EventType.ANSWERED, {"dialog": dialog})

    orphan = orphan_of([arrived(), answer])

    assert orphan.refusal is None
    assert (orphan.remote_target, orphan.cseq) == ("sip:ann@192.0.2.9:5080", 3)


def test_before_its_answer_the_callers_own_contact_and_routes_lead_back():
    orphan = orphan_of([arrived()])

    assert orphan.remote_target == "sip:ann@192.0.2.9:5070"
    assert orphan.route_set == ("<sip:proxy.example;lr>",)


def test_of_a_call_whose_far_end_was_replaced_the_new_dialog_is_hung_up():
    """RFC 3891: whoever is answered last is who would go on hearing silence."""
    events = logged(FarEnds([(0.1, answered())]))
    dialog = {"remote_target": "sip:far@192.0.2.9", "route_set": [], "to_tag": "t", "cseq": 2}
    events.append(CallEvent("sid", 9, 1.0, EventType.ANSWERED, {"dialog": dialog}))
    invite = parse(
        b"INVITE sip:us@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\n"
        b"From: <sip:third@192.0.2.7>;tag=theirs\r\nTo: <sip:us@198.51.100.1>\r\n"
        b"Call-ID: third-call\r\nCSeq: 1 INVITE\r\nContact: <sip:third@192.0.2.7>\r\n\r\n"
    )
    taken = {
        "type": "leg_replaced",
        "arrived": arrived_facts(invite, Destination("udp", "192.0.2.7", 5060), "ours"),
        "dialog": dialog | {"remote_target": "sip:third@192.0.2.7", "to_tag": "theirs"},
    }
    events.append(CallEvent("sid", 10, 2.0, EventType.MEDIA, json.loads(json.dumps(taken))))

    orphan = orphan_of(events)

    assert (orphan.call_id, orphan.from_tag, orphan.to_tag) == ("third-call", "ours", "theirs")
    assert str(orphan.remote_target) == "sip:third@192.0.2.7"
