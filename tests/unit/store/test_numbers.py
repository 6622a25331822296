from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, NUMBER, PROVIDER, another_account, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import accounts, numbers


def test_a_number_is_taken_on_its_carrier_or_without_one_in_its_account(database_url):
    free = replace(
        NUMBER,
        phone_number_sid=new_sid(),
        voip_carrier_sid=None,
        application_sid=None,
        number="49",
    )

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: numbers.insert(c, free, BOX))

        async def taken(number, **change):
            other = replace(number, phone_number_sid=new_sid(), **change)
            return await database.read(lambda c: numbers.taken(c, other))

        assert await taken(NUMBER)
        assert await taken(NUMBER, account_sid=new_sid())
        assert not await taken(NUMBER, voip_carrier_sid=new_sid())
        assert not await taken(NUMBER, voip_carrier_sid=None)
        assert await taken(free)
        assert not await taken(free, account_sid=None)

    on_database(database_url, story)


def test_an_account_may_show_its_numbers_and_its_providers(database_url):
    of_provider = replace(
        NUMBER,
        phone_number_sid=new_sid(),
        number="0800",
        account_sid=None,
        application_sid=None,
        voip_carrier_sid=None,
    )
    neighbour = another_account("Neighbour")
    foreign = replace(
        of_provider,
        phone_number_sid=new_sid(),
        number="0900",
        account_sid=neighbour.account_sid,
    )

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: accounts.insert(c, neighbour, BOX))
        for number in (of_provider, foreign):
            await database.write(lambda c, number=number: numbers.insert(c, number, BOX))

        owner = ACCOUNT.account_sid, PROVIDER.service_provider_sid
        found = await database.read(lambda c: numbers.usable_by(c, BOX, *owner))
        assert found == [of_provider, NUMBER]

    on_database(database_url, story)
