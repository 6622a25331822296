"""One group commit: everything the journal writes in one transaction."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from voxgate.base.secrets import SecretBox
from voxgate.model.alerts import Alert
from voxgate.model.calls import Call, CallEvent, EventType, Json
from voxgate.model.deliveries import Delivery, Idempotency
from voxgate.records.alerts import alert_of
from voxgate.store import alerts, calls, deliveries, events, idempotency
from voxgate.store.engine import Connection

DeliveryKey = tuple[str, str]  # call_sid, receiver


@dataclass(frozen=True, slots=True)
class Creation:
    """A call that is to exist: its record, its first event, its receivers, its key."""

    call: Call
    event: CallEvent
    deliveries: tuple[Delivery, ...]
    idempotency: Idempotency | None
    answer: "asyncio.Future[Known | None]"  # for whoever waits; None: it was made


@dataclass(frozen=True, slots=True)
class LateEvent:
    """An event of a call whose log is no longer in memory; its seq is drawn as it is written."""

    call_sid: str
    at: float
    type: EventType
    data: Json


@dataclass(frozen=True, slots=True)
class Known:
    """Instead of creating a call: the one that the same key made before."""

    call_sid: str
    call_id: str
    same_body: bool


@dataclass(slots=True)
class Batch:
    """What waits to be written."""

    creations: list[Creation] = field(default_factory=list)
    events: list[CallEvent] = field(default_factory=list)
    late: list[LateEvent] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)
    last_seqs: dict[str, int] = field(default_factory=dict)
    progress: dict[DeliveryKey, Delivery] = field(default_factory=dict)
    delivered: set[DeliveryKey] = field(default_factory=set)
    readdressed: list[Delivery] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    # Creations whose caller was told that they failed although they may have been kept.
    undone: list[str] = field(default_factory=list)
    # Set once a commit of this batch failed: part of it may have been kept nevertheless.
    repeated: bool = False

    def __len__(self) -> int:
        return (
            len(self.creations)
            + len(self.events)
            + len(self.late)
            + len(self.calls)
            + len(self.progress)
            + len(self.delivered)
            + len(self.readdressed)
            + len(self.alerts)
            + len(self.undone)
        )

    def parts(self) -> "Iterator[Batch]":
        """The same work in one batch per row, in the same order, for finding a row that fails."""
        yield Batch(undone=self.undone)
        yield from (Batch(creations=[creation]) for creation in self.creations)
        yield from (Batch(events=[event], repeated=True) for event in self.events)
        yield from (
            Batch(calls={key: call}, last_seqs=self.last_seqs) for key, call in self.calls.items()
        )
        yield from (Batch(late=[late]) for late in self.late)
        yield from (Batch(alerts=[alert]) for alert in self.alerts)
        yield Batch(readdressed=self.readdressed)
        yield Batch(progress=self.progress, delivered=self.delivered)


def write(
    connection: Connection, batch: Batch, box: SecretBox, *, now: float
) -> list[Known | None]:
    """Returns, for each creation, None when it was made."""
    if batch.repeated:
        _probe(connection)
    undo(connection, batch.undone)
    answers = [_claim(connection, creation, now=now) for creation in batch.creations]
    made = [
        creation for creation, known in zip(batch.creations, answers, strict=True) if known is None
    ]
    calls.insert(connection, [creation.call for creation in made], box)
    deliveries.add(connection, [d for creation in made for d in creation.deliveries], box)
    logged = [creation.event for creation in made] + _unwritten(connection, batch)
    events.append(connection, logged)
    calls.update(connection, list(batch.calls.values()), batch.last_seqs)
    for late in batch.late:
        _write_late(connection, late, box)
    for delivery in batch.readdressed:
        deliveries.readdress(connection, delivery, box)
    deliveries.update(connection, list(batch.progress.values()))
    deliveries.remove(connection, list(batch.delivered))
    alerts.add(connection, batch.alerts)
    return answers


def undo(connection: Connection, call_sids: Sequence[str]) -> None:
    """Remove calls that nobody was told of, with all that belongs to them."""
    if call_sids:
        idempotency.forget_calls(connection, call_sids)
        deliveries.remove_of_calls(connection, call_sids)
        events.remove_of(connection, call_sids)
        calls.remove(connection, call_sids)


def _probe(connection: Connection) -> None:
    """Write and remove one row: the rest may change nothing, and then proves nothing."""
    events.append(connection, [CallEvent("probe", 1, 0.0, EventType.CREATED, {})])
    events.remove_of(connection, ["probe"])


def _claim(connection: Connection, creation: Creation, *, now: float) -> Known | None:
    wanted, call = creation.idempotency, creation.call
    if wanted is None:
        return None
    found = idempotency.claim(
        connection,
        call.account_sid,
        wanted,
        call_sid=call.call_sid,
        call_id=call.call_id,
        now=now,
    )
    if found is None:
        return None
    return Known(found.call_sid, found.call_id, same_body=found.fingerprint == wanted.fingerprint)


def _unwritten(connection: Connection, batch: Batch) -> list[CallEvent]:
    if not batch.repeated:
        return batch.events
    kept = {
        call_sid: events.last_seq(connection, call_sid)
        for call_sid in {event.call_sid for event in batch.events}
    }
    return [event for event in batch.events if event.seq > kept[event.call_sid]]


def _write_late(connection: Connection, late: LateEvent, box: SecretBox) -> None:
    last = events.last_seq(connection, late.call_sid)
    if last == 0:
        return  # the call was removed in the meantime
    event = CallEvent(late.call_sid, last + 1, late.at, late.type, late.data)
    events.append(connection, [event])
    call = calls.get(connection, late.call_sid, box)
    if call is not None:
        calls.update(connection, [call], {call.call_sid: event.seq})
        if event.type is EventType.ALERT:
            alerts.add(connection, [alert_of(call, event)])
