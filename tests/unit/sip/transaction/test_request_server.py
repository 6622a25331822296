from unit.sip.transaction.samples import request
from voxgate.sip.message import response_to
from voxgate.sip.transaction.effects import Send
from voxgate.sip.transaction.machine import State, Timing
from voxgate.sip.transaction.request_server import RequestServer


def make(*, reliable: bool = False) -> RequestServer:
    return RequestServer(request("OPTIONS"), timing=Timing(), reliable=reliable, now=0.0)


def test_a_repeat_before_the_answer_is_absorbed_and_after_it_answered_alike():
    server = make()
    assert server.on_request(server.request, now=0.5) == []

    (sent,) = server.respond(response_to(server.request, 200, "OK"), now=0.6)

    assert isinstance(sent, Send)
    assert server.on_request(server.request, now=1.0) == [Send(sent.payload, repeated=True)]
    assert server.deadline == 32.6
    server.on_time(now=32.6)
    assert server.state is State.TERMINATED


def test_over_tcp_it_is_over_with_its_answer():
    server = make(reliable=True)

    server.respond(response_to(server.request, 200, "OK"), now=1.0)

    assert server.deadline == 1.0


def test_a_user_who_never_answers_is_not_waited_for_forever():
    server = make()

    assert server.on_time(now=32.0) == []
    assert server.state is State.TERMINATED


def test_a_provisional_response_is_repeated_too():
    server = make()
    (sent,) = server.respond(response_to(server.request, 100, "Trying"), now=0.1)

    assert isinstance(sent, Send)
    assert server.on_request(server.request, now=0.6) == [Send(sent.payload, repeated=True)]
