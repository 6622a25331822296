import asyncio

import pytest

from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, APPLICATION, insert_all
from voxgate.model.alerts import Alert
from voxgate.model.inbound import Trunk
from voxgate.model.limits import CALLS, Limit
from voxgate.provisioning.arrivals import Arrival, Arrivals
from voxgate.provisioning.capacity import Capacity
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.inbound import Chosen, Refusal
from voxgate.store import limits
from voxgate.store.engine import Database, StoreUnavailable
from voxgate.testing.virtual_time import ManualClock

ARRIVAL = Arrival("call-id", "+49171", "Ann", "+49301", "192.0.2.9")
TRUNK = Trunk("t", "trunk", ACCOUNT.account_sid)
CHOSEN = Chosen(ACCOUNT.account_sid, APPLICATION.application_sid, TRUNK, "a number")


class Log:
    """A journal that can be away."""

    def __init__(self) -> None:
        self.away = False
        self.created: list[tuple] = []

    async def create(self, call, data, _idempotency):
        if self.away:
            raise StoreUnavailable("full")
        self.created.append((call, data))


def on_arrivals(url, story):
    async def run():
        database, clock, log = Database(url), ManualClock(), Log()
        await database.write(insert_all)
        directory = Directory(database, BOX, clock)
        raised: list[Alert] = []
        arrivals = Arrivals(directory, log, Capacity(clock, raised.append), clock)
        try:
            await story(arrivals, log, database, raised)
        finally:
            await directory.close()
            await database.close()

    asyncio.run(run())


def test_the_call_has_what_its_application_says(sqlite_url):
    async def story(arrivals, log, _database, _raised):
        call = await arrivals.prepare(CHOSEN, ARRIVAL)
        await arrivals.record(call, {"some": "data"})

        assert (call.direction, call.from_, call.to) == ("inbound", "+49171", "+49301")
        assert (call.trunk, call.call_id, call.sbc_callid) == ("trunk", "call-id", "call-id")
        request = call.request
        assert request.call_hook == APPLICATION.call_hook
        assert request.call_status_hook == APPLICATION.call_status_hook
        assert (request.voice.vendor, request.voice.language) == ("builtin", "de-DE")
        assert (request.caller_name, request.source_ip) == ("Ann", "192.0.2.9")
        assert log.created == [(call, {"some": "data"})]

    on_arrivals(sqlite_url, story)


def test_the_gateways_own_verbs_need_no_application(sqlite_url):
    async def story(arrivals, _log, _database, _raised):
        direct = Chosen(ACCOUNT.account_sid, app_json='[{"verb": "dequeue", "name": "q"}]')

        call = await arrivals.prepare(direct, ARRIVAL)

        assert call.request.app_json == direct.app_json
        assert (call.application_sid, call.request.call_status_hook) == (None, None)

    on_arrivals(sqlite_url, story)


@pytest.mark.parametrize("application_sid", [None, "00000000-0000-4000-8000-000000000000"])
def test_an_application_that_is_not_there_is_480(sqlite_url, application_sid):
    async def story(arrivals, _log, _database, _raised):
        refused = await arrivals.prepare(Chosen(ACCOUNT.account_sid, application_sid), ARRIVAL)

        assert isinstance(refused, Refusal)
        assert (refused.status, refused.x_reason) == (480, "no configured application")

    on_arrivals(sqlite_url, story)


def test_an_account_that_is_gone_is_404(sqlite_url):
    async def story(arrivals, _log, _database, _raised):
        gone = Chosen("00000000-0000-4000-8000-000000000000", APPLICATION.application_sid)

        assert (await arrivals.prepare(gone, ARRIVAL)).status == 404

    on_arrivals(sqlite_url, story)


def test_a_limit_refuses_and_a_call_that_came_to_nothing_is_not_counted(sqlite_url):
    limit = Limit("00000000-0000-4000-8000-00000000000a", CALLS, 1, ACCOUNT.account_sid)

    async def story(arrivals, log, database, raised):
        await database.write(lambda c: limits.put(c, limit))
        log.away = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await arrivals.record(await arrivals.prepare(CHOSEN, ARRIVAL), {})
        log.away = False
        assert not isinstance(await arrivals.prepare(CHOSEN, ARRIVAL), Refusal)

        refused = await arrivals.prepare(CHOSEN, ARRIVAL)

        assert (refused.status, refused.reason) == (503, "Max Account Calls In Progress")
        assert [alert.alert_type for alert in raised] == ["account-call-limit"]

    on_arrivals(sqlite_url, story)
