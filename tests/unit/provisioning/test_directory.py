"""The cached look-ups of the hot path, on a real database that counts what it is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from unit.api.world import StillClock
from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    APPLICATION,
    CARRIER,
    GATEWAY,
    KEY,
    NUMBER,
    insert_all,
)
from voxgate.base.ids import new_sid
from voxgate.base.secrets import SecretBox, token_digest
from voxgate.model.calls import Target
from voxgate.model.devices import Registration
from voxgate.model.inbound import Trunk
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import NotAuthenticated, Unavailable
from voxgate.provisioning.permissions import Scope
from voxgate.store import (
    accounts,
    api_keys,
    applications,
    gateways,
    generation,
    registrations,
)
from voxgate.store.engine import Database

TOKEN = "0f7a2b1c-0000-4000-8000-000000000000"


class CountingDatabase(Database):
    reads = 0

    async def read(self, question):
        self.reads += 1
        return await super().read(question)


def with_directory(
    url: str, story: Callable[[Directory, CountingDatabase, StillClock], Awaitable[None]]
) -> None:
    async def run() -> None:
        database, clock = CountingDatabase(url), StillClock()
        directory = Directory(database, BOX, clock)
        key = replace(KEY, token_sha256=token_digest(TOKEN))

        def settle(connection):
            insert_all(connection)
            api_keys.delete(connection, KEY.api_key_sid)
            api_keys.insert(connection, key, BOX)

        await database.write(settle)
        try:
            await story(directory, database, clock)
        finally:
            await directory.close()
            await database.close()

    asyncio.run(run())


async def look_up_everything(directory):
    principal = await directory.principal(TOKEN)
    account = await directory.account(ACCOUNT.account_sid)
    application = await directory.application(APPLICATION.application_sid)
    return principal, account, application, await directory.facts(account)


def test_a_warm_look_up_asks_the_database_nothing(sqlite_url):
    async def story(directory, database, _clock):
        cold = await look_up_everything(directory)
        asked = database.reads
        assert asked > 0
        for _ in range(50):
            assert await look_up_everything(directory) == cold
        assert database.reads == asked

        principal, account, application, facts = cold
        assert (principal.scope, principal.account_sid) == (Scope.ACCOUNT, ACCOUNT.account_sid)
        assert (account, application) == (ACCOUNT, APPLICATION)
        assert facts.carriers == (CARRIER,)
        assert facts.account_lcr.routes[0].entries[0].voip_carrier_sid == CARRIER.voip_carrier_sid

    with_directory(sqlite_url, story)


def test_after_two_seconds_one_short_question_keeps_everything_warm(sqlite_url):
    async def story(directory, database, clock):
        await look_up_everything(directory)
        asked = database.reads
        clock.now += 2.1
        await asyncio.gather(*(look_up_everything(directory) for _ in range(20)))
        assert database.reads == asked + 1

    with_directory(sqlite_url, story)


def test_a_change_by_another_process_is_seen_within_two_seconds(sqlite_url):
    async def story(directory, database, clock):
        await look_up_everything(directory)
        renamed = replace(ACCOUNT, name="renamed elsewhere")

        def change(connection):
            accounts.update(connection, renamed, BOX)
            generation.raise_it(connection)

        await database.write(change)
        assert (await directory.account(ACCOUNT.account_sid)).name == "Tenant"
        clock.now += 2.1
        assert await directory.account(ACCOUNT.account_sid) == renamed

    with_directory(sqlite_url, story)


def test_a_change_by_this_process_is_seen_at_once(sqlite_url):
    async def story(directory, database, _clock):
        await look_up_everything(directory)

        def change(connection):
            applications.update(connection, replace(APPLICATION, name="new"), BOX)
            return generation.raise_it(connection)

        directory.changed(await database.write(change))
        assert (await directory.application(APPLICATION.application_sid)).name == "new"

    with_directory(sqlite_url, story)


def test_what_was_being_read_during_a_change_is_not_kept(sqlite_url):
    async def story(directory, database, _clock):
        await directory.principal(TOKEN)
        read = database.read

        async def overtaken(question):
            old = await read(question)
            renamed = replace(ACCOUNT, name="renamed meanwhile")

            def change(connection):
                accounts.update(connection, renamed, BOX)
                return generation.raise_it(connection)

            directory.changed(await database.write(change))
            return old

        database.read = overtaken
        assert (await directory.account(ACCOUNT.account_sid)).name == "Tenant"
        database.read = read
        assert (await directory.account(ACCOUNT.account_sid)).name == "renamed meanwhile"

    with_directory(sqlite_url, story)


def test_many_at_once_share_one_question(sqlite_url):
    async def story(directory, database, _clock):
        await directory.principal(TOKEN)
        asked = database.reads
        found = await asyncio.gather(*(directory.account(ACCOUNT.account_sid) for _ in range(30)))
        assert found == [ACCOUNT] * 30
        assert database.reads == asked + 1

    with_directory(sqlite_url, story)


def test_one_who_gives_up_does_not_spoil_it_for_the_others(sqlite_url):
    async def story(directory, _database, _clock):
        await directory.principal(TOKEN)
        impatient = asyncio.create_task(directory.account(ACCOUNT.account_sid))
        await asyncio.sleep(0)
        patient = asyncio.create_task(directory.account(ACCOUNT.account_sid))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == ACCOUNT

    with_directory(sqlite_url, story)


def test_unknown_things_are_asked_for_again(sqlite_url):
    async def story(directory, database, _clock):
        await directory.principal(TOKEN)
        for expected in (1, 2):
            asked = database.reads
            with pytest.raises(NotAuthenticated):
                await directory.principal("guess")
            assert database.reads == asked + 1, expected

    with_directory(sqlite_url, story)


def test_the_use_of_a_key_is_noted_once_a_minute(sqlite_url):
    async def story(directory, database, clock):
        async def last_used():
            await asyncio.sleep(0)  # the note is written beside the request, not in its way
            return await database.write(lambda c: api_keys.get(c, KEY.api_key_sid, BOX).last_used)

        began = clock.wall()
        await directory.principal(TOKEN)
        assert await last_used() == began
        clock.now += 30
        await directory.principal(TOKEN)
        assert await last_used() == began
        clock.now += 31
        await directory.principal(TOKEN)
        assert await last_used() == began + 61

    with_directory(sqlite_url, story)


def test_a_lost_database_is_unavailable_not_unknown(sqlite_url):
    async def story(directory, database, clock):
        await look_up_everything(directory)
        await database.close()
        clock.now += 60
        with pytest.raises(Unavailable):
            await directory.principal(TOKEN)

    with_directory(sqlite_url, story)


def test_another_secret_key_is_told_as_such(sqlite_url):
    async def run():
        database = Database(sqlite_url)
        await database.write(insert_all)
        directory = Directory(database, SecretBox(ANOTHER_KEY), StillClock())
        with pytest.raises(Unavailable, match="SECRET_KEY"):
            await directory.account(ACCOUNT.account_sid)
        await directory.close()
        await database.close()

    asyncio.run(run())


ANOTHER_KEY = b"OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk="


def test_who_may_call_in_is_read_once_and_anew_after_a_change(sqlite_url):
    async def story(directory, database, _clock):
        assert (await directory.atlas()).tenant_at("tenant.example") is not None
        before = database.reads
        await directory.atlas()
        assert database.reads == before

        entrance = replace(GATEWAY, sip_gateway_sid=new_sid(), inbound=True, host="192.0.2.77")

        def open_it(connection):
            gateways.insert(connection, entrance, BOX)
            return generation.raise_it(connection)

        directory.changed(await database.write(open_it))
        (trunk,) = (await directory.atlas()).trunks_at("192.0.2.77")
        assert trunk.name == CARRIER.name

    with_directory(sqlite_url, story)


def test_numbers_that_do_not_exist_are_not_remembered(sqlite_url):
    """A trunk that is probed number by number must not push out what is known."""

    async def story(directory, database, _clock):
        trunks = [Trunk(CARRIER.voip_carrier_sid, CARRIER.name)]
        assert await directory.numbers_on(trunks, NUMBER.number) == [NUMBER]
        before = database.reads
        assert await directory.numbers_on(trunks, NUMBER.number) == [NUMBER]
        assert database.reads == before
        for _ in range(3):
            assert await directory.numbers_on(trunks, "1") == []
        assert database.reads == before + 3

    with_directory(sqlite_url, story)


def test_users_are_looked_up_where_they_are_now(sqlite_url):
    async def story(directory, database, clock):
        now = clock.wall()
        phone = Registration(
            ACCOUNT.account_sid, "bob", "tenant.example", "sip:bob@192.0.2.7", "udp", "192.0.2.7",
            5060, "c", 1, now, now + 60,
        )  # fmt: skip
        await database.write(
            lambda c: registrations.replace(c, ACCOUNT.account_sid, "bob", removed=[], kept=[phone])
        )

        async def found(name):
            return (await directory.facts_for(ACCOUNT, Target("user", name=name))).registered

        assert await found("Bob@tenant.example") == (phone,)
        assert await found("bob") == (phone,)
        assert await found("bob@elsewhere.example") == ()
        clock.now += 60
        assert await found("bob") == ()

    with_directory(sqlite_url, story)
