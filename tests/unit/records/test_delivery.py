import asyncio
from contextlib import asynccontextmanager

from aiohttp import web

from unit.hooks.app_server import LOOPBACK, answering, application
from unit.records.samples import (
    BOX,
    ENDED_DATA,
    STATUS_DATA,
    ended,
    open_database,
    sample_call,
    until,
)
from voxgate.base.clock import SystemClock
from voxgate.hooks.http import HttpHooks
from voxgate.hooks.payloads import Site
from voxgate.hooks.retry import Backoff
from voxgate.hooks.websocket import Sockets
from voxgate.model.calls import EventType
from voxgate.model.hooks import Hook
from voxgate.records.delivery import Deliveries, DeliveryPorts
from voxgate.records.journal import Journal
from voxgate.records.receivers import Telling, receivers_of
from voxgate.store import alerts, deliveries, events

QUICK = Backoff(first_s=0.01, most_s=0.05)


class Gateway:
    """Journal and deliveries of one process life."""

    def __init__(self, database, backoff):
        clock = SystemClock()
        self.database = database
        self.journal = Journal(database, BOX, clock, receivers_of)
        self.http = HttpHooks(LOOPBACK, clock, timeout_s=1.0)
        self.sockets = Sockets(LOOPBACK)
        telling = Telling(self.http, self.sockets, self.secret_of, Site(), settle_s=0.05)
        self.deliveries = Deliveries(
            DeliveryPorts(self.journal, database, BOX, clock, telling), backoff=backoff
        )
        self.journal.follow(self.deliveries)

    async def secret_of(self, _account_sid):
        return "wh_secret"

    async def tell(self, call, *statuses):
        for status in statuses:
            data = STATUS_DATA | {"call_status": status}
            event = self.journal.append(call.call_sid, EventType.STATUS, data)
        await self.journal.committed(call.call_sid, event.seq)

    async def end(self, call):
        self.journal.update(ended(call))
        event = self.journal.append(call.call_sid, EventType.ENDED, ENDED_DATA)
        await self.journal.committed(call.call_sid, event.seq)

    async def rows(self):
        await self.journal.settled()
        return await self.database.read(lambda c: deliveries.pending(c, BOX))

    async def noted(self, call, type_):
        await self.journal.settled()
        logged = await self.database.read(lambda c: events.after(c, call.call_sid, 0, 100))
        return [event.data for event in logged if event.type is type_]


@asynccontextmanager
async def gateway(folder, *, backoff=QUICK):
    database = await open_database(folder)
    made = Gateway(database, backoff)
    made.journal.start()
    await made.deliveries.resume()
    try:
        yield made
    finally:
        await made.deliveries.close()
        await made.http.close()
        await made.sockets.close()
        await made.journal.close()
        await database.close()


def statuses_of(app):
    return [received.json["call_status"] for received in app.received]


def test_all_statuses_arrive_in_order_signed_and_then_the_row_is_gone(tmp_path):
    async def story():
        async with application() as app, gateway(tmp_path) as voxgate:
            call = sample_call(status_hook=Hook(f"{app.url}/status"))
            await voxgate.journal.create(call, {}, None)

            await voxgate.tell(call, "trying", "ringing", "in-progress")
            await voxgate.end(call)
            await until(lambda: len(app.received) == 4)
            await until(lambda: voxgate.deliveries.waiting == 0)

            assert statuses_of(app) == ["trying", "ringing", "in-progress", "completed"]
            assert [received.json["seq"] for received in app.received] == [2, 3, 4, 5]
            assert {received.json["event_id"] for received in app.received} == {
                f"{call.call_sid}-{seq}" for seq in (2, 3, 4, 5)
            }
            assert all("jambonz-signature" in received.headers for received in app.received)
            assert await voxgate.rows() == []

    asyncio.run(story())


def test_a_failing_receiver_is_asked_again_until_it_answers_and_order_holds(tmp_path):
    async def story():
        shaky = answering(500, 503, 200)
        async with application(shaky) as app, gateway(tmp_path) as voxgate:
            call = sample_call(status_hook=Hook(f"{app.url}/status"))
            await voxgate.journal.create(call, {}, None)

            await voxgate.tell(call, "trying", "ringing")
            await voxgate.end(call)
            await until(lambda: voxgate.deliveries.ledger.delivered == 3)

            assert statuses_of(app) == ["trying", "trying", "trying", "ringing", "completed"]
            states = [data["state"] for data in await voxgate.noted(call, EventType.DELIVERY)]
            assert states == ["retrying", "delivered"]

    asyncio.run(story())


def test_a_dead_receiver_delays_neither_the_other_receiver_nor_other_calls(tmp_path):
    async def story():
        async with application() as alive, application() as dead, gateway(tmp_path) as voxgate:
            gone = asyncio.Event()

            async def hang(_request):
                await gone.wait()
                return web.Response()

            dead.answer = hang
            calls = [
                sample_call(
                    status_hook=Hook(f"{dead.url}/s"), notify_hook=Hook(f"{alive.url}/{number}")
                )
                for number in range(100)
            ]

            async def live(call):
                await voxgate.journal.create(call, {}, None)
                await voxgate.tell(call, "trying")
                await voxgate.end(call)

            await asyncio.gather(*map(live, calls))
            await until(lambda: len(alive.received) == 200)

            for number in range(100):
                told = [r.json["call_status"] for r in alive.received if r.path == f"/{number}"]
                assert told == ["trying", "completed"]
            await until(lambda: voxgate.deliveries.ledger.delivered == 200)
            gone.set()

    asyncio.run(story())


def test_what_was_not_delivered_arrives_after_a_restart_and_nothing_twice(tmp_path):
    async def story():
        async with application() as app:
            call = sample_call(status_hook=Hook(f"{app.url}/status"))
            async with gateway(tmp_path) as voxgate:
                await voxgate.journal.create(call, {}, None)
                await voxgate.tell(call, "trying")
                await until(lambda: len(app.received) == 1)
                await until(lambda: voxgate.deliveries.ledger.delivered == 1)
                app.answer = answering(503)
                await voxgate.tell(call, "ringing")
                await voxgate.end(call)
                await until(lambda: voxgate.deliveries.ledger.failed_attempts >= 2)

            app.answer = None
            app.received.clear()
            async with gateway(tmp_path) as voxgate:
                await until(lambda: voxgate.deliveries.ledger.delivered == 2)

                assert statuses_of(app) == ["ringing", "completed"]
                assert await voxgate.rows() == []

    asyncio.run(story())


def test_a_call_that_is_over_waits_on_disk_not_in_memory_while_its_receiver_fails(tmp_path):
    async def story():
        async with application(answering(500)) as app, gateway(tmp_path) as voxgate:
            call = sample_call(status_hook=Hook(f"{app.url}/status"))
            await voxgate.journal.create(call, {}, None)
            await voxgate.tell(call, "trying")
            await voxgate.end(call)
            await until(lambda: voxgate.deliveries.ledger.failed_attempts >= 3)

            app.answer = None
            await until(lambda: voxgate.deliveries.ledger.delivered == 2)
            assert statuses_of(app)[-2:] == ["trying", "completed"]

    asyncio.run(story())


def test_after_a_day_an_event_is_given_up_with_an_alert_and_the_next_one_is_tried(tmp_path):
    async def story():
        brief = Backoff(first_s=0.01, most_s=0.01, give_up_s=0.0)
        async with (
            application(answering(500, 500, 200)) as app,
            gateway(tmp_path, backoff=brief) as voxgate,
        ):
            call = sample_call(status_hook=Hook(f"{app.url}/status"))
            await voxgate.journal.create(call, {}, None)
            await voxgate.tell(call, "trying", "ringing")
            await voxgate.end(call)
            await until(lambda: voxgate.deliveries.ledger.delivered == 1)

            assert statuses_of(app) == ["trying", "ringing", "completed"]
            failed = await voxgate.noted(call, EventType.DELIVERY)
            assert [(data["state"], data["of_seq"]) for data in failed] == [
                ("failed", 2),
                ("failed", 3),
            ]
            alerted = await voxgate.noted(call, EventType.ALERT)
            assert {data["alert_type"] for data in alerted} == {"webhook-failure"}
            assert await voxgate.rows() == []

    asyncio.run(story())


def test_a_failure_raises_one_alert_however_many_calls_it_hits(tmp_path):
    async def story():
        async with application(answering(404)) as app, gateway(tmp_path) as voxgate:
            for _ in range(5):
                call = sample_call(status_hook=Hook(f"{app.url}/status?key=hidden"))
                await voxgate.journal.create(call, {}, None)
                await voxgate.tell(call, "trying")
            await until(lambda: voxgate.deliveries.ledger.failed_attempts >= 5)
            await voxgate.journal.settled()

            wanted = alerts.AlertFilter(account_sid=call.account_sid)
            total, rows = await voxgate.database.read(
                lambda c: alerts.page(c, wanted, offset=0, limit=10)
            )
            assert total == 1
            assert rows[0].alert_type == "webhook-url-notfound"
            assert rows[0].message == f"webhook url not found: {app.url}/status"

    asyncio.run(story())


def test_a_socket_gets_every_status_of_its_call_and_is_closed_after_the_last(tmp_path):
    async def story():
        async with application() as app, gateway(tmp_path) as voxgate:
            call = sample_call(notify_hook=Hook(f"{app.ws_url}/ws", "POST", "me", "pass"))
            await voxgate.journal.create(call, {}, None)
            await voxgate.tell(call, "trying", "ringing")
            await until(lambda: len(app.frames) == 2)
            await voxgate.end(call)
            await until(lambda: voxgate.deliveries.ledger.delivered == 3)
            await until(lambda: app.sockets[0].closed)

            assert len(app.sockets) == 1
            assert app.sockets[0].ws_protocol == "ws.jambonz.org"
            assert app.sockets[0].close_code == 1000
            assert app.received[0].headers["authorization"].startswith("Basic ")
            assert [frame["type"] for frame in app.frames] == ["call:status"] * 3
            assert [frame["data"]["call_status"] for frame in app.frames] == [
                "trying",
                "ringing",
                "completed",
            ]
            assert {frame["call_sid"] for frame in app.frames} == {call.call_sid}
            assert len({frame["msgid"] for frame in app.frames}) == 3
            assert await voxgate.rows() == []

    asyncio.run(story())


def test_frames_on_a_socket_that_broke_at_once_are_sent_again_on_the_next(tmp_path):
    async def story():
        async with application() as app, gateway(tmp_path) as voxgate:

            async def break_off_first(socket, _frame):
                if len(app.sockets) == 1:
                    await socket.close(code=1011)

            app.on_frame = break_off_first
            call = sample_call(notify_hook=Hook(f"{app.ws_url}/ws"))
            await voxgate.journal.create(call, {}, None)
            await voxgate.tell(call, "trying")
            await voxgate.end(call)
            await until(lambda: voxgate.deliveries.ledger.delivered == 2)

            told = [frame["data"]["call_status"] for frame in app.frames]
            assert told[0] == "trying"
            assert told[-2:] == ["trying", "completed"]
            assert len(app.sockets) == 2

    asyncio.run(story())


def test_a_redirected_status_hook_gets_the_events_from_then_on(tmp_path):
    async def story():
        async with application() as old, application() as new, gateway(tmp_path) as voxgate:
            call = sample_call(status_hook=Hook(f"{old.url}/status"))
            silent = sample_call()
            for each in (call, silent):
                await voxgate.journal.create(each, {}, None)
                await voxgate.tell(each, "trying")
            await until(lambda: voxgate.deliveries.ledger.delivered == 1)

            for each in (call, silent):
                voxgate.deliveries.redirect(each.call_sid, Hook(f"{new.url}/{each.call_sid}"))
                await voxgate.end(each)
            await until(lambda: voxgate.deliveries.ledger.delivered == 3)

            assert statuses_of(old) == ["trying"]
            assert statuses_of(new) == ["completed", "completed"]
            assert await voxgate.rows() == []

    asyncio.run(story())
