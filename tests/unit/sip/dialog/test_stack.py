from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.transaction.destination import Destination
from voxgate.testing.virtual_time import ManualClock

FOUR = Destination("udp", "10.0.0.1", 5060)
SIX = Destination("udp", "2001:db8::1", 5060)
TCP = Destination("tcp", "10.0.0.1", 5060)


def make(woken: list[str] | None = None) -> Stack:
    stack = Stack(
        clock=ManualClock(),
        options=SipOptions(),
        product="p",
        wake=lambda: (woken if woken is not None else []).append("woken"),
    )
    stack.locals = (FOUR, SIX, TCP)
    return stack


def test_the_listener_is_chosen_by_transport_and_ip_version():
    stack = make()

    assert stack.local_for(Destination("udp", "192.0.2.9")) == FOUR
    assert stack.local_for(Destination("udp", "2001:db8::9")) == SIX
    assert stack.local_for(Destination("tcp", "192.0.2.9")) == TCP
    assert stack.local_for(Destination("tcp", "2001:db8::9")) is None


def test_tokens_do_not_repeat_and_fit_into_a_tag():
    tokens = {make().token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(token.isalnum() and len(token) == 16 for token in tokens)


def test_nobody_is_woken_for_nothing():
    woken: list[str] = []
    stack = make(woken)
    stack.flush()
    assert woken == []

    stack.notify(lambda: None)
    stack.flush()

    assert woken == ["woken"]


def test_random_waits_are_drawn_between_nothing_and_everything():
    drawn = [make().fraction() for _ in range(50)]

    assert all(0 <= value < 1 for value in drawn)
    assert len(set(drawn)) > 10
