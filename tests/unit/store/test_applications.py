from dataclasses import replace

from unit.store.samples import APPLICATION, NUMBER, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import applications, numbers


def test_a_name_is_taken_within_the_account_only(database_url):
    async def story(database):
        await database.write(insert_all)

        async def taken(application):
            return await database.read(lambda c: applications.name_taken(c, application))

        assert not await taken(APPLICATION)
        assert await taken(replace(APPLICATION, application_sid=new_sid()))
        assert not await taken(replace(APPLICATION, application_sid=new_sid(), name="other"))
        elsewhere = replace(APPLICATION, application_sid=new_sid(), account_sid=new_sid())
        assert not await taken(elsewhere)

    on_database(database_url, story)


def test_an_application_knows_whether_numbers_use_it(database_url):
    sid = APPLICATION.application_sid

    async def story(database):
        await database.write(insert_all)
        assert await database.read(lambda c: applications.has_numbers(c, sid))
        await database.write(lambda c: numbers.delete(c, NUMBER.phone_number_sid))
        assert not await database.read(lambda c: applications.has_numbers(c, sid))

    on_database(database_url, story)
