from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    APPLICATION,
    PROVIDER,
    another_account,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import (
    accounts,
    applications,
    service_providers,
)
from voxgate.store.owners import Owner


def test_a_name_filter_takes_percent_and_underscore_as_they_are(database_url):
    async def story(database):
        await database.write(insert_all)
        named = replace(APPLICATION, application_sid=new_sid(), name="100%_sure")
        await database.write(lambda c: applications.insert(c, named, BOX))

        owner = Owner(account_sid=ACCOUNT.account_sid)
        for part, names in (("%_s", ["100%_sure"]), ("_", ["100%_sure"]), ("x", [])):
            _, found = await database.read(
                lambda c, part=part: applications.page(c, BOX, owner, name=part)
            )
            assert [each.name for each in found] == names

    on_database(database_url, story)


def test_an_owner_sees_only_its_own(database_url):
    other_provider = replace(PROVIDER, service_provider_sid=new_sid(), name="Other")
    neighbour = another_account("Neighbour")
    stranger = replace(
        another_account("Stranger"), service_provider_sid=other_provider.service_provider_sid
    )

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: service_providers.insert(c, other_provider, BOX))
        for account in (neighbour, stranger):
            await database.write(lambda c, account=account: accounts.insert(c, account, BOX))
            app = replace(APPLICATION, application_sid=new_sid(), account_sid=account.account_sid)
            await database.write(lambda c, app=app: applications.insert(c, app, BOX))

        async def owners(owner):
            _, found = await database.read(lambda c: applications.page(c, BOX, owner))
            return {each.account_sid for each in found}

        own = {ACCOUNT.account_sid}
        assert await owners(Owner(account_sid=ACCOUNT.account_sid)) == own
        provider = Owner(service_provider_sid=PROVIDER.service_provider_sid)
        assert await owners(provider) == own | {neighbour.account_sid}
        everybody = own | {neighbour.account_sid, stranger.account_sid}
        assert await owners(Owner()) == everybody

    on_database(database_url, story)
