import json

from unit.call.fakes import FarEnds, answered, dial, plan_of, progress
from voxgate.call.orphan import intended_facts, orphan_of
from voxgate.model.calls import (
    Call,
    CallEvent,
    CallRequest,
    CallStatus,
    EventType,
    Target,
)
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
