from unit.records.samples import ENDED_DATA, STATUS_DATA, sample_call
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.retry import Backoff
from voxgate.model.calls import CallEvent, EventType
from voxgate.model.hooks import Hook
from voxgate.records.batch import Batch
from voxgate.records.ledger import Ledger
from voxgate.records.receivers import Track, receivers_of
from voxgate.testing.virtual_time import ManualClock

REFUSED = HookFailed("connect", "https://a.example/s", "refused")


class Writer:
    def __init__(self):
        self.waiting = Batch()

    def ask(self, *, urgent=False, lazy=False):
        pass


class Journal:
    """What a ledger writes down."""

    def __init__(self):
        self.writer = Writer()
        self.noted = []
        self.alerts = []

    def append(self, _call_sid, type_, data):
        self.noted.append((type_, data))

    def raise_alert(self, alert):
        self.alerts.append(alert)

    @property
    def states(self):
        return [data["state"] for type_, data in self.noted if type_ is EventType.DELIVERY]


def ledger_and_track(*types):
    clock, journal = ManualClock(), Journal()
    call = sample_call(status_hook=Hook("https://a.example/s?key=1"))
    track = Track(call, receivers_of(call)[0])
    for seq, type_ in enumerate(types, start=2):
        data = ENDED_DATA if type_ is EventType.ENDED else STATUS_DATA
        track.add([CallEvent(call.call_sid, seq, clock.wall(), type_, data)])
    return Ledger(journal, clock, Backoff()), track, journal, clock


def test_what_arrived_moves_the_cursor_and_the_last_event_removes_the_row():
    ledger, track, journal, _ = ledger_and_track(EventType.STATUS, EventType.ENDED)

    ledger.told(track, 1)
    waiting = journal.writer.waiting
    assert [row.cursor for row in waiting.progress.values()] == [2]
    assert not track.finished

    ledger.told(track, 1)
    assert track.finished
    assert (waiting.progress, waiting.delivered) == ({}, {track.key})
    assert ledger.delivered == 2
    assert journal.noted == []


def test_a_failure_is_stored_with_its_next_attempt_and_noted_once():
    ledger, track, journal, clock = ledger_and_track(EventType.STATUS)
    start = clock.wall()

    pauses = []
    for _ in range(4):
        due = ledger.failed(track, REFUSED)
        pauses.append(due - clock.wall())
        clock.advance(due - clock.wall())

    assert pauses == [1, 2, 4, 8]
    (row,) = journal.writer.waiting.progress.values()
    assert (row.attempts, row.first_failed_at, row.next_at) == (4, start, start + 15)
    assert journal.states == ["retrying"]
    assert [alert.alert_type for alert in journal.alerts] == ["webhook-connection-failure"]
    assert "key=1" not in str(journal.noted)


def test_success_after_failures_is_noted_and_starts_the_count_anew():
    ledger, track, journal, _ = ledger_and_track(EventType.STATUS, EventType.STATUS)
    ledger.failed(track, REFUSED)

    ledger.told(track, 1)

    assert journal.states == ["retrying", "delivered"]
    assert (track.delivery.attempts, track.delivery.first_failed_at) == (0, None)


def test_a_day_after_it_happened_an_event_is_given_up():
    ledger, track, journal, clock = ledger_and_track(EventType.STATUS, EventType.ENDED)
    clock.advance(86399)
    assert ledger.failed(track, REFUSED) is not None
    clock.advance(1)

    assert ledger.failed(track, REFUSED) is None

    assert [event.type for event in track.pending] == [EventType.ENDED]
    assert journal.states == ["retrying", "failed"]
    assert [data["alert_type"] for type_, data in journal.noted if type_ is EventType.ALERT] == [
        "webhook-connection-failure"
    ]
    assert ledger.given_up == 1
