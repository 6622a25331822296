from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    KEY,
    PROVIDER,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import (
    api_keys,
)


def test_keys_are_found_by_their_digest(database_url):
    async def story(database):
        await database.write(insert_all)

        assert await database.read(lambda c: api_keys.by_digest(c, KEY.token_sha256, BOX)) == KEY
        assert await database.read(lambda c: api_keys.by_digest(c, "00" * 32, BOX)) is None

    on_database(database_url, story)


def test_using_a_key_is_noted(database_url):
    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: api_keys.touch(c, KEY.api_key_sid, now=77.5))

        found = await database.read(lambda c: api_keys.get(c, KEY.api_key_sid, BOX))
        assert found == replace(KEY, last_used=77.5)

    on_database(database_url, story)


def test_a_provider_sees_its_own_keys_and_those_of_its_accounts(database_url):
    own = replace(
        KEY,
        api_key_sid=new_sid(),
        token_sha256="cd" * 32,
        account_sid=None,
        service_provider_sid=PROVIDER.service_provider_sid,
    )
    admin = replace(KEY, api_key_sid=new_sid(), token_sha256="ef" * 32, account_sid=None)

    async def story(database):
        await database.write(insert_all)
        for key in (own, admin):
            await database.write(lambda c, key=key: api_keys.insert(c, key, BOX))

        sid = PROVIDER.service_provider_sid
        of_provider = await database.read(lambda c: api_keys.of_provider(c, sid, BOX))
        of_account = await database.read(lambda c: api_keys.of_account(c, ACCOUNT.account_sid, BOX))
        assert {key.api_key_sid for key in of_provider} == {own.api_key_sid, KEY.api_key_sid}
        assert of_account == [KEY]
        assert await database.read(api_keys.admin_count) == 1

    on_database(database_url, story)
