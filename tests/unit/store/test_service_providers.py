from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import (
    CARRIER,
    GATEWAY,
    LCR,
    NUMBER,
    PROVIDER,
)
from unit.store.stories import on_database
from voxgate.store import (
    carriers,
    gateways,
    lcrs,
    numbers,
    service_providers,
)
from voxgate.store.tables import METADATA


def test_a_provider_without_accounts_is_deleted_with_its_trunks_and_numbers(database_url):
    trunk = replace(CARRIER, account_sid=None, application_sid=None)
    number = replace(NUMBER, account_sid=None, application_sid=None)
    table = replace(LCR, account_sid=None)

    def tenant_free(connection):
        service_providers.insert(connection, PROVIDER, BOX)
        carriers.insert(connection, trunk, BOX)
        gateways.insert(connection, GATEWAY, BOX)
        numbers.insert(connection, number, BOX)
        lcrs.insert(connection, table, BOX)
        lcrs.replace_routes(connection, table.lcr_sid, table.routes, BOX)

    def rows(connection):
        tables = METADATA.sorted_tables
        return sum(len(connection.execute(table.select()).all()) for table in tables)

    async def story(database):
        await database.write(tenant_free)
        sid = PROVIDER.service_provider_sid
        await database.write(lambda c: service_providers.delete(c, sid))

        assert await database.read(rows) == 0

    on_database(database_url, story)
