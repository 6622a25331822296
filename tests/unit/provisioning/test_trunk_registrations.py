import asyncio
from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import CARRIER, GATEWAY, insert_all
from voxgate.base.egress import EgressPolicy
from voxgate.base.ids import new_sid
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.trunk_registrations import RegisteringTrunk, TrunkRegistrations
from voxgate.store import carriers, gateways, trunk_registrations
from voxgate.store.engine import Database
from voxgate.testing.virtual_time import ManualClock

WANTING = replace(CARRIER, requires_register=True)


def test_only_active_carriers_with_a_way_out_are_registered_with(sqlite_url):
    idle = replace(WANTING, voip_carrier_sid=new_sid(), name="idle", is_active=False)
    lost = replace(WANTING, voip_carrier_sid=new_sid(), name="lost")
    incoming = replace(
        GATEWAY,
        sip_gateway_sid=new_sid(),
        voip_carrier_sid=lost.voip_carrier_sid,
        inbound=True,
        outbound=False,
    )

    async def story():
        database, clock = Database(sqlite_url), ManualClock()
        directory = Directory(database, BOX, clock)
        inventory = Inventory(database, directory, BOX, clock, EgressPolicy(()))
        registrations = TrunkRegistrations(inventory, database)
        await database.write(insert_all)
        await database.write(lambda c: carriers.update(c, WANTING, BOX))
        for carrier in (idle, lost):
            await database.write(lambda c, carrier=carrier: carriers.insert(c, carrier, BOX))
        await database.write(lambda c: gateways.insert(c, incoming, BOX))

        wanted = await registrations.wanted()
        await registrations.note(WANTING.voip_carrier_sid, {"status": "ok"})
        await registrations.note(lost.voip_carrier_sid, {"status": "fail"})
        await registrations.note(lost.voip_carrier_sid, None)
        known = await database.read(trunk_registrations.everything)
        await directory.close()
        await database.close()
        return wanted, known

    wanted, known = asyncio.run(story())
    assert wanted == [RegisteringTrunk(WANTING, GATEWAY)]
    assert known == {WANTING.voip_carrier_sid: {"status": "ok"}}
