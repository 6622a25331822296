from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, PROVIDER, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.model.devices import Client
from voxgate.store import clients
from voxgate.store.owners import Owner

ALICE = Client(new_sid(), ACCOUNT.account_sid, "alice", "wonderland", created_at=1.0)


def test_a_client_is_found_by_its_name_and_its_password_is_sealed(database_url):
    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: clients.insert(c, ALICE, BOX))

        async def found(name):
            return await database.read(
                lambda c: clients.by_username(c, ACCOUNT.account_sid, name, BOX)
            )

        assert await found("alice") == ALICE
        assert await found("bob") is None
        kept = await database.read(
            lambda c: c.exec_driver_sql("SELECT password FROM clients").scalar_one()
        )
        assert "wonderland" not in kept

    on_database(database_url, story)


def test_a_name_is_taken_once_per_account(database_url):
    twin = replace(ALICE, client_sid=new_sid())

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: clients.insert(c, ALICE, BOX))

        assert await database.read(lambda c: clients.name_taken(c, twin))
        assert not await database.read(lambda c: clients.name_taken(c, ALICE))

    on_database(database_url, story)


def test_a_provider_sees_the_clients_of_its_accounts(database_url):
    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: clients.insert(c, ALICE, BOX))

        async def seen(**owner):
            return await database.read(lambda c: clients.page(c, BOX, Owner(**owner)))

        provider = PROVIDER.service_provider_sid
        assert await seen(service_provider_sid=provider) == (1, [ALICE])
        assert await seen(account_sid=new_sid()) == (0, [])
        assert await seen() == (1, [ALICE])

    on_database(database_url, story)
