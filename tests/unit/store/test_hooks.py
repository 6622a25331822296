from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import (
    a_call,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.model.deliveries import Delivery
from voxgate.model.hooks import Hook
from voxgate.store import (
    calls,
    deliveries,
)
from voxgate.store.tables import METADATA


def test_secrets_are_nowhere_in_clear(database_url):
    secrets = (
        "registration password",
        "wh_secret_of_the_tenant",
        "hook password",
        "carrier password",
        "call password",
        "notify password",
        "target password",
        "amd password",
        "delivery password",
    )
    call = a_call()
    amd = {"actionHook": {"url": "/amd", "username": "u", "password": "amd password"}}
    call = replace(call, request=replace(call.request, amd=amd))
    delivery = Delivery(
        call.call_sid, "status", call.account_sid, Hook("http://x", "POST", "u", secrets[-1])
    )

    def everything(connection):
        return "\n".join(
            str(row)
            for table in METADATA.sorted_tables
            for row in connection.execute(table.select())
        )

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: calls.insert(c, [call], BOX))
        await database.write(lambda c: deliveries.add(c, [delivery], BOX))

        stored = await database.read(everything)
        assert [secret for secret in secrets if secret in stored] == []
        assert await database.read(lambda c: calls.get(c, call.call_sid, BOX)) == call
        assert await database.read(lambda c: deliveries.pending(c, BOX)) == [delivery]

    on_database(database_url, story)
