from unit.store.samples import ACCOUNT, PROVIDER, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.model.limits import API_RATE, CALLS, DEVICES, Limit
from voxgate.store import limits

SID, PROVIDER_SID = ACCOUNT.account_sid, PROVIDER.service_provider_sid


def test_a_category_is_set_once_and_changed_after_that(database_url):
    async def story(database):
        await database.write(insert_all)
        first = await database.write(
            lambda c: limits.put(c, Limit(new_sid(), CALLS, 5, account_sid=SID))
        )
        second = await database.write(
            lambda c: limits.put(c, Limit(new_sid(), CALLS, 7, account_sid=SID))
        )

        assert first == second
        found = await database.read(lambda c: limits.of_account(c, SID))
        assert found == [Limit(first, CALLS, 7, account_sid=SID)]

    on_database(database_url, story)


def test_a_call_is_bound_by_its_accounts_and_its_providers_limits(database_url):
    async def story(database):
        await database.write(insert_all)
        for limit in (
            Limit(new_sid(), CALLS, 5, account_sid=SID),
            Limit(new_sid(), DEVICES, 3, account_sid=SID),
            Limit(new_sid(), CALLS, 50, service_provider_sid=PROVIDER_SID),
        ):
            await database.write(lambda c, limit=limit: limits.put(c, limit))

        binding = await database.read(lambda c: limits.binding(c, SID, PROVIDER_SID))
        assert sorted((each.category, each.quantity) for each in binding) == [
            (DEVICES, 3),
            (CALLS, 5),
            (CALLS, 50),
        ]
        of_others = await database.read(lambda c: limits.binding(c, new_sid(), new_sid()))
        assert of_others == []
        of_provider = await database.read(lambda c: limits.of_provider(c, PROVIDER_SID, CALLS))
        await database.write(lambda c: limits.remove(c, of_provider))
        assert await database.read(lambda c: limits.of_provider(c, PROVIDER_SID)) == []
        assert await database.read(lambda c: limits.of_account(c, SID, API_RATE)) == []

    on_database(database_url, story)
