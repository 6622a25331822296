from dataclasses import replace

import pytest

from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    APPLICATION,
    CARRIER,
    PROVIDER,
    another_account,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import (
    accounts,
    applications,
    carriers,
)
from voxgate.store.engine import AlreadyExists, StillReferenced


def test_an_account_may_use_its_own_carriers_its_providers_and_the_sandbox(database_url):
    own_sid, provider_sid = ACCOUNT.account_sid, PROVIDER.service_provider_sid
    of_provider = replace(
        CARRIER, voip_carrier_sid=new_sid(), name="Shared", account_sid=None, application_sid=None
    )
    sandbox = replace(
        of_provider, voip_carrier_sid=new_sid(), name="sandbox", service_provider_sid=None
    )
    foreign = replace(CARRIER, voip_carrier_sid=new_sid(), application_sid=None)
    neighbour = another_account("Neighbour")
    foreign = replace(foreign, account_sid=neighbour.account_sid)

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: accounts.insert(c, neighbour, BOX))
        for carrier in (of_provider, sandbox, foreign):
            await database.write(lambda c, carrier=carrier: carriers.insert(c, carrier, BOX))

        total, found = await database.read(
            lambda c: carriers.usable_by(c, BOX, own_sid, provider_sid)
        )
        assert total == 3
        assert {carrier.name for carrier in found} == {"Trunk", "Shared", "sandbox"}
        assert await database.read(lambda c: carriers.sandbox(c, BOX)) == sandbox

    on_database(database_url, story)


def test_names_are_unique_per_owner_even_when_nobody_checks(database_url):
    of_provider = replace(CARRIER, account_sid=None, application_sid=None)

    async def story(database):
        await database.write(insert_all)
        for again in (
            replace(CARRIER, voip_carrier_sid=new_sid()),
            replace(of_provider, voip_carrier_sid=new_sid()),
        ):
            if again.account_sid is None:
                first = replace(again, voip_carrier_sid=new_sid())
                await database.write(lambda c, first=first: carriers.insert(c, first, BOX))
            assert await database.read(lambda c, again=again: carriers.name_taken(c, again))
            with pytest.raises(AlreadyExists):
                await database.write(lambda c, again=again: carriers.insert(c, again, BOX))

    on_database(database_url, story)


def test_what_others_refer_to_is_not_deleted(database_url):
    async def story(database):
        await database.write(insert_all)
        for delete, sid in (
            (carriers.delete, CARRIER.voip_carrier_sid),
            (applications.delete, APPLICATION.application_sid),
        ):
            with pytest.raises(StillReferenced):
                await database.write(lambda c, delete=delete, sid=sid: delete(c, sid))
        users = await database.read(lambda c: carriers.users_of(c, CARRIER.voip_carrier_sid))
        assert users == ["phone numbers", "routing rules"]

    on_database(database_url, story)
