from dataclasses import replace

import pytest
from sqlalchemy import text

from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    APPLICATION,
    CARRIER,
    GATEWAY,
    NUMBER,
    PROVIDER,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import (
    accounts,
    applications,
    carriers,
    gateways,
    numbers,
    service_providers,
)
from voxgate.store.owners import Owner
from voxgate.store.rows import Window

NOUNS = [
    (service_providers, PROVIDER, PROVIDER.service_provider_sid, {"description": None}),
    (accounts, ACCOUNT, ACCOUNT.account_sid, {"is_active": False, "registration_hook": None}),
    (applications, APPLICATION, APPLICATION.application_sid, {"app_json": "[]", "call_hook": None}),
    (carriers, CARRIER, CARRIER.voip_carrier_sid, {"register_password": "another"}),
    (gateways, GATEWAY, GATEWAY.sip_gateway_sid, {"port": None, "inbound": True}),
    (numbers, NUMBER, NUMBER.phone_number_sid, {"application_sid": None}),
]


@pytest.mark.parametrize(
    ("noun", "value", "sid", "changes"), NOUNS, ids=[row[0].__name__ for row in NOUNS]
)
def test_a_noun_comes_back_as_it_was_written_and_changed(database_url, noun, value, sid, changes):
    changed = replace(value, **changes)

    async def story(database):
        await database.write(insert_all)
        assert await database.read(lambda c: noun.get(c, sid, BOX)) == value

        await database.write(lambda c: noun.update(c, changed, BOX))
        assert await database.read(lambda c: noun.get(c, sid, BOX)) == changed

    on_database(database_url, story)


def test_a_page_says_how_many_there_are_in_all(database_url):
    async def story(database):
        await database.write(insert_all)
        for number in range(7):
            each = replace(
                APPLICATION, application_sid=new_sid(), name=f"app {number}", created_at=10 + number
            )
            await database.write(lambda c, each=each: applications.insert(c, each, BOX))

        owner = Owner(account_sid=ACCOUNT.account_sid)
        total, found = await database.read(
            lambda c: applications.page(c, BOX, owner, name="APP", window=Window(2, 3))
        )
        assert total == 7
        assert [each.name for each in found] == ["app 2", "app 3", "app 4"]

    on_database(database_url, story)


def test_text_that_looks_like_sql_is_only_text(database_url):
    nasty = "x'); DROP TABLE accounts; --"

    async def story(database):
        await database.write(insert_all)
        renamed = replace(ACCOUNT, name=nasty)
        await database.write(lambda c: accounts.update(c, renamed, BOX))

        assert (
            await database.read(lambda c: c.execute(text("SELECT name FROM accounts")).scalar_one())
            == nasty
        )

    on_database(database_url, story)
