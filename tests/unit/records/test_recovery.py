import asyncio
from dataclasses import replace

from unit.hooks.app_server import application
from unit.records.samples import BOX, STATUS_DATA, journal_in, sample_call, until
from unit.records.test_delivery import gateway, statuses_of
from voxgate.base.clock import SystemClock
from voxgate.model.calls import CallStatus, EventType
from voxgate.model.hooks import Hook
from voxgate.records.recovery import RecoveryPorts, recover
from voxgate.store import calls, events

SENT = {
    "phase": "sent",
    "uri": "sip:+4930111222@192.0.2.7",
    "transport": "udp",
    "host": "192.0.2.7",
    "port": 5060,
    "from": "<sip:+49171000@192.0.2.1>",
    "to": "<sip:+4930111222@192.0.2.7>",
    "call_id": "6c0c@192.0.2.1",
    "from_tag": "a1",
    "branch": "z9hG4bKb1",
    "cseq": 1,
    "routes": [],
}
DIALOG = {"remote_target": "sip:callee@192.0.2.8", "route_set": [], "to_tag": "b2", "cseq": 1}


class FarEnd:
    """Keeps the dialogs it was asked to end."""

    def __init__(self, fate="ended"):
        self.fate = fate
        self.orphans = []

    async def end_orphan(self, orphan):
        self.orphans.append(orphan)
        if self.fate == "silent":
            await asyncio.Event().wait()
        return self.fate


def ports(journal, database, far_end, clock=None):
    return RecoveryPorts(journal, database, BOX, clock or SystemClock(), far_end.end_orphan)


async def leave_behind(folder, call, *logged):
    """A process that wrote this much and died."""
    async with journal_in(folder) as (journal, _):
        await journal.create(call, {}, None)
        for type_, data in logged:
            journal.append(call.call_sid, type_, data)
        if any(type_ is EventType.ANSWERED for type_, _ in logged):
            journal.update(
                replace(call, answered_at=call.created_at, status=CallStatus.IN_PROGRESS)
            )
        await journal.settled()


async def end_of(database, call):
    record = await database.read(lambda c: calls.get(c, call.call_sid, BOX))
    logged = await database.read(lambda c: events.after(c, call.call_sid, 0, 100))
    return record, logged[-1]


def test_an_answered_call_gets_its_bye_and_ends_as_lost(tmp_path):
    async def story():
        call = replace(sample_call(), created_at=SystemClock().wall() - 60)
        answered = (EventType.ANSWERED, {"dialog": DIALOG})
        await leave_behind(tmp_path, call, (EventType.ATTEMPT, SENT), answered)

        async with journal_in(tmp_path) as (journal, database):
            far_end = FarEnd()
            assert await recover(ports(journal, database, far_end)) == 1
            await journal.settled()

            orphan = far_end.orphans[0]
            assert (orphan.call_id, orphan.to_tag, orphan.remote_target) == (
                "6c0c@192.0.2.1",
                "b2",
                "sip:callee@192.0.2.8",
            )
            record, last = await end_of(database, call)
            assert last.type is EventType.ENDED
            assert last.seq == record.last_seq == 4
            assert record.status is CallStatus.COMPLETED
            assert (record.outcome["code"], record.outcome["fault_domain"]) == ("lost", "us")
            assert 59 <= record.duration_s <= 62
            assert last.data["duration"] == record.duration_s
            assert (last.data["sip_status"], last.data["far_end"]) == (500, "ended")

    asyncio.run(story())


def test_a_ringing_call_is_cancelled_and_ends_as_failed(tmp_path):
    async def story():
        call = sample_call()
        await leave_behind(
            tmp_path, call, (EventType.ATTEMPT, SENT), (EventType.STATUS, STATUS_DATA)
        )

        async with journal_in(tmp_path) as (journal, database):
            far_end = FarEnd("cancelled")
            await recover(ports(journal, database, far_end))
            await journal.settled()

            assert far_end.orphans[0].remote_target is None
            record, last = await end_of(database, call)
            assert (record.status, record.duration_s) == (CallStatus.FAILED, None)
            assert "duration" not in last.data

    asyncio.run(story())


def test_a_call_whose_invite_never_left_ends_without_a_sip_message(tmp_path):
    async def story():
        call = sample_call()
        await leave_behind(tmp_path, call)

        async with journal_in(tmp_path) as (journal, database):
            far_end = FarEnd()
            await recover(ports(journal, database, far_end))
            await journal.settled()

            assert far_end.orphans == []
            record, last = await end_of(database, call)
            assert record.status is CallStatus.FAILED
            assert last.data["far_end"] == "never-sent"

    asyncio.run(story())


def test_running_calls_and_ended_ones_are_left_alone(tmp_path):
    async def story():
        async with journal_in(tmp_path) as (journal, database):
            await journal.create(sample_call(), {}, None)

            assert await recover(ports(journal, database, FarEnd())) == 0

        async with journal_in(tmp_path) as (journal, database):
            assert await recover(ports(journal, database, FarEnd())) == 1
            await journal.settled()
            assert await recover(ports(journal, database, FarEnd())) == 0

    asyncio.run(story())


def test_a_log_that_makes_no_sense_still_gets_its_end(tmp_path):
    async def story():
        call = sample_call()
        await leave_behind(tmp_path, call, (EventType.ATTEMPT, {"phase": "sent", "uri": "?"}))

        async with journal_in(tmp_path) as (journal, database):
            await recover(ports(journal, database, FarEnd()))
            await journal.settled()

            _, last = await end_of(database, call)
            assert (last.type, last.data["far_end"]) == (EventType.ENDED, "unknown")

    asyncio.run(story())


def test_receivers_are_told_the_end_of_a_call_that_a_crash_cut_off(tmp_path):
    async def story():
        async with application() as app:
            call = sample_call(status_hook=Hook(f"{app.url}/status"))
            async with gateway(tmp_path) as first:
                await first.journal.create(call, {}, None)
                await first.tell(call, "trying")
                await until(lambda: first.deliveries.ledger.delivered == 1)

            async with gateway(tmp_path) as second:
                await recover(ports(second.journal, second.database, FarEnd()))
                await until(lambda: second.deliveries.ledger.delivered == 1)

                assert statuses_of(app) == ["trying", "failed"]
                assert app.received[-1].json["outcome"]["code"] == "lost"
                assert await second.rows() == []

    asyncio.run(story())
