import asyncio
from dataclasses import replace

import pytest

from unit.records.samples import ENDED_DATA, STATUS_DATA, sample_call
from voxgate.hooks.http import HookAnswer
from voxgate.hooks.payloads import Site
from voxgate.model.calls import CallEvent, EventType
from voxgate.model.hooks import Hook
from voxgate.records.receivers import Telling, Track, receivers_of


def event(call, seq, type_=EventType.STATUS):
    data = ENDED_DATA if type_ is EventType.ENDED else STATUS_DATA
    return CallEvent(call.call_sid, seq, 1.0, type_, data)


def seqs(track):
    return [each.seq for each in track.pending]


def test_status_hook_and_notify_url_are_two_receivers_and_nothing_before_is_told_to_them():
    call = sample_call(
        status_hook=Hook("https://a.example/s"), notify_hook=Hook("wss://b.example/n")
    )

    assert [(row.receiver, row.hook.url, row.cursor) for row in receivers_of(call)] == [
        ("status", "https://a.example/s", 1),
        ("notify", "wss://b.example/n", 1),
    ]


@pytest.mark.parametrize("hook", [None, Hook("")])
def test_without_an_address_there_is_no_receiver(hook):
    assert receivers_of(sample_call(status_hook=hook)) == []


def test_what_is_read_from_disk_goes_before_what_is_in_memory_and_nothing_doubles():
    call = sample_call(status_hook=Hook("https://a.example/s"))
    track = Track(call, receivers_of(call)[0], behind=True)
    track.add([event(call, 5)])

    track.put_before([event(call, 3), event(call, 4), event(call, 5)])

    assert seqs(track) == [3, 4, 5]


class Teller:
    def __init__(self):
        self.told = []

    async def tell(self, hook, payload, *, secret):
        self.told.append((hook.url, payload["seq"], secret))
        return HookAnswer(hook.url, "POST", 200, None, 1)


class NoSockets:
    async def open(self, hook):
        raise AssertionError(hook)

    def of_call(self, call_sid, hook):
        return None


class OwnSocket(NoSockets):
    """The socket that drives the call."""

    def __init__(self):
        self.delivered = []

    def of_call(self, call_sid, hook):
        return self

    async def deliver(self, statuses, *, last):
        self.delivered.append(([status["seq"] for status in statuses], last))


APP = Hook("wss://app.example/vg")


@pytest.mark.parametrize(
    ("status", "direction", "receivers"),
    [
        (None, "outbound", [("status", APP.url)]),
        (None, "inbound", [("status", APP.url)]),
        (APP, "inbound", [("status", APP.url)]),
        (Hook("wss://other.example/s"), "outbound", [("status", "wss://other.example/s")]),
        (
            Hook("https://other.example/s"),
            "inbound",
            [("status", "https://other.example/s"), ("app", APP.url)],
        ),
        (
            Hook("wss://other.example/s"),
            "inbound",
            [("status", "wss://other.example/s"), ("app", APP.url)],
        ),
    ],
)
def test_an_application_behind_a_socket_hears_of_its_calls_there_gotcha_47(
    status, direction, receivers
):
    call = sample_call(status_hook=status)
    call = replace(
        call, direction=direction, request=replace(call.request, call_hook=APP, app_json=None)
    )

    assert [(row.receiver, row.hook.url) for row in receivers_of(call)] == receivers


def test_over_the_call_s_own_socket_all_that_waits_is_told_at_once_in_order_fs_793():
    call = sample_call(status_hook=APP)
    track = Track(call, receivers_of(call)[0])
    track.add([event(call, 2), event(call, 3), event(call, 4, EventType.ENDED)])
    own = OwnSocket()

    told = asyncio.run(Telling(None, own, None, Site()).tell(track))

    assert told == 3
    assert own.delivered == [([2, 3, 4], True)]


def test_over_http_one_event_is_told_at_a_time_with_the_account_s_secret():
    call = sample_call(status_hook=Hook("https://a.example/s"))
    track = Track(call, receivers_of(call)[0])
    track.add([event(call, 2), event(call, 3)])
    teller = Teller()

    async def secret_of(account_sid):
        return f"secret of {account_sid}"

    told = asyncio.run(Telling(teller, NoSockets(), secret_of, Site()).tell(track))

    assert told == 1
    assert teller.told == [("https://a.example/s", 2, f"secret of {call.account_sid}")]
