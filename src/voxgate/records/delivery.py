"""Status webhooks: every committed `status` and `ended` event to every receiver of its call.

In order, at least once, for 24 hours, also across restarts: each (call, receiver) has a stored
cursor. What cannot be delivered now waits on disk, not in memory.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.secrets import SecretBox
from voxgate.base.tasks import Nursery
from voxgate.hooks.address import origin_of
from voxgate.hooks.failures import HookFailed, shown_url
from voxgate.hooks.retry import Backoff
from voxgate.model.alerts import Alert
from voxgate.model.calls import Call, CallEvent, EventType
from voxgate.model.deliveries import Delivery
from voxgate.model.hooks import Hook
from voxgate.records.alerts import AlertBrake
from voxgate.records.batch import DeliveryKey
from voxgate.records.journal import Journal
from voxgate.records.lanes import Lane
from voxgate.records.receivers import RECEIVERS, STATUS, Telling, Track, whole_hook
from voxgate.store import calls, deliveries, events
from voxgate.store.engine import Database, StoreUnavailable

log = get_logger("delivery")

_TOLD = frozenset({EventType.STATUS, EventType.ENDED})
_HTTP_MOST = 64  # in flight to one host
_SOCKETS_MOST = 1024  # to one host with frames that are not yet a second old
_WAITING_MOST = 100_000  # keys per host in memory
_PAGE = 500
_STORE_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class DeliveryPorts:
    journal: Journal
    database: Database
    box: SecretBox
    clock: Clock
    telling: Telling


class Deliveries:
    """A follower of the journal. `resume()` once at start-up, `close()` at the end."""

    def __init__(self, ports: DeliveryPorts, *, backoff: Backoff | None = None) -> None:
        self._ports = ports
        self._backoff = backoff or Backoff()
        self._nursery = Nursery("delivery")
        self._tracks: dict[DeliveryKey, Track] = {}
        self._busy: set[DeliveryKey] = set()
        self._lanes: dict[str, Lane] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._brake = AlertBrake()
        self._closing = False
        self.delivered = 0
        self.failed_attempts = 0
        self.given_up = 0

    @property
    def waiting(self) -> int:
        """Receivers that are being told or wait for it, as far as they stand in memory."""
        return sum(len(lane) for lane in self._lanes.values())

    # records.journal.Follower

    def opened(self, call: Call, rows: Sequence[Delivery]) -> None:
        for delivery in rows:
            track = Track(call, delivery)
            self._tracks[track.key] = track

    def committed(self, call_sid: str, logged: Sequence[CallEvent]) -> None:
        told = [event for event in logged if event.type in _TOLD]
        if not told:
            return
        for receiver in RECEIVERS:
            track = self._tracks.get((call_sid, receiver))
            # Without a track the receiver waits on disk, where these events are as well.
            if track is not None:
                track.add(told)
                self._queue(track)

    # What the server calls.

    def redirect(self, call_sid: str, hook: Hook) -> None:
        """From the next event on, `hook` is the call's status receiver."""
        journal = self._ports.journal
        track = self._tracks.get((call_sid, STATUS))
        if track is None:
            call = journal.call(call_sid)
            if call is None:
                return
            last = journal.last_seq(call_sid) or 1
            track = Track(call, Delivery(call_sid, STATUS, call.account_sid, hook, last))
            self._tracks[track.key] = track
        track.delivery = replace(
            track.delivery, hook=whole_hook(hook, track.call.request.call_hook)
        )
        self._drop_socket(track)
        journal.note_readdressed(track.delivery)

    async def resume(self) -> None:
        """Take up what an earlier process left undelivered."""
        await self._refill(None)

    async def drain(self, timeout_s: float) -> None:
        """Wait until nothing is in flight any more, at most `timeout_s`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while self._busy and (left := deadline - loop.time()) > 0:  # noqa: ASYNC110 - once per life
            await asyncio.sleep(min(0.02, left))

    async def close(self) -> None:
        self._closing = True
        for timer in self._timers.values():
            timer.cancel()
        for track in self._tracks.values():
            self._drop_socket(track)
        await self._nursery.close()

    # Whose turn it is.

    def _queue(self, track: Track, *, due: float | None = None) -> None:
        """Let the track be worked on as soon as its host has room, not before `due`."""
        if track.queued or track.key in self._busy:
            return
        lane = self._lane(track.delivery.hook)
        track.queued = lane.put(track.key, self._now() if due is None else due)
        stays = track.queued and not lane.is_down and not lane.is_crowded
        self._pump(lane)
        if track.key not in self._busy and (due is not None or not stays):
            self._leave_on_disk(track)

    def _leave_on_disk(self, track: Track) -> None:
        """Free what the database has anyway; of a call that is over, the whole track."""
        track.pending.clear()
        track.behind = True
        self._drop_socket(track)
        if not self._ports.journal.is_open(track.call.call_sid):
            self._tracks.pop(track.key, None)

    def _lane(self, hook: Hook) -> Lane:
        origin = origin_of(hook)
        lane = self._lanes.get(origin)
        if lane is None:
            lane = Lane(
                origin,
                in_flight_most=_SOCKETS_MOST if hook.is_websocket else _HTTP_MOST,
                waiting_most=_WAITING_MOST,
                expires_s=self._backoff.give_up_s,
            )
            self._lanes[origin] = lane
        return lane

    def _pump(self, lane: Lane) -> None:
        if self._closing:
            return
        for key in lane.take(self._now()):
            track = self._tracks.get(key)
            if track is not None:
                track.queued = False
            if key in self._busy:
                lane.free()
            else:
                self._busy.add(key)
                self._nursery.start(self._work(key, lane), name="receiver")
        self._arm(lane)
        if lane.spilled and not len(lane):
            lane.spilled = False
            self._nursery.start(self._refill(lane.origin), name="refill")
        elif not len(lane) and not lane.is_down:
            self._lanes.pop(lane.origin, None)

    def _arm(self, lane: Lane) -> None:
        timer = self._timers.pop(lane.origin, None)
        if timer is not None:
            timer.cancel()
        look = lane.next_look()
        if look is not None:
            loop = asyncio.get_running_loop()
            pause_s = max(0.0, look - self._now())
            self._timers[lane.origin] = loop.call_later(pause_s, self._pump, lane)

    # The work.

    async def _work(self, key: DeliveryKey, lane: Lane) -> None:
        due: float | None = None
        try:
            due = await self._serve(key, lane)
        except StoreUnavailable:
            due = self._now() + _STORE_PAUSE_S
        except Exception:  # boundary: one receiver's trouble must not stop the others'
            log.exception("delivery_broke", call_sid=key[0])
            due = self._now() + self._backoff.most_s
        finally:
            self._busy.discard(key)
            lane.free()
        track = self._tracks.get(key)
        if track is None and due is not None:
            self._lane_of_origin(lane).put(key, due)
        elif track is not None and (due is not None or track.has_work):
            self._queue(track, due=due)
        self._pump(lane)

    def _lane_of_origin(self, lane: Lane) -> Lane:
        """The lane may have been forgotten while its last attempt was under way."""
        return self._lanes.setdefault(lane.origin, lane)

    async def _serve(self, key: DeliveryKey, lane: Lane) -> float | None:
        """Tell everything there is. Returns when to go on, after a failure."""
        track = self._tracks.get(key) or await self._load(key)
        if track is None:
            return None
        if origin_of(track.delivery.hook) != lane.origin:
            return self._now()  # redirected meanwhile: its turn comes on the other lane
        await self._catch_up(track)
        while track.pending:
            first = track.pending[0]
            if lane.is_down and self._has_expired(first):
                self._give_up(track, first, "the host does not answer")
                continue
            try:
                told = await self._ports.telling.tell(track)
            except HookFailed as failure:
                due = self._failed(track, lane, first, failure)
                if due is not None:
                    return due
            else:
                lane.reached()
                self._told(track, told)
        return None

    async def _load(self, key: DeliveryKey) -> Track | None:
        ports = self._ports
        await ports.journal.settled()  # so that the row is as new as we are
        row = await ports.database.read(
            partial(deliveries.get, call_sid=key[0], receiver=key[1], box=ports.box)
        )
        if row is None:
            return None
        call = await ports.database.read(partial(calls.get, call_sid=key[0], box=ports.box))
        if call is None:
            ports.journal.note_delivered(key)
            return None
        # From here on `committed` adds what comes; what came before is on disk.
        return self._tracks.setdefault(key, Track(call, row, behind=True))

    async def _catch_up(self, track: Track) -> None:
        """Read what is on disk before the first event in memory."""
        if not track.behind:
            return
        seq = track.delivery.cursor
        found: list[CallEvent] = []
        while True:
            page = await self._ports.database.read(
                partial(events.after, call_sid=track.call.call_sid, seq=seq, limit=_PAGE)
            )
            found += [event for event in page if event.type in _TOLD]
            if len(page) < _PAGE:
                break
            seq = page[-1].seq
        track.behind = False
        track.put_before(found)
        if not track.pending and track.call.ended_at is not None:
            self._finish(track)

    def _told(self, track: Track, count: int) -> None:
        attempts = track.delivery.attempts
        self.delivered += count
        for _ in range(count):
            event = track.pending[0]
            self._advance(track, event)
        if attempts:
            self._note(track, event, "delivered", attempts=attempts + 1)

    def _advance(self, track: Track, event: CallEvent) -> None:
        track.pending.popleft()
        track.delivery = replace(
            track.delivery, cursor=event.seq, attempts=0, next_at=None, first_failed_at=None
        )
        if event.type is EventType.ENDED:
            self._finish(track)
        else:
            self._ports.journal.note_progress(track.delivery)

    def _finish(self, track: Track) -> None:
        self._ports.journal.note_delivered(track.key)
        self._tracks.pop(track.key, None)
        self._drop_socket(track)

    def _failed(
        self, track: Track, lane: Lane, event: CallEvent, failure: HookFailed
    ) -> float | None:
        """When to try again; None: it was given up."""
        now = self._now()
        self.failed_attempts += 1
        if failure.kind in {"connect", "timeout"}:
            lane.missed(now)
        else:
            lane.reached()
        delivery = track.delivery
        attempts = delivery.attempts + 1
        track.delivery = replace(
            delivery,
            attempts=attempts,
            first_failed_at=delivery.first_failed_at or now,
            next_at=now + self._backoff.pause_s(attempts),
        )
        if self._has_expired(event):
            self._alert(track, failure)
            self._give_up(track, event, failure.detail)
            return None
        self._ports.journal.note_progress(track.delivery)
        if attempts == 1:
            self._note(track, event, "retrying", attempts=1, error=failure.detail)
            alert = self._alert_row(track, failure)
            if self._brake.lets_through(alert):
                self._ports.journal.raise_alert(alert)
        return track.delivery.next_at

    def _has_expired(self, event: CallEvent) -> bool:
        return self._backoff.gives_up(first_failed_at=event.at, now=self._now())

    def _give_up(self, track: Track, event: CallEvent, error: str) -> None:
        """A day is over: the receiver misses this event, the next one gets its own day."""
        self.given_up += 1
        self._note(track, event, "failed", attempts=track.delivery.attempts, error=error)
        self._advance(track, event)

    def _note(
        self,
        track: Track,
        event: CallEvent,
        state: str,
        *,
        attempts: int,
        error: str | None = None,
    ) -> None:
        data = {
            "receiver": track.delivery.receiver,
            "url": shown_url(track.delivery.hook.url),
            "state": state,
            "of_seq": event.seq,
            "attempts": attempts,
        }
        if error is not None:
            data["error"] = error
        self._ports.journal.append(track.call.call_sid, EventType.DELIVERY, data)

    def _alert(self, track: Track, failure: HookFailed) -> None:
        data = {
            "alert_type": failure.alert_type,
            "message": f"a status was not delivered: {failure}",
            "detail": failure.detail,
        }
        self._ports.journal.append(track.call.call_sid, EventType.ALERT, data)

    def _alert_row(self, track: Track, failure: HookFailed) -> Alert:
        return Alert(
            at=self._now(),
            account_sid=track.call.account_sid,
            alert_type=failure.alert_type,
            message=str(failure),
            service_provider_sid=track.call.service_provider_sid,
            detail=failure.detail,
            target_sid=track.call.call_sid,
        )

    async def _refill(self, origin: str | None) -> None:
        """Let the rows on disk that stand nowhere in memory wait for their turn.

        Of one host, or of all.
        """
        await self._ports.journal.settled()
        after = ("", "")
        while True:
            rows = await self._ports.database.read(
                partial(deliveries.page, box=self._ports.box, after=after, limit=_PAGE)
            )
            touched: dict[str, Lane] = {}
            for row in rows:
                after = row.call_sid, row.receiver
                if after in self._tracks or after in self._busy:
                    continue
                if origin is None or origin_of(row.hook) == origin:
                    lane = self._lane(row.hook)
                    lane.put(after, row.next_at or self._now())
                    touched[lane.origin] = lane
            for lane in touched.values():
                self._pump(lane)
            if len(rows) < _PAGE:
                return

    def _drop_socket(self, track: Track) -> None:
        if track.socket is not None and not self._closing:
            self._nursery.start(track.socket.close(), name="close-socket")
        track.socket = None

    def _now(self) -> float:
        return self._ports.clock.wall()
