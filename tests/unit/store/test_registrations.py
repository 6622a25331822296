from dataclasses import replace

from unit.store.samples import ACCOUNT, PROVIDER, insert_all
from unit.store.stories import on_database
from voxgate.model.devices import Registration
from voxgate.store import registrations

SID = ACCOUNT.account_sid
PHONE = Registration(
    SID, "alice", "home.example", "sip:alice@192.0.2.7", "udp", "192.0.2.7", 5060, "call", 1, 10.0,
    110.0, "a phone", "application",
)  # fmt: skip
DESK = replace(PHONE, contact="sip:alice@192.0.2.8", registered_at=20.0, user_agent=None)
BOB = replace(PHONE, username="bob", contact="sip:bob@192.0.2.9")


def put(*kept):
    def change(connection):
        for registration in kept:
            registrations.replace(
                connection, SID, registration.username, removed=[], kept=[registration]
            )

    return change


def test_a_users_contacts_come_newest_first_and_expire(database_url):
    async def story(database):
        await database.write(put(PHONE, DESK, BOB))

        async def of(name, now):
            return await database.read(lambda c: registrations.of_user(c, SID, name, now=now))

        assert await of("alice", 100.0) == [DESK, PHONE]
        assert await of("alice", 110.0) == []
        assert await of("carol", 0.0) == []

    on_database(database_url, story)


def test_a_contact_replaces_itself_and_named_ones_go(database_url):
    later = replace(PHONE, cseq=2, expires_at=500.0)

    async def story(database):
        await database.write(put(PHONE, DESK))
        await database.write(
            lambda c: registrations.replace(c, SID, "alice", removed=[DESK.contact], kept=[later])
        )

        found = await database.read(lambda c: registrations.of_user(c, SID, "alice", now=0.0))
        assert found == [later]

    on_database(database_url, story)


def test_devices_are_counted_without_the_users_own(database_url):
    provider = PROVIDER.service_provider_sid

    async def story(database):
        await database.write(insert_all)
        await database.write(put(PHONE, DESK, BOB))

        async def count(but_for, now=50.0, **owner):
            return await database.read(
                lambda c: registrations.count_devices(c, now=now, but_for=but_for, **owner)
            )

        assert await count("bob", account_sid=SID) == 2
        assert await count("alice", service_provider_sid=provider) == 1
        assert await count("alice", account_sid="another") == 0
        assert await count("nobody", now=110.0, account_sid=SID) == 0

    on_database(database_url, story)


def test_expired_ones_are_swept_out_and_an_account_takes_its_own_along(database_url):
    lasting = replace(BOB, expires_at=1000.0)

    async def story(database):
        await database.write(put(PHONE, lasting))

        assert await database.write(lambda c: registrations.remove_expired(c, now=110.0)) == 1
        left = await database.read(
            lambda c: registrations.of_account(c, SID, now=0.0, usernames=["alice", "bob"])
        )
        assert left == [lasting]
        await database.write(lambda c: registrations.remove_of_user(c, SID, "bob"))
        await database.write(put(PHONE))
        await database.write(lambda c: registrations.remove_of_account(c, SID))
        assert await database.read(lambda c: registrations.of_account(c, SID, now=0.0)) == []

    on_database(database_url, story)
