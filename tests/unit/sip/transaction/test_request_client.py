from unit.sip.transaction.samples import request, response
from voxgate.sip.transaction.effects import Deliver, Effect, Send, TimedOut, TransportFailed
from voxgate.sip.transaction.machine import Machine, State, Timing
from voxgate.sip.transaction.request_client import RequestClient


def make(*, reliable: bool = False) -> RequestClient:
    return RequestClient(request("OPTIONS"), timing=Timing(), reliable=reliable)


def run_until_over(machine: Machine) -> list[tuple[float, Effect]]:
    """Jump from deadline to deadline."""
    history = []
    while (due := machine.deadline) is not None:
        history += [(due, effect) for effect in machine.on_time(now=due)]
    return history


def test_unanswered_request_is_resent_with_backoff_and_then_given_up():
    client = make()
    client.start(now=0.0)

    history = run_until_over(client)

    assert [at for at, effect in history if isinstance(effect, Send)] == [
        0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    assert history[-1] == (32.0, TimedOut())
    assert client.state is State.TERMINATED


def test_over_a_reliable_transport_nothing_is_resent():
    client = make(reliable=True)
    client.start(now=0.0)

    assert run_until_over(client) == [(32.0, TimedOut())]


def test_a_provisional_response_slows_the_repeats_down_to_t2():
    client = make()
    client.start(now=0.0)
    client.on_time(now=0.5)

    client.on_response(response(183), now=1.0)

    assert [at for at, e in run_until_over(client) if isinstance(e, Send)][:3] == [1.5, 5.5, 9.5]


def test_the_final_response_is_delivered_once_and_its_repeats_absorbed_for_t4():
    client = make()
    client.start(now=0.0)
    final = response(200)

    assert client.on_response(final, now=1.0) == [Deliver(final)]
    assert client.on_response(final, now=1.2) == []
    assert client.deadline == 6.0
    assert client.on_time(now=6.0) == []
    assert client.state is State.TERMINATED


def test_a_refusal_of_the_transport_ends_it_only_while_nothing_was_heard():
    silent, answered = make(), make()
    silent.start(now=0.0)
    answered.start(now=0.0)
    answered.on_response(response(100), now=0.1)

    assert silent.unreachable("refused", now=0.2) == [TransportFailed("refused")]
    assert silent.deadline is None
    assert answered.unreachable("refused", now=0.2) == []
    assert answered.state is State.PROCEEDING


def test_patience_can_be_shorter_than_the_standard_has_it():
    client = make()
    client.start(now=0.0)

    client.give_up_at(2.0)

    assert run_until_over(client)[-1] == (2.0, TimedOut())
