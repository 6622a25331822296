import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.sip.dialog.rig import ANSWER, OFFER, Net, Peer, Side, label
from voxgate.sip.agent import Agent, transaction_of
from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import Transmit
from voxgate.testing.virtual_time import ManualClock

FRESH = "<sip:alice@a.example>"
SOURCE = Source(Destination("udp", "10.0.0.2", 5060), Destination("udp", "10.0.0.1", 5060))


@pytest.fixture
def net() -> Net:
    return Net()


@pytest.fixture
def alice(net: Net) -> Side:
    return net.side("10.0.0.1")


@pytest.fixture
def bob(net: Net) -> Peer:
    return net.peer("10.0.0.2")


def only(peer: Peer) -> Response:
    (response,) = peer.inbox
    assert isinstance(response, Response)
    return response


def test_options_is_answered_with_what_we_can(alice: Side, bob: Peer):
    bob.request("OPTIONS", alice.address, to_=FRESH)

    ok = only(bob)
    assert ok.status == 200
    assert ok.to.tag
    assert ok.headers.tokens("Allow") >= {"invite", "bye", "cancel", "update", "prack", "info"}
    assert ok.headers.get("Accept") == "application/sdp"
    assert ok.headers.tokens("Supported") == {"100rel", "timer"}
    assert ok.headers.get("Server") == "test"


@pytest.mark.parametrize(("method", "status"), [
    ("PUBLISH", 405),
    ("REGISTER", 405),
    ("invite", 405),
    ("BYE", 481),
    ("INFO", 481),
    ("PRACK", 481),
    ("UPDATE", 481),
    ("NOTIFY", 481),
    ("CANCEL", 481),
])  # fmt: skip
def test_what_belongs_nowhere_is_refused(alice: Side, bob: Peer, method: str, status: int):
    bob.request(method, alice.address, to_=FRESH)

    assert only(bob).status == status
    assert ("Allow" in only(bob).headers) == (status == 405)


@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "OPTIONS", "UPDATE"])
def test_a_request_of_a_dialog_we_do_not_know_gets_481(alice: Side, bob: Peer, method: str):
    bob.request(method, alice.address, body=OFFER if method == "INVITE" else b"")

    assert only(bob).status == 481


def test_an_extension_we_lack_is_named(alice: Side, bob: Peer):
    bob.request(
        "INVITE", alice.address, to_=FRESH, body=OFFER, headers=[("Require", "timer, replaces, x")]
    )

    assert (only(bob).status, only(bob).headers.get("Unsupported")) == (420, "replaces, x")
    assert alice.calls == []


def test_a_request_uri_of_another_kind_is_refused(alice: Side, bob: Peer):
    bob.request("INVITE", alice.address, to_=FRESH, uri="mailto:alice@a.example", body=OFFER)
    assert only(bob).status == 416
    bob.inbox.clear()

    bob.request("OPTIONS", alice.address, to_=FRESH, uri="tel:+4930123", call_id="other")
    assert only(bob).status == 200


def test_an_invite_without_contact_is_refused(alice: Side, bob: Peer):
    bob.request("INVITE", alice.address, to_=FRESH, body=OFFER, contact=False)

    assert only(bob).status == 400


def test_an_invite_that_arrives_twice_by_different_ways_is_taken_once(alice: Side, bob: Peer):
    bob.invite(alice.address, branch="z9hG4bKone")
    bob.invite(alice.address, branch="z9hG4bKtwo")

    assert len(alice.calls) == 1
    assert only(bob).status == 482


def test_without_a_handler_a_call_is_temporarily_unavailable(alice: Side, bob: Peer):
    alice.agent.invite_handler = None
    bob.invite(alice.address)

    assert only(bob).status == 480


def test_garbage_is_answered_400_as_long_as_there_is_somebody_to_answer(alice: Side, bob: Peer):
    broken = bob.invite(Destination("udp", "10.9.9.9", 5060)).to_bytes()
    broken = broken.replace(b"Max-Forwards: 70", b"Max-Forwards: many")
    net = alice.net

    alice.take(broken, bob.address)
    alice.take(b"\x00\xff not sip at all", bob.address)
    alice.take(b"", bob.address)
    alice.take(broken.replace(b"INVITE sip", b"ACK sip"), bob.address)
    net.settle()

    assert only(bob).status == 400
    assert alice.agent.stats.malformed == 4


def test_an_ack_for_nothing_is_dropped(alice: Side, bob: Peer):
    bob.request("ACK", alice.address)
    bob.request("ACK", alice.address, to_=FRESH)

    assert bob.inbox == []
    assert alice.agent.stats.transactions == 0


def test_a_response_to_nothing_is_dropped(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    headers = bob.last("INVITE").headers.copy()
    headers.replace("CSeq", "9 OPTIONS")

    bob.reply(Request("OPTIONS", "sip:x", headers), 200)

    assert alice.named() == ["Sent"]
    assert [label(m) for m in bob.inbox] == ["INVITE"]


def test_replies_go_to_where_the_request_came_from_and_say_so(net: Net, alice: Side):
    behind_nat = net.peer("193.0.0.7")
    request = behind_nat.request("OPTIONS", Destination("udp", "10.9.9.9", 5060), to_=FRESH)
    private = request.to_bytes().replace(
        b"Via: SIP/2.0/UDP 193.0.0.7:5060", b"Via: SIP/2.0/UDP 192.168.1.2:9999;rport"
    )

    alice.take(private, behind_nat.address)
    net.settle()

    via = only(behind_nat).via
    assert (via.host, via.port) == ("192.168.1.2", 9999)
    assert (via.parameter("received"), via.parameter("rport")) == ("193.0.0.7", "5060")


def test_when_full_new_requests_are_turned_away_and_running_calls_go_on(net: Net, bob: Peer):
    alice = net.side("10.0.0.1", SipOptions(transactions_max=3))
    bob.invite(alice.address)
    alice.calls[0].ring()
    for number in range(5):
        bob.request("OPTIONS", alice.address, to_=FRESH, call_id=f"c{number}")
    turned_away = bob.all("503 OPTIONS")

    assert len(bob.all("200 OPTIONS")) == 2
    assert len(turned_away) == 3
    assert turned_away[0].headers.get("Retry-After") == "10"
    net.run(40)
    alice.calls[0].answer(ANSWER, alice.events.append)
    net.settle()
    assert len(bob.all("200 INVITE")) >= 1


def test_the_counts_tell_what_happened(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.run(2)
    bob.request("PUBLISH", alice.address, to_=FRESH)

    stats = alice.agent.stats
    assert (stats.transactions, stats.dialogs) == (2, 1)
    assert (stats.messages_in, stats.refused, stats.malformed) == (1, 1, 0)
    assert stats.retransmissions == 2


def test_a_datagram_of_ours_that_comes_back_names_its_transaction(net: Net, alice: Side, bob: Peer):
    alice.invite(bob.address)
    net.settle()
    invite = bob.last("INVITE").to_bytes()

    assert transaction_of(invite) == ("z9hG4bKseed.1", "INVITE")
    assert transaction_of(invite[:120]) == ("z9hG4bKseed.1", "INVITE")
    assert transaction_of(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n") is None
    assert transaction_of(b"\xff\x00") is None


def _agent() -> Agent:
    agent = Agent(clock=ManualClock(), options=SipOptions(), product="test")
    agent.listen_on(SOURCE.local)
    agent.invite_handler = lambda call: call.ring()
    return agent


def _carry_out(agent: Agent) -> None:
    while agent.effects:
        effect = agent.effects.popleft()
        if not isinstance(effect, Transmit):
            effect()


@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise(data: bytes):
    agent = _agent()

    agent.receive(data, SOURCE)
    _carry_out(agent)

    assert agent.stats.messages_in == 1


_LINES = [
    "Via: SIP/2.0/UDP 10.0.0.2:5060;rport;branch=z9hG4bKx",
    "Via: SIP/2.0/UDP 10.0.0.2;branch=1",
    "Via: SIP/2.0/TCP [2001:db8::1]:5061;maddr=1.2.3.4",
    "From: <sip:b@x>;tag=tb",
    'f: "B" <sip:b@x>',
    "To: <sip:a@x>",
    "To: <sip:a@x>;tag=fa",
    "Call-ID: call-1",
    "Call-ID: other",
    "CSeq: 1 INVITE",
    "CSeq: 2 BYE",
    "CSeq: 1 PRACK",
    "CSeq: 0 ACK",
    "CSeq: 5 CANCEL",
    "CSeq: 4294967295 UPDATE",
    "Contact: <sip:b@10.0.0.2>",
    "Contact: *",
    "Contact: <tel:+1>",
    "Record-Route: <sip:10.0.0.9;lr>, <tel:1>",
    "Require: 100rel",
    "Supported: timer",
    "Session-Expires: 1;refresher=uas",
    "Min-SE: 9999999999999",
    "RSeq: 1",
    "RAck: 1 1 INVITE",
    "Max-Forwards: 0",
    "Reason: Q.850;cause=99999999999999999999",
    'WWW-Authenticate: Digest realm="r", nonce="n"',
    "Content-Type: application/sdp",
    "Content-Type: multipart/mixed;boundary=x",
]
_FIRST = [
    "INVITE sip:a@x SIP/2.0",
    "ACK sip:a@x SIP/2.0",
    "BYE sip:a@x SIP/2.0",
    "CANCEL sip:a@x SIP/2.0",
    "UPDATE sip:a@x SIP/2.0",
    "PRACK sip:a@x SIP/2.0",
    "OPTIONS tel:1 SIP/2.0",
    "SIP/2.0 100 Trying",
    "SIP/2.0 183 Progress",
    "SIP/2.0 200 OK",
    "SIP/2.0 401 Who",
    "SIP/2.0 422 Short",
    "SIP/2.0 491 Glare",
]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(_FIRST),
            st.lists(st.sampled_from(_LINES), max_size=14),
            st.binary(max_size=20),
            st.floats(0, 40),
        ),
        max_size=8,
    )
)
def test_no_sequence_of_halfway_messages_raises_into_a_running_call(
    messages: list[tuple[str, list[str], bytes, float]],
):
    net = Net()
    alice = net.side("10.0.0.1")
    bob = net.peer("10.0.0.2")
    alice.agent.invite_handler = lambda call: call.answer(ANSWER, alice.events.append)
    dialog = alice.invite(bob.address)
    net.settle()
    for first, lines, body, pause in messages:
        text = "\r\n".join([first, *lines, "", ""]).encode() + body
        alice.take(text, bob.address)
        net.run(pause)
    dialog.bye()
    net.run(5000)

    assert alice.agent.stats.dialogs == 0
    assert alice.agent.stats.transactions == 0


def test_requests_without_a_call_are_handed_over_and_answered_once(alice: Side, bob: Peer):
    taken = []
    alice.agent.hand_over("REGISTER", taken.append)

    bob.request("REGISTER", alice.address, to_=FRESH)
    taken[0].respond(200, "OK", [("Contact", "<sip:a@b>;expires=60")])
    taken[0].respond(500)
    alice.net.settle()

    ok = only(bob)
    assert (ok.status, ok.headers.get("Contact")) == (200, "<sip:a@b>;expires=60")
    assert ok.to.tag
    assert taken[0].source == bob.address


def test_a_request_that_is_ignored_gets_no_answer(alice: Side, bob: Peer):
    alice.agent.hand_over("REGISTER", lambda incoming: incoming.ignore())

    bob.request("REGISTER", alice.address, to_=FRESH)
    alice.net.settle()

    assert bob.inbox == []


def test_of_an_address_that_is_not_listened_to_nothing_is_kept(alice: Side, bob: Peer):
    """A flood from a muted stranger must not fill the transactions."""
    alice.agent.screen = lambda host: host != bob.address.host

    for method in ("INVITE", "OPTIONS", "REGISTER"):
        bob.request(method, alice.address, to_=FRESH)

    assert bob.inbox == []
    assert alice.agent.stats.transactions == 0
    alice.agent.screen = lambda _host: True
    bob.request("OPTIONS", alice.address, to_=FRESH)
    assert only(bob).status == 200


def test_what_is_taken_care_of_is_allowed(alice: Side, bob: Peer):
    alice.agent.hand_over("REGISTER", lambda _incoming: None)

    bob.request("OPTIONS", alice.address, to_=FRESH)

    assert "register" in only(bob).headers.tokens("Allow")
