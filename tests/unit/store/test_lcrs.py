from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import (
    ENTRY,
    LCR,
    ROUTE,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import (
    lcrs,
)


def test_rules_come_back_with_their_entries_in_order(database_url):
    later = replace(ENTRY, lcr_carrier_set_entry_sid=new_sid(), priority=5)
    earlier = replace(ENTRY, lcr_carrier_set_entry_sid=new_sid(), priority=0)
    routes = (
        replace(ROUTE, priority=2, entries=(later, earlier)),
        replace(ROUTE, lcr_route_sid=new_sid(), regex="1", priority=1, entries=()),
    )

    async def story(database):
        await database.write(insert_all)
        assert await database.read(lambda c: lcrs.complete(c, replace(LCR, routes=()), BOX)) == LCR

        await database.write(lambda c: lcrs.replace_routes(c, LCR.lcr_sid, routes, BOX))
        found = await database.read(lambda c: lcrs.routes_of(c, LCR.lcr_sid, BOX))
        assert [route.regex for route in found] == ["1", "49"]
        assert found[1].entries == (earlier, later)

    on_database(database_url, story)
