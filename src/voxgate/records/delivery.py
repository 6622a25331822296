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
from voxgate.hooks.address import origin_of, whole_hook
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.retry import Backoff
from voxgate.model.calls import Call, CallEvent, EventType
from voxgate.model.deliveries import Delivery
from voxgate.model.hooks import Hook
from voxgate.records.batch import DeliveryKey
from voxgate.records.journal import Journal
from voxgate.records.lanes import Lane
from voxgate.records.ledger import Ledger
from voxgate.records.receivers import RECEIVERS, STATUS, Telling, Track
from voxgate.records.turns import Turns
from voxgate.store import calls, deliveries, events
from voxgate.store.engine import Database, StoreUnavailable

log = get_logger("delivery")

_TOLD = frozenset({EventType.STATUS, EventType.ENDED})
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
    """A follower of the journal. `resume()` once at start-up, `close()` at the end.

    A receiver is either known here, as a track, and hears of new events, or it waits on disk
    and only its key stands in a lane.
    """

    def __init__(self, ports: DeliveryPorts, *, backoff: Backoff | None = None) -> None:
        self._ports = ports
        self._backoff = backoff or Backoff()
        self._nursery = Nursery("delivery")
        self._tracks: dict[DeliveryKey, Track] = {}
        self._busy: set[DeliveryKey] = set()
        self._turns = Turns(
            ports.clock, self._begin, self._begin_refill, expires_s=self._backoff.give_up_s
        )
        self.ledger = Ledger(ports.journal, ports.clock, self._backoff)

    @property
    def waiting(self) -> int:
        """Receivers that are being told or wait for it, as far as they stand in memory."""
        return len(self._turns)

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
        track = self._tracks.get((call_sid, STATUS))
        if track is None:
            of_call = self._ports.journal.open_log(call_sid)
            if of_call is None:
                return
            call = of_call.call
            row = Delivery(call_sid, STATUS, call.account_sid, hook, of_call.last_seq)
            track = self._tracks[call_sid, STATUS] = Track(call, row)
        whole = whole_hook(hook, track.call.request.call_hook)
        track.delivery = replace(track.delivery, hook=whole)
        self._drop_socket(track)
        self.ledger.readdress(track.delivery)

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
        self._turns.close()
        await self._nursery.close()

    # One receiver's turn.

    def _queue(self, track: Track, *, due: float | None = None) -> None:
        """Let the track be worked on as soon as its host has room, not before `due`."""
        if track.queued or track.key in self._busy:
            return
        lane = self._turns.lane(track.delivery.hook)
        stays = due is None and not lane.is_down and not lane.is_crowded
        track.queued = True  # `_begin` takes it back if the turn comes at once
        waits = self._turns.put(track.key, lane, due)
        if track.key in self._busy:
            return
        track.queued = waits
        if not (stays and waits):
            self._leave_on_disk(track)

    def _leave_on_disk(self, track: Track) -> None:
        """Free what the database has anyway; of a call that is over, the whole track."""
        track.pending.clear()
        track.behind = True
        self._drop_socket(track)
        if self._ports.journal.open_log(track.call.call_sid) is None:
            self._tracks.pop(track.key, None)

    def _begin(self, key: DeliveryKey, lane: Lane) -> None:
        track = self._tracks.get(key)
        if track is not None:
            track.queued = False
        if key in self._busy:
            lane.free()
            return
        self._busy.add(key)
        self._nursery.start(self._work(key, lane), name="receiver")

    async def _work(self, key: DeliveryKey, lane: Lane) -> None:
        due: float | None = None
        try:
            due = await self._serve(key, lane)
        except StoreUnavailable:
            due = self._ports.clock.wall() + _STORE_PAUSE_S
        except Exception:  # boundary: one receiver's trouble must not stop the others'
            log.exception("delivery_broke", call_sid=key[0])
            due = self._ports.clock.wall() + self._backoff.most_s
        finally:
            self._busy.discard(key)
        track = self._tracks.get(key)
        if track is not None and (due is not None or track.has_work):
            self._queue(track, due=due)
        elif due is not None:
            self._turns.put(key, lane, due)
        self._turns.done(lane)

    async def _serve(self, key: DeliveryKey, lane: Lane) -> float | None:
        """Tell everything there is. Returns when to go on, after a failure."""
        track = self._tracks.get(key) or await self._load(key)
        if track is None:
            return None
        if origin_of(track.delivery.hook) != lane.origin:
            return self._ports.clock.wall()  # redirected: its turn comes on the other lane
        await self._catch_up(track)
        while track.pending:
            if lane.is_down and self.ledger.has_expired(track.pending[0]):
                self.ledger.give_up(track, "the host does not answer")
            elif (due := await self._tell(track, lane)) is not None:
                return due
        if track.finished:
            self._tracks.pop(key, None)
            self._drop_socket(track)
        return None

    async def _tell(self, track: Track, lane: Lane) -> float | None:
        try:
            told = await self._ports.telling.tell(track)
        except HookFailed as failure:
            if failure.kind in {"connect", "timeout"}:
                lane.missed(self._ports.clock.wall())
            else:
                lane.reached()
            return self.ledger.failed(track, failure)
        lane.reached()
        self.ledger.told(track, told)
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
            self.ledger.finish(track)

    def _begin_refill(self, origin: str) -> None:
        self._nursery.start(self._refill(origin), name="refill")

    async def _refill(self, origin: str | None) -> None:
        """Put the keys on disk that stand nowhere in memory into lanes; of one host, or of all."""
        await self._ports.journal.settled()
        after = ("", "")
        while True:
            rows = await self._ports.database.read(
                partial(deliveries.page, box=self._ports.box, after=after, limit=_PAGE)
            )
            for row in rows:
                after = row.call_sid, row.receiver
                known = after in self._tracks or after in self._busy
                if not known and origin in {None, origin_of(row.hook)}:
                    self._turns.put(after, self._turns.lane(row.hook), row.next_at)
            if len(rows) < _PAGE:
                return

    def _drop_socket(self, track: Track) -> None:
        if track.socket is not None:
            self._nursery.start(track.socket.close(), name="close-socket")
            track.socket = None
