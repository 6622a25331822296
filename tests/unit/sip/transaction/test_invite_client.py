from unit.sip.transaction.samples import request, response
from unit.sip.transaction.test_request_client import run_until_over
from voxgate.sip.message import Request, parse
from voxgate.sip.transaction.effects import Deliver, Send, TimedOut
from voxgate.sip.transaction.invite_client import InviteClient
from voxgate.sip.transaction.machine import State, Timing


def make(*, reliable: bool = False) -> InviteClient:
    client = InviteClient(request("INVITE"), timing=Timing(), reliable=reliable)
    client.start(now=0.0)
    return client


def test_an_unanswered_invite_is_sent_seven_times_and_given_up_after_32_seconds():
    history = run_until_over(make())

    assert [at for at, effect in history if isinstance(effect, Send)] == [
        0.5, 1.5, 3.5, 7.5, 15.5, 31.5,
    ]  # fmt: skip
    assert history[-1] == (32.0, TimedOut())


def test_a_provisional_response_stops_the_repeats_for_as_long_as_it_rings():
    client = make()
    ringing = response(180, "INVITE")

    assert client.on_response(ringing, now=0.2) == [Deliver(ringing)]
    assert client.deadline is None


def test_a_refusal_is_acknowledged_on_the_same_hop_and_each_repeat_again():
    client = make()
    busy = response(486, "INVITE")

    ack, delivered = client.on_response(busy, now=1.0)
    again = client.on_response(busy, now=1.5)

    assert delivered == Deliver(busy)
    assert isinstance(ack, Send)
    message = parse(ack.payload)
    assert isinstance(message, Request)
    assert (message.method, str(message.uri)) == ("ACK", "sip:bob@b.example")
    assert message.via == client.request.via
    assert message.to.tag == "tb"
    assert str(message.cseq) == "7 ACK"
    assert message.headers.all("Route") == ["<sip:proxy.example;lr>"]
    assert again == [Send(ack.payload, repeated=True)]


def test_repeats_of_a_refusal_are_absorbed_for_32_seconds_or_not_at_all_over_tcp():
    slow, quick = make(), make(reliable=True)
    slow.on_response(response(486, "INVITE"), now=1.0)
    quick.on_response(response(486, "INVITE"), now=1.0)

    assert slow.deadline == 33.0
    assert quick.deadline == 1.0
    quick.on_time(now=1.0)
    assert quick.state is State.TERMINATED


def test_every_2xx_is_passed_up_while_others_may_still_come():
    client = make()
    first, other = response(200, "INVITE"), response(200, "INVITE", tag="other")

    assert client.on_response(first, now=1.0) == [Deliver(first)]
    assert client.on_response(other, now=2.0) == [Deliver(other)]
    assert client.on_response(response(180, "INVITE"), now=2.1) == []
    assert client.on_response(response(500, "INVITE"), now=2.2) == []
    assert client.deadline == 33.0  # timer M of RFC 6026
    client.on_time(now=33.0)
    assert client.state is State.TERMINATED


def test_an_abandoned_invite_has_no_deadline_and_says_nothing_more():
    client = make()

    client.abort(now=1.0)

    assert client.deadline is None
    assert client.on_response(response(200, "INVITE"), now=2.0) == []
