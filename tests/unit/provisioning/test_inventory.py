import asyncio

import pytest

from unit.api.world import StillClock
from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, PROVIDER, insert_all
from voxgate.base.egress import EgressPolicy
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import NotFound, Unavailable, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.store import accounts, generation, service_providers
from voxgate.store.engine import Database


def with_inventory(url, story):
    async def run():
        database, clock = Database(url), StillClock()
        directory = Directory(database, BOX, clock)
        await database.write(insert_all)
        try:
            await story(Inventory(database, directory, BOX, clock, EgressPolicy()), database)
        finally:
            await directory.close()
            await database.close()

    asyncio.run(run())


def test_every_write_raises_the_generation_and_a_refused_one_does_not(sqlite_url):
    async def story(inventory, database):
        def refuse(_connection):
            raise NotFound("no")

        await inventory.write(lambda _c: None)
        with pytest.raises(NotFound):
            await inventory.write(refuse)
        assert await database.read(generation.current) == 1

    with_inventory(sqlite_url, story)


def test_rules_of_the_schema_become_refusals(sqlite_url):
    async def story(inventory, _database):
        with pytest.raises(Unprocessable):
            await inventory.write(lambda c: accounts.insert(c, ACCOUNT, BOX))
        sid = PROVIDER.service_provider_sid
        with pytest.raises(Unprocessable):
            await inventory.write(lambda c: service_providers.delete(c, sid))

    with_inventory(sqlite_url, story)


def test_a_lost_database_becomes_unavailable(sqlite_url):
    async def story(inventory, database):
        await database.close()
        for ask in (inventory.read, inventory.write):
            with pytest.raises(Unavailable):
                await ask(lambda _c: None)

    with_inventory(sqlite_url, story)
