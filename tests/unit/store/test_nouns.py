"""Service providers, accounts, keys, applications, carriers, gateways, numbers, rules."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from unit.store.clusters import BOX
from unit.store.samples import (
    ACCOUNT,
    APPLICATION,
    CARRIER,
    ENTRY,
    GATEWAY,
    KEY,
    LCR,
    NUMBER,
    PROVIDER,
    ROUTE,
    a_call,
    another_account,
    insert_all,
)
from unit.store.stories import on_database
from voxgate.base.ids import new_sid
from voxgate.model.alerts import Alert
from voxgate.model.calls import CallEvent, EventType
from voxgate.model.deliveries import Delivery, Idempotency
from voxgate.model.hooks import Hook
from voxgate.store import (
    accounts,
    alerts,
    api_keys,
    applications,
    calls,
    carriers,
    deliveries,
    events,
    gateways,
    generation,
    idempotency,
    lcrs,
    numbers,
    service_providers,
)
from voxgate.store.engine import AlreadyExists, StillReferenced
from voxgate.store.owners import Owner
from voxgate.store.rows import Window
from voxgate.store.tables import METADATA

NOUNS = [
    (service_providers, PROVIDER, PROVIDER.service_provider_sid, {"description": None}),
    (accounts, ACCOUNT, ACCOUNT.account_sid, {"is_active": False, "registration_hook": None}),
    (applications, APPLICATION, APPLICATION.application_sid, {"app_json": "[]", "call_hook": None}),
    (carriers, CARRIER, CARRIER.voip_carrier_sid, {"register_password": "another"}),
    (gateways, GATEWAY, GATEWAY.sip_gateway_sid, {"port": None, "inbound": True}),
    (numbers, NUMBER, NUMBER.phone_number_sid, {"application_sid": None}),
]


@pytest.mark.parametrize(("noun", "value", "sid", "changes"), NOUNS)
def test_a_noun_comes_back_as_it_was_written_and_changed(database_url, noun, value, sid, changes):
    changed = replace(value, **changes)

    async def story(database):
        await database.write(insert_all)
        assert await database.read(lambda c: noun.get(c, sid, BOX)) == value

        await database.write(lambda c: noun.update(c, changed, BOX))
        assert await database.read(lambda c: noun.get(c, sid, BOX)) == changed

    on_database(database_url, story)


def test_keys_are_found_by_their_digest(database_url):
    async def story(database):
        await database.write(insert_all)

        assert await database.read(lambda c: api_keys.by_digest(c, KEY.token_sha256, BOX)) == KEY
        assert await database.read(lambda c: api_keys.by_digest(c, "00" * 32, BOX)) is None

    on_database(database_url, story)


def test_using_a_key_is_noted(database_url):
    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: api_keys.touch(c, KEY.api_key_sid, now=77.5))

        found = await database.read(lambda c: api_keys.get(c, KEY.api_key_sid, BOX))
        assert found == replace(KEY, last_used=77.5)

    on_database(database_url, story)


def test_a_provider_sees_its_own_keys_and_those_of_its_accounts(database_url):
    own = replace(
        KEY,
        api_key_sid=new_sid(),
        token_sha256="cd" * 32,
        account_sid=None,
        service_provider_sid=PROVIDER.service_provider_sid,
    )
    admin = replace(KEY, api_key_sid=new_sid(), token_sha256="ef" * 32, account_sid=None)

    async def story(database):
        await database.write(insert_all)
        for key in (own, admin):
            await database.write(lambda c, key=key: api_keys.insert(c, key, BOX))

        sid = PROVIDER.service_provider_sid
        of_provider = await database.read(lambda c: api_keys.of_provider(c, sid, BOX))
        of_account = await database.read(lambda c: api_keys.of_account(c, ACCOUNT.account_sid, BOX))
        assert {key.api_key_sid for key in of_provider} == {own.api_key_sid, KEY.api_key_sid}
        assert of_account == [KEY]
        assert await database.read(api_keys.admin_count) == 1

    on_database(database_url, story)


def test_secrets_are_nowhere_in_clear(database_url):
    secrets = (
        "registration password",
        "wh_secret_of_the_tenant",
        "hook password",
        "carrier password",
        "call password",
        "notify password",
        "target password",
        "amd password",
        "delivery password",
    )
    call = a_call()
    amd = {"actionHook": {"url": "/amd", "username": "u", "password": "amd password"}}
    call = replace(call, request=replace(call.request, amd=amd))
    delivery = Delivery(
        call.call_sid, "status", call.account_sid, Hook("http://x", "POST", "u", secrets[-1])
    )

    def everything(connection):
        return "\n".join(
            str(row)
            for table in METADATA.sorted_tables
            for row in connection.execute(table.select())
        )

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: calls.insert(c, [call], BOX))
        await database.write(lambda c: deliveries.add(c, [delivery], BOX))

        stored = await database.read(everything)
        assert [secret for secret in secrets if secret in stored] == []
        assert await database.read(lambda c: calls.get(c, call.call_sid, BOX)) == call
        assert await database.read(lambda c: deliveries.pending(c, BOX)) == [delivery]

    on_database(database_url, story)


def test_a_page_says_how_many_there_are_in_all(database_url):
    async def story(database):
        await database.write(insert_all)
        for number in range(7):
            each = replace(
                APPLICATION, application_sid=new_sid(), name=f"app {number}", created_at=10 + number
            )
            await database.write(lambda c, each=each: applications.insert(c, each, BOX))

        owner = Owner(account_sid=ACCOUNT.account_sid)
        total, found = await database.read(
            lambda c: applications.page(c, BOX, owner, name="APP", window=Window(2, 3))
        )
        assert total == 7
        assert [each.name for each in found] == ["app 2", "app 3", "app 4"]

    on_database(database_url, story)


def test_a_name_filter_takes_percent_and_underscore_as_they_are(database_url):
    async def story(database):
        await database.write(insert_all)
        named = replace(APPLICATION, application_sid=new_sid(), name="100%_sure")
        await database.write(lambda c: applications.insert(c, named, BOX))

        owner = Owner(account_sid=ACCOUNT.account_sid)
        for part, names in (("%_s", ["100%_sure"]), ("_", ["100%_sure"]), ("x", [])):
            _, found = await database.read(
                lambda c, part=part: applications.page(c, BOX, owner, name=part)
            )
            assert [each.name for each in found] == names

    on_database(database_url, story)


def test_an_owner_sees_only_its_own(database_url):
    other_provider = replace(PROVIDER, service_provider_sid=new_sid(), name="Other")
    neighbour = another_account("Neighbour")
    stranger = replace(
        another_account("Stranger"), service_provider_sid=other_provider.service_provider_sid
    )

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: service_providers.insert(c, other_provider, BOX))
        for account in (neighbour, stranger):
            await database.write(lambda c, account=account: accounts.insert(c, account, BOX))
            app = replace(APPLICATION, application_sid=new_sid(), account_sid=account.account_sid)
            await database.write(lambda c, app=app: applications.insert(c, app, BOX))

        async def owners(owner):
            _, found = await database.read(lambda c: applications.page(c, BOX, owner))
            return {each.account_sid for each in found}

        own = {ACCOUNT.account_sid}
        assert await owners(Owner(account_sid=ACCOUNT.account_sid)) == own
        provider = Owner(service_provider_sid=PROVIDER.service_provider_sid)
        assert await owners(provider) == own | {neighbour.account_sid}
        everybody = own | {neighbour.account_sid, stranger.account_sid}
        assert await owners(Owner()) == everybody

    on_database(database_url, story)


def test_an_account_may_use_its_own_carriers_its_providers_and_the_sandbox(database_url):
    own_sid, provider_sid = ACCOUNT.account_sid, PROVIDER.service_provider_sid
    of_provider = replace(
        CARRIER, voip_carrier_sid=new_sid(), name="Shared", account_sid=None, application_sid=None
    )
    sandbox = replace(
        of_provider, voip_carrier_sid=new_sid(), name="sandbox", service_provider_sid=None
    )
    foreign = replace(CARRIER, voip_carrier_sid=new_sid(), application_sid=None)
    neighbour = another_account("Neighbour")
    foreign = replace(foreign, account_sid=neighbour.account_sid)

    async def story(database):
        await database.write(insert_all)
        await database.write(lambda c: accounts.insert(c, neighbour, BOX))
        for carrier in (of_provider, sandbox, foreign):
            await database.write(lambda c, carrier=carrier: carriers.insert(c, carrier, BOX))

        total, found = await database.read(
            lambda c: carriers.usable_by(c, BOX, own_sid, provider_sid)
        )
        assert total == 3
        assert {carrier.name for carrier in found} == {"Trunk", "Shared", "sandbox"}
        assert await database.read(lambda c: carriers.sandbox(c, BOX)) == sandbox

    on_database(database_url, story)


def test_names_are_unique_per_owner_even_when_nobody_checks(database_url):
    of_provider = replace(CARRIER, account_sid=None, application_sid=None)

    async def story(database):
        await database.write(insert_all)
        for again in (
            replace(CARRIER, voip_carrier_sid=new_sid()),
            replace(of_provider, voip_carrier_sid=new_sid()),
        ):
            if again.account_sid is None:
                first = replace(again, voip_carrier_sid=new_sid())
                await database.write(lambda c, first=first: carriers.insert(c, first, BOX))
            assert await database.read(lambda c, again=again: carriers.name_taken(c, again))
            with pytest.raises(AlreadyExists):
                await database.write(lambda c, again=again: carriers.insert(c, again, BOX))

    on_database(database_url, story)


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


def test_what_others_refer_to_is_not_deleted(database_url):
    async def story(database):
        await database.write(insert_all)
        for delete, sid in (
            (carriers.delete, CARRIER.voip_carrier_sid),
            (applications.delete, APPLICATION.application_sid),
        ):
            with pytest.raises(StillReferenced):
                await database.write(lambda c, delete=delete, sid=sid: delete(c, sid))
        users = await database.read(lambda c: carriers.users_of(c, CARRIER.voip_carrier_sid))
        assert users == ["phone numbers", "routing rules"]

    on_database(database_url, story)


def test_an_account_is_deleted_with_everything_it_owns_and_nothing_else(database_url):
    neighbour = another_account("Neighbour")
    own, foreign = a_call(), a_call(account_sid=neighbour.account_sid)

    def traces(connection, *values):
        rows = [
            (table.name, str(row))
            for table in METADATA.sorted_tables
            for row in connection.execute(table.select())
        ]
        return {name for name, row in rows if any(value in row for value in values)}

    def live(connection):
        accounts.insert(connection, neighbour, BOX)
        for call in (own, foreign):
            calls.insert(connection, [call], BOX)
            created = CallEvent(call.call_sid, 1, 1.0, EventType.CREATED, {})
            events.append(connection, [created])
            delivery = Delivery(call.call_sid, "status", call.account_sid, Hook("http://x"))
            deliveries.add(connection, [delivery], BOX)
            alerts.add(connection, [Alert(1.0, call.account_sid, "no-tts", "x")])
            key = Idempotency("key", "f")
            idempotency.claim(
                connection, call.account_sid, key, call_sid=call.call_sid, call_id="x", now=1.0
            )

    async def story(database):
        await database.write(insert_all)
        await database.write(live)
        await database.write(lambda c: accounts.delete(c, ACCOUNT.account_sid))

        assert await database.read(lambda c: traces(c, ACCOUNT.account_sid, own.call_sid)) == set()
        left = await database.read(lambda c: traces(c, neighbour.account_sid, foreign.call_sid))
        assert left == {
            "accounts",
            "calls",
            "call_events",
            "deliveries",
            "alerts",
            "idempotency_keys",
        }

    on_database(database_url, story)


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


def test_every_provisioning_write_raises_the_generation(database_url):
    async def story(database):
        assert await database.read(generation.current) == 0
        assert await database.write(generation.raise_it) == 1
        assert await database.write(generation.raise_it) == 2
        assert await database.read(generation.current) == 2

    on_database(database_url, story)


def test_text_that_looks_like_sql_is_only_text(database_url):
    nasty = "x'); DROP TABLE accounts; --"

    async def story(database):
        await database.write(insert_all)
        renamed = replace(ACCOUNT, name=nasty)
        await database.write(lambda c: accounts.update(c, renamed, BOX))

        assert (
            await database.read(lambda c: c.execute(text("SELECT name FROM accounts")).scalar_one())
            == nasty
        )

    on_database(database_url, story)
