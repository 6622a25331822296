import pytest

from unit.sip.transaction.samples import request, response
from voxgate.sip.message import Response, parse, response_to
from voxgate.sip.transaction.alarms import Alarms
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import TransactionLayer, Transmit, reply_destination
from voxgate.sip.transaction.machine import Timing
from voxgate.testing.virtual_time import ManualClock

HERE = Destination("udp", "10.0.0.1", 5060)
THERE = Destination("udp", "10.0.0.2", 5070)
SOURCE = Source(THERE, HERE)
BRANCH = "z9hG4bKabc"


class User:
    def __init__(self) -> None:
        self.responses: list[int] = []
        self.failures: list[tuple[str, str]] = []

    def on_response(self, response: Response) -> None:
        self.responses.append(response.status)

    def on_failure(self, cause: str, detail: str) -> None:
        self.failures.append((cause, detail))


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock(monotonic=0.0)
        self.alarms = Alarms()
        self.sent: list[Transmit] = []
        self.layer = TransactionLayer(
            Timing(), self.alarms, clock=self.clock, transmit=self.sent.append
        )

    def run(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while (due := self.alarms.deadline) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.alarms.ring(self.clock.monotonic())
        self.clock.advance(end - self.clock.monotonic())

    def first_lines(self) -> list[str]:
        return [t.payload.split(b"\r\n")[0].decode() for t in self.sent]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_response_finds_its_request_by_branch_and_method(bench: Bench):
    user = User()
    bench.layer.send(request("OPTIONS"), THERE, HERE, user, branch=BRANCH)

    assert bench.layer.on_response(response(200, "OPTIONS"))
    assert not bench.layer.on_response(response(200, "INVITE"))
    assert not bench.layer.on_response(
        response(200, "OPTIONS", via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKother")
    )
    assert user.responses == [200]


def test_a_request_is_repeated_told_of_and_forgotten(bench: Bench):
    user = User()
    bench.layer.send(request("OPTIONS"), THERE, HERE, user, branch=BRANCH)
    bench.run(40)

    assert len(bench.sent) == 11
    assert {t.destination for t in bench.sent} == {THERE}
    assert {t.transaction for t in bench.sent} == {(BRANCH, "OPTIONS")}
    assert bench.layer.retransmissions == 10
    assert user.failures == [("timeout", "no final response")]
    assert len(bench.layer) == 0


def test_what_the_transport_cannot_deliver_fails_the_request_it_belongs_to(bench: Bench):
    user = User()
    bench.layer.send(request("OPTIONS"), THERE, HERE, user, branch=BRANCH)

    bench.layer.unreachable(("z9hG4bKother", "OPTIONS"), "x")
    bench.layer.unreachable(None, "x")
    bench.layer.unreachable((BRANCH, "OPTIONS"), "refused")

    assert user.failures == [("transport", "refused")]
    assert len(bench.layer) == 0


def test_a_cancel_and_its_invite_share_a_branch_and_nothing_else(bench: Bench):
    inviter, canceller = User(), User()
    bench.layer.send(request("INVITE"), THERE, HERE, inviter, branch=BRANCH)
    bench.layer.send(request("CANCEL"), THERE, HERE, canceller, branch=BRANCH)

    bench.layer.on_response(response(200, "CANCEL"))
    bench.layer.on_response(response(487, "INVITE"))

    assert (inviter.responses, canceller.responses) == ([487], [200])
    assert bench.first_lines()[-1].startswith("ACK ")


def test_a_new_request_makes_a_transaction_and_its_repeat_does_not(bench: Bench):
    first = bench.layer.on_request(request("OPTIONS"), SOURCE)

    assert first is not None
    assert bench.layer.on_request(request("OPTIONS"), SOURCE) is None
    bench.layer.respond(first, response_to(first.request, 200, "OK"))
    assert bench.layer.on_request(request("OPTIONS"), SOURCE) is None
    assert bench.first_lines() == ["SIP/2.0 200 OK"] * 2
    assert first.answered


def test_the_same_branch_of_another_host_is_another_request(bench: Bench):
    bench.layer.on_request(request("OPTIONS"), SOURCE)
    other = request("OPTIONS", via="SIP/2.0/UDP 10.0.0.77:5060;branch=z9hG4bKabc")

    assert bench.layer.on_request(other, SOURCE) is not None


def test_the_ack_of_a_refusal_is_absorbed_and_ends_its_repeats(bench: Bench):
    invite = bench.layer.on_request(request("INVITE"), SOURCE)
    assert invite is not None
    bench.layer.respond(invite, response_to(invite.request, 486, "Busy"))

    assert bench.layer.on_request(request("ACK"), SOURCE) is None
    bench.run(10)

    assert bench.first_lines() == ["SIP/2.0 486 Busy"]
    assert len(bench.layer) == 0


def test_an_ack_for_nothing_makes_nothing(bench: Bench):
    assert bench.layer.on_request(request("ACK"), SOURCE) is None
    assert len(bench.layer) == 0


def test_a_cancel_finds_its_invite(bench: Bench):
    invite = bench.layer.on_request(request("INVITE"), SOURCE)

    assert bench.layer.invite_of(request("CANCEL")) is invite
    stranger = request("CANCEL", via="SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKother")
    assert bench.layer.invite_of(stranger) is None


def test_peers_of_rfc_2543_without_cookie_are_matched_too(bench: Bench):
    old = "SIP/2.0/UDP 10.0.0.1:5060;branch=1"
    invite = bench.layer.on_request(request("INVITE", via=old), SOURCE)
    assert invite is not None
    bench.layer.respond(invite, response_to(invite.request, 486, "Busy", to_tag="t"))

    ack = request("ACK", via=old, to="<sip:bob@b.example>;tag=t")
    assert bench.layer.on_request(ack, SOURCE) is None
    bench.run(5)

    assert len(bench.sent) == 1


def test_a_request_that_arrives_by_two_ways_is_merged(bench: Bench):
    one = bench.layer.on_request(request("INVITE"), SOURCE)
    two = bench.layer.on_request(
        request("INVITE", via="SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKtwo"), SOURCE
    )

    assert one is not None
    assert two is not None
    assert not bench.layer.is_merged(one)
    assert bench.layer.is_merged(two)


@pytest.mark.parametrize(("via", "port"), [
    ("SIP/2.0/UDP 10.0.0.9:5099;rport;branch=z9hG4bK1", 5070),
    ("SIP/2.0/UDP 10.0.0.9:5099;branch=z9hG4bK1", 5099),
    ("SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1", 5060),
    ("SIP/2.0/UDP 10.0.0.9;maddr=10.9.9.9;branch=z9hG4bK1", 5060),
])  # fmt: skip
def test_a_reply_goes_to_where_the_request_came_from(via: str, port: int):
    assert reply_destination(request("OPTIONS", via=via), SOURCE) == Destination(
        "udp", "10.0.0.2", port
    )


def test_thousands_of_transactions_leave_nothing_behind(bench: Bench):
    for number in range(2000):
        text = request("OPTIONS").to_bytes().replace(b"z9hG4bKabc", b"z9hG4bK%d" % number)
        message = parse(text)
        bench.layer.send(message, THERE, HERE, User(), branch=f"z9hG4bK{number}")  # type: ignore[arg-type]
        bench.layer.on_response(
            response(200, via=f"SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{number}")
        )
    bench.run(60)

    assert (len(bench.layer), len(bench.alarms)) == (0, 0)
