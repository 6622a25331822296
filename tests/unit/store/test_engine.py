import asyncio
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, PROVIDER
from unit.store.stories import on_database
from voxgate.store import accounts, service_providers
from voxgate.store.engine import AlreadyExists, Database, StillReferenced, StoreUnavailable


def test_what_a_change_wrote_is_read_afterwards(database_url):
    async def story(database):
        await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))

        sid = PROVIDER.service_provider_sid
        assert await database.read(lambda c: service_providers.get(c, sid, BOX)) == PROVIDER

    on_database(database_url, story)


def test_a_change_that_raises_leaves_nothing_behind(database_url):
    def change(connection):
        service_providers.insert(connection, PROVIDER, BOX)
        raise LookupError("changed my mind")

    async def story(database):
        with pytest.raises(LookupError):
            await database.write(change)

        assert await database.read(lambda c: service_providers.page(c, BOX)) == (0, [])

    on_database(database_url, story)


def test_changes_do_not_overlap_and_none_is_lost(database_url):
    def count_up(connection):
        found = connection.execute(text("SELECT number FROM provisioning_generation")).scalar_one()
        raised = {"n": found + 1}
        connection.execute(text("UPDATE provisioning_generation SET number = :n"), raised)

    async def story(database):
        start = "INSERT INTO provisioning_generation (id, number) VALUES (1, 0)"
        await database.write(lambda c: c.execute(text(start)) and None)
        await asyncio.gather(*(database.write(count_up) for _ in range(50)))

        number = "SELECT number FROM provisioning_generation"
        assert await database.read(lambda c: c.execute(text(number)).scalar_one()) == 50

    on_database(database_url, story)


def test_a_change_goes_on_when_the_one_who_waits_is_cancelled(database_url):
    async def story(database):
        waiting = asyncio.create_task(
            database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))
        )
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        # A later change comes after it, so by now it is done.
        total, _ = await database.write(lambda c: service_providers.page(c, BOX))
        assert total == 1

    on_database(database_url, story)


def test_a_duplicate_is_told_apart_from_a_broken_reference(database_url):
    async def story(database):
        await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))
        with pytest.raises(AlreadyExists):
            await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))

        orphan = ACCOUNT.__class__("a" * 36, "b" * 36, "no provider", webhook_secret="x")
        with pytest.raises(StillReferenced):
            await database.write(lambda c: accounts.insert(c, orphan, BOX))

    on_database(database_url, story)


def test_migrating_twice_changes_nothing(database_url):
    async def story(database):
        await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))
        await database.migrate()

        assert (await database.read(lambda c: service_providers.page(c, BOX)))[0] == 1

    on_database(database_url, story)


def test_two_nodes_that_start_together_migrate_an_empty_postgresql_once(postgres):
    url = postgres.empty_url()

    async def run():
        nodes = [Database(url), Database(url)]
        try:
            await asyncio.gather(*(node.migrate() for node in nodes))
            assert (await nodes[0].read(lambda c: service_providers.page(c, BOX)))[0] == 0
        finally:
            await asyncio.gather(*(node.close() for node in nodes))

    asyncio.run(run())


def test_two_processes_that_start_together_migrate_an_empty_file_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'vox.db'}"

    async def run():
        nodes = [Database(url), Database(url)]
        try:
            await asyncio.gather(*(node.migrate() for node in nodes))
            assert (await nodes[0].read(lambda c: service_providers.page(c, BOX)))[0] == 0
        finally:
            await asyncio.gather(*(node.close() for node in nodes))

    asyncio.run(run())


def test_a_sqlite_commit_survives_a_power_cut(sqlite_url):
    async def story(database):
        def pragmas(connection):
            wanted = ("synchronous", "journal_mode", "foreign_keys")
            return [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in wanted]

        full, write_ahead, enforced = 2, "wal", 1
        assert await database.write(pragmas) == [full, write_ahead, enforced]

    on_database(sqlite_url, story)


def test_readers_are_answered_while_a_change_is_under_way(sqlite_url):
    async def story(database):
        loop = asyncio.get_running_loop()
        began, may_end = asyncio.Event(), asyncio.Event()

        def change(connection):
            service_providers.insert(connection, PROVIDER, BOX)
            loop.call_soon_threadsafe(began.set)
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result()

        writing = asyncio.create_task(database.write(change))
        await began.wait()
        before = await database.read(lambda c: service_providers.page(c, BOX))
        may_end.set()
        await writing

        assert before == (0, [])

    on_database(sqlite_url, story)


def test_a_database_that_another_program_has_locked_is_unavailable(sqlite_url, monkeypatch):
    monkeypatch.setattr("voxgate.store.engine._BUSY_TIMEOUT_S", 0.05)

    async def story(database):
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))
        other.execute("ROLLBACK")
        other.close()

        await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))

    on_database(sqlite_url, story)


def test_a_full_disk_is_unavailable_and_recovers(sqlite_url):
    async def story(database):
        def limit(pages):
            return lambda c: c.execute(text(f"PRAGMA max_page_count = {pages}")).scalar_one()

        def fill(connection):
            for number in range(5000):
                provider = PROVIDER.__class__(f"{number:036d}", f"{number}", "x" * 1000)
                service_providers.insert(connection, provider, BOX)

        await database.write(limit(1))
        with pytest.raises(StoreUnavailable):
            await database.write(fill)
        await database.write(limit(1_000_000))
        await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))

    on_database(sqlite_url, story)


def test_a_damaged_file_is_unavailable(tmp_path):
    file = tmp_path / "vox.db"
    file.write_bytes(os.urandom(8192))

    async def story(database):
        with pytest.raises(StoreUnavailable):
            await database.read(lambda c: service_providers.page(c, BOX))

    on_database(f"sqlite:///{file}", story)


def test_a_postgresql_that_is_not_there_is_unavailable():
    async def story(database):
        with pytest.raises(StoreUnavailable):
            await database.read(lambda c: service_providers.page(c, BOX))

    on_database("postgresql://nobody@127.0.0.1:9/none", story)


def test_a_lost_connection_is_replaced(postgres):
    url = postgres.url()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    async def story(database):
        await database.write(lambda c: service_providers.insert(c, PROVIDER, BOX))
        other = Database(url, readers=1)
        await other.read(lambda c: c.execute(text(kill)).all())
        await other.close()

        assert (await database.write(lambda c: service_providers.page(c, BOX)))[0] == 1

    on_database(url, story)


def test_a_closed_database_says_so():
    async def run():
        database = Database(f"sqlite:///{Path('never-made')}")
        await database.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await database.read(lambda _c: None)

    asyncio.run(run())


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://root@localhost/x"])
def test_an_address_that_cannot_work_is_refused_at_once(url):
    with pytest.raises(StoreUnavailable):
        Database(url)
