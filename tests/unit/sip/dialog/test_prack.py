from unit.sip.dialog.rig import ANSWER, Net, Side, label
from unit.sip.dialog.test_callee import Ringing
from voxgate.sip.dialog.events import Ended
from voxgate.sip.dialog.prack import must_be_acknowledged
from voxgate.sip.message import Headers, Message, Response

REQUIRED = [("Require", "100rel")]
SUPPORTED = [("Supported", "100rel")]


def rack(rig: Ringing, ringing: Response, cseq: int) -> None:
    rig.inside("PRACK", cseq=cseq, headers=[("RAck", f"{ringing.headers.get('RSeq')} 1 INVITE")])


def test_a_caller_who_requires_it_gets_reliable_responses_repeated_until_prack():
    rig = Ringing(headers=REQUIRED)
    rig.call.ring(183, body=b"early")
    rig.net.run(1.6)
    ringing = rig.responses(183)
    assert len(ringing) == 3
    rack(rig, ringing[0], 2)
    rig.net.run(10)

    assert ringing[0].headers.get("Require") == "100rel"
    assert len(rig.responses(183)) == 3
    assert len(rig.bob.all("200 PRACK")) == 1


def test_the_next_one_waits_for_the_prack_and_has_the_next_number():
    rig = Ringing(headers=REQUIRED)
    rig.call.ring(180)
    rig.call.ring(183)
    rig.net.settle()
    assert rig.responses(183) == []

    rack(rig, rig.responses(180)[0], 2)

    first = int(rig.responses(180)[0].headers.get("RSeq") or 0)
    assert int(rig.responses(183)[0].headers.get("RSeq") or 0) == first + 1


def test_a_caller_who_only_supports_it_gets_it_on_request():
    plain, reliable = Ringing(headers=SUPPORTED), Ringing(headers=SUPPORTED)
    plain.call.ring()
    reliable.call.ring(reliable=True)
    for rig in (plain, reliable):
        rig.net.settle()

    assert "RSeq" not in plain.responses(180)[0].headers
    assert "RSeq" in reliable.responses(180)[0].headers


def test_the_answer_waits_for_the_prack():
    rig = Ringing(headers=REQUIRED)
    rig.call.ring(183, body=ANSWER)
    dialog = rig.call.answer(ANSWER, rig.alice.events.append)
    rig.net.settle()
    assert rig.responses(200) == []

    rack(rig, rig.responses(183)[0], 2)

    assert dialog is not None
    assert [label(m) for m in rig.bob.inbox[-2:]] == ["200 PRACK", "200 INVITE"]


def test_a_cancel_while_the_answer_waits_ends_the_dialog_it_promised():
    rig = Ringing(headers=REQUIRED)
    rig.call.ring(183, body=ANSWER)
    rig.call.answer(ANSWER, rig.alice.events.append)
    rig.bob.request(
        "CANCEL", rig.alice.address, to_="<sip:alice@a.example>", branch=rig.invite.via.branch
    )

    assert len(rig.responses(487)) == 1
    (ended,) = rig.alice.events
    assert isinstance(ended, Ended)


def test_a_reliable_response_nobody_acknowledges_refuses_the_call():
    rig = Ringing(headers=REQUIRED)
    rig.call.ring()
    rig.net.run(33)

    assert rig.responses(500)[0].reason == "Reliable Response Not Acknowledged"


def test_a_prack_for_another_response_is_refused():
    rig = Ringing(headers=REQUIRED)
    rig.call.ring()
    rig.net.settle()
    rig.inside("PRACK", cseq=2, headers=[("RAck", "1 1 INVITE")])
    rig.inside("PRACK", cseq=3, headers=[("RAck", "nonsense")])

    assert len(rig.bob.all("481 PRACK")) == 2


def test_two_agents_of_ours_do_it_through_loss():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.side("10.0.0.2")
    dropped: list[str] = []

    def lose_first(message: Message) -> bool:
        kind = label(message)
        if kind in {"183 INVITE", "PRACK", "200 PRACK"} and kind not in dropped:
            dropped.append(kind)
            return True
        return False

    net.drop = lose_first
    alice.invite(bob.address)
    net.settle()
    bob.calls[0].ring(183, body=b"early", reliable=True)
    net.run(5)
    bob.calls[0].answer(ANSWER, bob.events.append)
    net.run(5)

    assert dropped == ["183 INVITE", "PRACK", "200 PRACK"]
    assert told(alice) == ["Sent", "Progress", "Answered"]


def told(side: Side) -> list[str]:
    return side.named()


def test_only_a_response_that_requires_it_and_has_a_number_wants_a_prack():
    def rings(**fields: str) -> Response:
        return Response(180, "Ringing", Headers(fields.items()))

    assert must_be_acknowledged(rings(Require="100rel", RSeq="7")) == 7
    assert must_be_acknowledged(rings(RSeq="7")) is None
    assert must_be_acknowledged(rings(Require="100rel")) is None
    assert must_be_acknowledged(rings(Require="100rel", RSeq="x")) is None
