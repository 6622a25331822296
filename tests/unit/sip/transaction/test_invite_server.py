from unit.sip.transaction.samples import request
from unit.sip.transaction.test_request_client import run_until_over
from voxgate.sip.message import response_to
from voxgate.sip.transaction.effects import Send, TimedOut
from voxgate.sip.transaction.invite_server import InviteServer
from voxgate.sip.transaction.machine import State, Timing


def make(*, reliable: bool = False) -> InviteServer:
    return InviteServer(request("INVITE"), timing=Timing(), reliable=reliable, now=0.0)


def answer(server: InviteServer, status: int, *, now: float) -> list[bytes]:
    response = response_to(server.request, status, "x", to_tag="tb")
    effects = server.respond(response, now=now)
    return [effect.payload for effect in effects if isinstance(effect, Send)]


def test_100_is_sent_when_the_user_takes_longer_than_200_ms():
    server = make()

    (trying,) = server.on_time(now=0.2)

    assert isinstance(trying, Send)
    assert trying.payload.startswith(b"SIP/2.0 100 Trying\r\n")


def test_100_is_not_sent_when_the_user_was_quick():
    server = make()

    answer(server, 180, now=0.1)

    assert server.deadline is None


def test_a_repeated_invite_gets_the_last_response_again():
    server = make()
    (ringing,) = answer(server, 180, now=0.1)

    assert server.on_request(server.request, now=0.5) == [Send(ringing, repeated=True)]


def test_a_refusal_is_repeated_until_it_is_acknowledged():
    server = make()
    (busy,) = answer(server, 486, now=0.0)

    repeats = [server.on_time(now=at) for at in (0.5, 1.5, 3.5)]
    server.on_request(request("ACK"), now=4.0)

    assert repeats == [[Send(busy, repeated=True)]] * 3
    assert server.state is State.CONFIRMED
    assert run_until_over(server) == []
    assert server.state is State.TERMINATED


def test_a_refusal_that_nobody_acknowledges_is_given_up():
    server = make()
    answer(server, 486, now=0.0)

    assert run_until_over(server)[-1] == (32.0, TimedOut())


def test_over_tcp_a_refusal_is_sent_once():
    server = make(reliable=True)
    answer(server, 486, now=0.0)

    assert run_until_over(server) == [(32.0, TimedOut())]


def test_after_a_2xx_repeats_of_the_invite_are_absorbed_and_the_user_may_resend():
    server = make()
    (ok,) = answer(server, 200, now=1.0)

    assert server.on_request(server.request, now=1.1) == []
    assert answer(server, 200, now=1.5) == [ok]
    assert server.deadline == 33.0  # timer L of RFC 6026
    server.on_time(now=33.0)
    assert server.state is State.TERMINATED


def test_a_final_response_after_the_final_response_is_not_sent():
    server = make()
    answer(server, 486, now=0.0)

    assert answer(server, 200, now=0.1) == []
