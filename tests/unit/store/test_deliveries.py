from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.stories import on_database
from voxgate.model.deliveries import Delivery
from voxgate.model.hooks import Hook
from voxgate.store import deliveries

STATUS = Delivery("call-1", "status", "account", Hook("http://app/x", "POST", "u", "p"))
NOTIFY = Delivery("call-1", "notify", "account", Hook("ws://app/y"), cursor=3)


def test_progress_is_kept_and_the_hook_stays(database_url):
    moved = replace(STATUS, cursor=7, attempts=2, next_at=55.5, first_failed_at=44.5)
    forged = replace(moved, hook=Hook("http://elsewhere"))

    async def story(database):
        await database.write(lambda c: deliveries.add(c, [STATUS, NOTIFY], BOX))
        await database.write(lambda c: deliveries.update(c, [forged]))

        found = await database.read(lambda c: deliveries.pending(c, BOX))
        assert sorted(found, key=lambda each: each.receiver) == [NOTIFY, moved]

    on_database(database_url, story)


def test_a_finished_delivery_is_gone(database_url):
    async def story(database):
        await database.write(lambda c: deliveries.add(c, [STATUS, NOTIFY], BOX))
        await database.write(lambda c: deliveries.remove(c, [("call-1", "status")]))

        assert await database.read(lambda c: deliveries.pending(c, BOX)) == [NOTIFY]

    on_database(database_url, story)
