import asyncio

from unit.store.stories import on_database
from voxgate.model.deliveries import Idempotency
from voxgate.store import idempotency
from voxgate.store.engine import Database
from voxgate.store.idempotency import KEEP_S, Remembered

ACCOUNT = "5f2b9d1c-0000-4000-8000-000000000000"
KEY = Idempotency("order-77", "fingerprint")


def claim(database, call_sid, *, account=ACCOUNT, key=KEY, now=1000.0):
    return database.write(
        lambda c: idempotency.claim(
            c, account, key, call_sid=call_sid, call_id=f"id of {call_sid}", now=now
        )
    )


def test_the_first_claim_wins_and_later_ones_see_it(database_url):
    async def story(database):
        assert await claim(database, "first") is None
        expected = Remembered("fingerprint", "first", "id of first")
        assert await claim(database, "second") == expected
        found = await database.read(
            lambda c: idempotency.remembered(c, ACCOUNT, KEY.key, now=1000.0)
        )
        assert found == expected

    on_database(database_url, story)


def test_of_many_claims_at_once_exactly_one_wins(database_url):
    async def story(database):
        answers = await asyncio.gather(*(claim(database, f"call {n}") for n in range(20)))

        assert answers.count(None) == 1
        assert len({answer.call_sid for answer in answers if answer}) == 1

    on_database(database_url, story)


def test_keys_of_accounts_do_not_meet(database_url):
    async def story(database):
        assert await claim(database, "first") is None
        assert await claim(database, "second", account="another") is None

    on_database(database_url, story)


def test_a_key_is_free_again_after_24_hours(database_url):
    async def story(database):
        assert await claim(database, "first", now=0.0) is None
        assert await claim(database, "second", now=KEEP_S - 1) is not None
        assert await claim(database, "third", now=KEEP_S) is None
        assert await database.write(lambda c: idempotency.forget_old(c, now=KEEP_S * 3)) == 1
        assert await claim(database, "fourth", now=KEEP_S * 3) is None

    on_database(database_url, story)


def test_two_nodes_cannot_both_win(postgres):
    url = postgres.url()

    async def run():
        nodes = [Database(url) for _ in range(4)]
        try:
            answers = await asyncio.gather(
                *(claim(node, f"call {n}") for n, node in enumerate(nodes)),
                return_exceptions=True,
            )
            assert answers.count(None) == 1
            found = await nodes[0].read(
                lambda c: idempotency.remembered(c, ACCOUNT, KEY.key, now=1000.0)
            )
            assert found.call_sid == f"call {answers.index(None)}"
        finally:
            await asyncio.gather(*(node.close() for node in nodes))

    asyncio.run(run())
