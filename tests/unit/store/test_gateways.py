from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import CARRIER, GATEWAY, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.store import gateways


def test_gateways_come_by_priority_then_age(database_url):
    later = replace(GATEWAY, sip_gateway_sid=new_sid(), created_at=99.0)
    first = replace(GATEWAY, sip_gateway_sid=new_sid(), created_at=100.0, priority=-1)

    async def story(database):
        await database.write(insert_all)
        for gateway in (later, first):
            await database.write(lambda c, gateway=gateway: gateways.insert(c, gateway, BOX))

        found = await database.read(
            lambda c: gateways.of_carriers(c, BOX, [CARRIER.voip_carrier_sid])
        )
        assert found == [first, GATEWAY, later]
        assert await database.read(lambda c: gateways.of_carriers(c, BOX, [])) == []

    on_database(database_url, story)


def test_only_active_outbound_gateways_that_asked_for_it_are_pinged(database_url):
    wanted = replace(GATEWAY, sip_gateway_sid=new_sid(), send_options_ping=True)
    others = [
        replace(wanted, sip_gateway_sid=new_sid(), is_active=False),
        replace(wanted, sip_gateway_sid=new_sid(), outbound=False),
    ]

    async def story(database):
        await database.write(insert_all)
        for gateway in (wanted, *others):
            await database.write(lambda c, gateway=gateway: gateways.insert(c, gateway, BOX))

        assert await database.read(lambda c: gateways.to_ping(c, BOX)) == [wanted]

    on_database(database_url, story)


def test_a_twin_has_the_same_address_port_and_protocol(database_url):
    default_port = replace(GATEWAY, sip_gateway_sid=new_sid(), port=None)

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: gateways.insert(c, default_port, BOX))

        async def twin(**change):
            other = replace(GATEWAY, sip_gateway_sid=new_sid(), **change)
            return await database.read(lambda c: gateways.twin(c, other))

        assert await twin()
        assert await twin(port=None)
        assert not await twin(port=5081)
        assert not await twin(protocol="tcp")
        assert not await twin(host="192.0.2.9")
        assert not await database.read(lambda c: gateways.twin(c, GATEWAY))

    on_database(database_url, story)
