from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, CARRIER, GATEWAY, NUMBER, insert_all
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.model.inbound import Entrance, Tenant, Trunk
from voxgate.store import carriers, gateways, inbound, numbers

TRUNK = CARRIER.voip_carrier_sid


def test_tenants_are_known_by_their_realms(database_url):
    async def story(database):
        await database.write(insert_all)

        assert await database.read(inbound.tenants) == [
            Tenant(ACCOUNT.account_sid, ACCOUNT.service_provider_sid, "tenant.example")
        ]

    on_database(database_url, story)


def test_only_active_trunks_of_somebody_are_there_with_their_passwords_open(database_url):
    guarded = replace(
        CARRIER,
        voip_carrier_sid=new_sid(),
        name="guarded",
        trunk_type="auth",
        inbound_auth_username="peer",
        inbound_auth_password="secret",
    )
    others = [
        replace(CARRIER, voip_carrier_sid=new_sid(), name="off", is_active=False),
        replace(
            CARRIER,
            voip_carrier_sid=new_sid(),
            name="sandbox",
            account_sid=None,
            service_provider_sid=None,
            application_sid=None,
        ),
    ]

    async def story(database):
        await database.write(insert_all)
        for carrier in (guarded, *others):
            await database.write(lambda c, carrier=carrier: carriers.insert(c, carrier, BOX))

        found = {t.name: t for t in await database.read(lambda c: inbound.trunks(c, BOX))}
        assert set(found) == {"Trunk", "guarded"}
        assert found["guarded"] == Trunk(
            guarded.voip_carrier_sid,
            "guarded",
            guarded.account_sid,
            guarded.service_provider_sid,
            guarded.application_sid,
            "auth",
            "peer",
            "secret",
            "user",
        )

    on_database(database_url, story)


def test_only_active_inbound_gateways_are_entrances(database_url):
    """Gotcha 85a."""
    wanted = replace(GATEWAY, sip_gateway_sid=new_sid(), inbound=True, netmask=24)
    off = replace(wanted, sip_gateway_sid=new_sid(), is_active=False, host="192.0.2.5")

    async def story(database):
        await database.write(insert_all)
        for gateway in (wanted, off):
            await database.write(lambda c, gateway=gateway: gateways.insert(c, gateway, BOX))

        assert await database.read(inbound.entrances) == [Entrance(TRUNK, "192.0.2.1", 24)]

    on_database(database_url, story)


def test_numbers_and_patterns_are_those_on_the_trunks_or_on_none(database_url):
    """Gotcha 85b: the number is a value, whatever is in it."""
    loose = replace(NUMBER, phone_number_sid=new_sid(), voip_carrier_sid=None)
    wild = replace(NUMBER, phone_number_sid=new_sid(), number="49*")
    regex = replace(NUMBER, phone_number_sid=new_sid(), number="^49.*", voip_carrier_sid=None)

    async def story(database):
        await database.write(insert_all)
        for number in (loose, wild, regex):
            await database.write(lambda c, number=number: numbers.insert(c, number, BOX))

        async def called(number, *trunks):
            return await database.read(lambda c: inbound.numbers(c, number, trunks))

        assert set(await called(NUMBER.number, TRUNK)) == {NUMBER, loose}
        assert await called(NUMBER.number, new_sid()) == [loose]
        assert await called("' OR '1'='1", TRUNK) == []
        assert await called("49%", TRUNK) == []
        patterns = await database.read(lambda c: inbound.patterns(c, [TRUNK]))
        assert set(patterns) == {wild, regex}
        assert await database.read(lambda c: inbound.patterns(c, [])) == [regex]

    on_database(database_url, story)
