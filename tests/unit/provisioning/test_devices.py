import asyncio

import pytest

from unit.store.samples import ACCOUNT, insert_all
from voxgate.model.inbound import Tenant
from voxgate.model.limits import CALLS, DEVICES, Limit
from voxgate.provisioning.devices import (
    NAT_EXPIRES_S,
    DeviceLimitReached,
    Devices,
    Registrant,
)
from voxgate.provisioning.errors import Unavailable
from voxgate.sip.registrar import Binding, RegisterRefused, Wish
from voxgate.sip.transaction.destination import Destination
from voxgate.store.engine import Database
from voxgate.testing.virtual_time import ManualClock

TENANT = Tenant(ACCOUNT.account_sid, ACCOUNT.service_provider_sid, "tenant.example")
SOURCE = Destination("udp", "192.0.2.7", 5060)
DIRECT = "sip:alice@192.0.2.7:5060"


def on_devices(url, story):
    async def run():
        database, clock = Database(url), ManualClock()
        await database.write(insert_all)
        try:
            await story(Devices(database, clock), clock)
        finally:
            await database.close()

    asyncio.run(run())


def wish(*contacts, cseq=1, call_id="one", expires_s=300, **rest):
    return Wish(call_id, cseq, tuple(Binding(c, expires_s) for c in contacts), **rest)


def alice(**facts):
    return Registrant(TENANT, facts.pop("username", "Alice"), SOURCE, **facts)


def test_a_registration_is_found_until_it_expires(sqlite_url):
    """infrastructure#37: a short registration is not believed for longer than it lasts."""

    async def story(devices, clock):
        (made,) = await devices.register(alice(user_agent="phone"), wish(DIRECT), [])
        assert (made.username, made.realm) == ("alice", "tenant.example")
        assert made.expires_at == clock.wall() + 300
        assert await devices.registered(ACCOUNT.account_sid, "ALICE") == [made]
        clock.advance(300)
        assert await devices.registered(ACCOUNT.account_sid, "alice") == []

    on_devices(sqlite_url, story)


def test_asking_changes_nothing_and_an_asterisk_everything(sqlite_url):
    async def story(devices, _clock):
        await devices.register(alice(), wish(DIRECT, "sip:alice@192.0.2.7:5070"), [])

        assert len(await devices.register(alice(), wish(), [])) == 2
        assert await devices.register(alice(), wish(cseq=2, remove_all=True), []) == []

    on_devices(sqlite_url, story)


def test_behind_a_nat_the_time_is_short_over_udp_only(sqlite_url):
    async def story(devices, clock):
        async def granted(contact, source=SOURCE, most=None, call_id="one"):
            who = Registrant(TENANT, "bob", source, expires_most_s=most)
            live = await devices.register(who, wish(contact, call_id=call_id), [])
            return next(r.expires_at for r in live if r.contact == contact) - clock.wall()

        assert await granted("sip:bob@10.0.0.1") == NAT_EXPIRES_S
        assert await granted("sip:bob@10.0.0.2", Destination("tcp", "192.0.2.7", 4000)) == 300
        assert await granted("sip:bob@192.0.2.7", most=45) == 45

    on_devices(sqlite_url, story)


def test_one_device_too_many_changes_nothing(sqlite_url):
    limit = Limit("l", DEVICES, 1, account_sid=ACCOUNT.account_sid)
    calls = Limit("c", CALLS, 0, account_sid=ACCOUNT.account_sid)

    async def story(devices, _clock):
        await devices.register(alice(), wish(DIRECT), [limit, calls])
        with pytest.raises(DeviceLimitReached) as reached:
            await devices.register(alice(username="bob"), wish("sip:bob@192.0.2.7"), [limit])
        assert reached.value.limit == limit
        with pytest.raises(DeviceLimitReached):
            await devices.register(alice(), wish("sip:alice@192.0.2.8"), [limit])
        assert len(await devices.register(alice(), wish(DIRECT, cseq=2), [limit])) == 1
        assert await devices.registered(ACCOUNT.account_sid, "bob") == []

    on_devices(sqlite_url, story)


def test_a_late_request_is_refused(sqlite_url):
    async def story(devices, _clock):
        await devices.register(alice(), wish(DIRECT, cseq=5), [])

        with pytest.raises(RegisterRefused):
            await devices.register(alice(), wish(DIRECT, cseq=4, expires_s=0), [])
        assert len(await devices.registered(ACCOUNT.account_sid, "alice")) == 1

    on_devices(sqlite_url, story)


def test_without_a_database_nobody_is_told_that_he_is_registered(sqlite_url):
    async def story(devices, _clock):
        await devices._database.close()  # noqa: SLF001 - what a lost database looks like

        with pytest.raises(Unavailable):
            await devices.register(alice(), wish(DIRECT), [])
        with pytest.raises(Unavailable):
            await devices.registered(ACCOUNT.account_sid, "alice")

    on_devices(sqlite_url, story)
