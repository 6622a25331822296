"""What became of each attempt to deliver: cursors, the call's timeline, alerts."""

from dataclasses import replace

from voxgate.base.clock import Clock
from voxgate.hooks.failures import HookFailed, shown_url
from voxgate.hooks.retry import Backoff
from voxgate.model.alerts import Alert
from voxgate.model.calls import CallEvent, EventType, Json
from voxgate.model.deliveries import Delivery
from voxgate.records.alerts import AlertBrake
from voxgate.records.journal import Journal
from voxgate.records.receivers import Track


class Ledger:
    """Moves the cursor of a track and writes down why."""

    def __init__(self, journal: Journal, clock: Clock, backoff: Backoff) -> None:
        self._journal = journal
        self._clock = clock
        self._backoff = backoff
        self._brake = AlertBrake()
        self.delivered = 0
        self.failed_attempts = 0
        self.given_up = 0

    def told(self, track: Track, count: int) -> None:
        """The first `count` of what is pending arrived."""
        attempts = track.delivery.attempts
        self.delivered += count
        for _ in range(count):
            event = self._advance(track)
        if attempts:
            self._note(track, event, "delivered", {"attempts": attempts + 1})

    def failed(self, track: Track, failure: HookFailed) -> float | None:
        """The first of what is pending did not arrive: when to try again, None: not any more."""
        now = self._clock.wall()
        self.failed_attempts += 1
        event, delivery = track.pending[0], track.delivery
        attempts = delivery.attempts + 1
        track.delivery = replace(
            delivery,
            attempts=attempts,
            first_failed_at=delivery.first_failed_at or now,
            next_at=now + self._backoff.pause_s(attempts),
        )
        if self.has_expired(event):
            self._alert_on_timeline(track, failure)
            self.give_up(track, failure.detail)
            return None
        self._keep(track.delivery)
        if attempts == 1:
            self._note(track, event, "retrying", {"attempts": 1, "error": failure.detail})
            self._alert(track, failure, now)
        return track.delivery.next_at

    def has_expired(self, event: CallEvent) -> bool:
        return self._backoff.gives_up(first_failed_at=event.at, now=self._clock.wall())

    def give_up(self, track: Track, error: str) -> None:
        """A day is over: the receiver misses this event, the next one gets its own day."""
        self.given_up += 1
        attempts = track.delivery.attempts
        self._note(track, track.pending[0], "failed", {"attempts": attempts, "error": error})
        self._advance(track)

    def finish(self, track: Track) -> None:
        """Nothing more will come for this receiver: its row goes."""
        track.finished = True
        waiting = self._journal.writer.waiting
        waiting.progress.pop(track.key, None)
        waiting.delivered.add(track.key)
        self._journal.writer.ask(lazy=True)

    def readdress(self, delivery: Delivery) -> None:
        """Another hook receives the call's statuses from now on."""
        self._journal.writer.waiting.readdressed.append(delivery)
        self._journal.writer.ask()

    def _advance(self, track: Track) -> CallEvent:
        event = track.pending.popleft()
        row = track.delivery
        track.delivery = Delivery(
            row.call_sid, row.receiver, row.account_sid, row.hook, cursor=event.seq
        )
        if event.type is EventType.ENDED:
            self.finish(track)
        else:
            self._keep(track.delivery)
        return event

    def _keep(self, delivery: Delivery) -> None:
        self._journal.writer.waiting.progress[delivery.call_sid, delivery.receiver] = delivery
        self._journal.writer.ask(lazy=True)

    def _note(self, track: Track, event: CallEvent, state: str, facts: Json) -> None:
        data = {
            "receiver": track.delivery.receiver,
            "url": shown_url(track.delivery.hook.url),
            "state": state,
            "of_seq": event.seq,
        }
        self._journal.append(track.call.call_sid, EventType.DELIVERY, data | facts)

    def _alert(self, track: Track, failure: HookFailed, now: float) -> None:
        """A row only: the timeline has its `delivery` event already."""
        alert = Alert(
            at=now,
            account_sid=track.call.account_sid,
            alert_type=failure.alert_type,
            message=str(failure),
            service_provider_sid=track.call.service_provider_sid,
            detail=failure.detail,
            target_sid=track.call.call_sid,
        )
        if self._brake.lets_through(alert):
            self._journal.raise_alert(alert)

    def _alert_on_timeline(self, track: Track, failure: HookFailed) -> None:
        data = {
            "alert_type": failure.alert_type,
            "message": f"a status was not delivered: {failure}",
            "detail": failure.detail,
        }
        self._journal.append(track.call.call_sid, EventType.ALERT, data)
