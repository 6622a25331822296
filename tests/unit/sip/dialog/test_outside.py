from unit.sip.dialog.rig import Net, Peer, Side, label
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.events import Outcome
from voxgate.sip.dialog.outside import OutsideRequest
from voxgate.sip.headers import NameAddr
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri


def asked(request: OutsideRequest, **more: float) -> tuple[Net, Side, Peer, list[Outcome]]:
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    outcomes: list[Outcome] = []
    alice.agent.ask(request, bob.address, outcomes.append, **more)  # type: ignore[arg-type]
    net.settle()
    return net, alice, bob, outcomes


def test_a_request_outside_of_a_call_comes_back_with_its_answer():
    request = OutsideRequest("OPTIONS", Uri.parse("sip:10.0.0.2"), headers=(("X-A", "1"),))
    _, _, bob, outcomes = asked(request)
    options = bob.last("OPTIONS")
    bob.reply(options, 200)

    assert options.to.tag is None
    assert options.from_.tag
    assert str(options.to.uri) == "sip:10.0.0.2"
    assert options.headers.get("X-A") == "1"
    assert options.contact is not None
    assert [o.status for o in outcomes] == [200]


def test_a_challenge_is_answered_with_the_next_number_of_the_same_call_id():
    request = OutsideRequest("OPTIONS", Uri.parse("sip:x"), credentials=Credentials("u", "p"))
    _, _, bob, outcomes = asked(request)
    first = bob.last("OPTIONS")
    bob.reply(first, 401, headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n"')])
    second = bob.last("OPTIONS")
    bob.reply(second, 200)

    assert (second.call_id, second.from_, second.cseq.number) == (first.call_id, first.from_, 2)
    assert second.via.branch != first.via.branch
    assert "Authorization" in second.headers
    assert [o.status for o in outcomes] == [200]


def test_patience_can_be_short():
    net, _, bob, outcomes = asked(OutsideRequest("OPTIONS", Uri.parse("sip:x")), give_up_after=2.0)
    net.run(2.1)

    assert [(o.status, o.failure) for o in outcomes] == [(408, "timeout: no final response")]
    assert [label(m) for m in bob.inbox] == ["OPTIONS"] * 3


def test_a_body_and_a_contact_of_ones_own_are_kept():
    headers = (("Contact", "<sip:me@x>"), ("Content-Type", "text/plain"))
    _, _, bob, _ = asked(OutsideRequest("MESSAGE", Uri.parse("sip:x"), headers, b"hi"))

    message = bob.last("MESSAGE")
    assert (message.body, message.content_type) == (b"hi", "text/plain")
    assert message.headers.all("Contact") == ["<sip:me@x>"]


def test_a_registration_is_for_the_address_it_comes_from():
    own = NameAddr(None, Uri.parse("sip:trunk@carrier.example"))
    registrar = Uri.parse("sip:carrier.example")
    _, _, bob, _ = asked(OutsideRequest("REGISTER", registrar, from_=own))

    register = bob.last("REGISTER")
    assert str(register.uri) == "sip:carrier.example"
    assert register.to == own
    assert register.from_.uri == own.uri


def test_without_a_listener_for_the_transport_it_fails_at_once():
    net = Net()
    outcomes: list[Outcome] = []
    net.side("10.0.0.1").agent.ask(
        OutsideRequest("OPTIONS", Uri.parse("sip:x")),
        Destination("tcp", "10.0.0.2", 5060),
        outcomes.append,
    )

    assert [o.failure for o in outcomes] == ["transport: no tcp listener"]
