from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    a_call,
    another_account,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.model.alerts import Alert
from voxgate.model.calls import CallEvent, EventType
from voxgate.model.deliveries import Delivery, Idempotency
from voxgate.model.hooks import Hook
from voxgate.store import (
    accounts,
    alerts,
    calls,
    deliveries,
    events,
    idempotency,
)
from voxgate.store.tables import METADATA


def test_an_account_is_deleted_with_everything_it_owns_and_nothing_else(database_url):
    neighbour = another_account("Neighbour")
    own, foreign = a_call(), a_call(account_sid=neighbour.account_sid)

    def traces(connection, *values):
        rows = [
            (table.name, str(row))
            for table in METADATA.sorted_tables
            for row in connection.execute(table.select())
        ]
        return {name for name, row in rows if any(value in row for value in values)}

    def live(connection):
        accounts.insert(connection, neighbour, BOX)
        for call in (own, foreign):
            calls.insert(connection, [call], BOX)
            created = CallEvent(call.call_sid, 1, 1.0, EventType.CREATED, {})
            events.append(connection, [created])
            delivery = Delivery(call.call_sid, "status", call.account_sid, Hook("http://x"))
            deliveries.add(connection, [delivery], BOX)
            alerts.add(connection, [Alert(1.0, call.account_sid, "no-tts", "x")])
            key = Idempotency("key", "f")
            idempotency.claim(
                connection, call.account_sid, key, call_sid=call.call_sid, call_id="x", now=1.0
            )

    async def story(database):
        await database.write(insert_all)
        await database.write(live)
        await database.write(lambda c: accounts.delete(c, ACCOUNT.account_sid))

        assert await database.read(lambda c: traces(c, ACCOUNT.account_sid, own.call_sid)) == set()
        left = await database.read(lambda c: traces(c, neighbour.account_sid, foreign.call_sid))
        assert left == {
            "accounts",
            "calls",
            "call_events",
            "deliveries",
            "alerts",
            "idempotency_keys",
        }

    on_database(database_url, story)
