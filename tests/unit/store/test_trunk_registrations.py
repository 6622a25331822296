from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import CARRIER, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import carriers, trunk_registrations

SID = CARRIER.voip_carrier_sid


def test_the_last_status_counts_and_goes_with_its_carrier(database_url):
    async def story(database):
        await database.write(insert_all)
        for status in ({"status": "fail", "reason": "403"}, {"status": "ok", "expires": 60}):
            await database.write(lambda c, status=status: trunk_registrations.put(c, SID, status))

        known = await database.read(trunk_registrations.everything)
        assert known == {SID: {"status": "ok", "expires": 60}}
        await database.write(lambda c: trunk_registrations.remove(c, SID))
        assert await database.read(trunk_registrations.everything) == {}

    on_database(database_url, story)


def test_a_deleted_carrier_takes_its_status_along(database_url):
    async def story(database):
        spare = replace(CARRIER, voip_carrier_sid=new_sid(), name="spare")
        await database.write(insert_all)
        await database.write(lambda c: carriers.insert(c, spare, BOX))
        sid = spare.voip_carrier_sid
        await database.write(lambda c: trunk_registrations.put(c, sid, {"status": "ok"}))
        await database.write(lambda c: carriers.delete(c, sid))

        assert await database.read(trunk_registrations.everything) == {}

    on_database(database_url, story)
