import asyncio

from unit.records.samples import ACCOUNT, open_database
from voxgate.model.deliveries import Idempotency
from voxgate.records.housekeeping import keep_house
from voxgate.store import idempotency
from voxgate.store.engine import StoreUnavailable
from voxgate.testing.virtual_time import ManualClock, run_virtual


def test_keys_past_their_day_are_forgotten_and_younger_ones_kept(tmp_path):
    async def story():
        database, clock = await open_database(tmp_path), ManualClock()
        for name, age_s in (("old", 90_000), ("young", 80_000)):
            await database.write(
                lambda c, name=name, age_s=age_s: idempotency.claim(
                    c,
                    ACCOUNT,
                    Idempotency(name, "f"),
                    call_sid=name,
                    call_id="x",
                    now=clock.wall() - age_s,
                )
            )
        keeping = asyncio.get_running_loop().create_task(keep_house(database, clock))
        left = 1
        while left:
            await asyncio.sleep(0.01)
            old = await database.read(
                lambda c: idempotency.remembered(c, ACCOUNT, "old", now=clock.wall() - 80_000)
            )
            left = old is not None
        keeping.cancel()
        young = await database.read(
            lambda c: idempotency.remembered(c, ACCOUNT, "young", now=clock.wall())
        )
        await database.close()
        return young

    assert asyncio.run(story()).call_sid == "young"


class AwayAtFirst:
    def __init__(self):
        self.asked_at = []

    async def write(self, _change):
        self.asked_at.append(asyncio.get_running_loop().time())
        if len(self.asked_at) == 1:
            raise StoreUnavailable("locked")


def test_it_comes_back_every_hour_also_after_a_failure():
    async def story():
        database = AwayAtFirst()
        keeping = asyncio.get_running_loop().create_task(keep_house(database, ManualClock()))
        await asyncio.sleep(3 * 3600 + 1)
        keeping.cancel()
        return database.asked_at

    assert run_virtual(story()) == [0.0, 3600.0, 7200.0, 10800.0]
