import asyncio
from dataclasses import replace

import pytest

from unit.call.fakes import ListLog
from unit.flow.fakes import live_call
from unit.flow.outside import Outside
from voxgate.flow import reception as module
from voxgate.flow.guard import STRIKES_MOST, Guard
from voxgate.flow.login import Final, LoggedIn
from voxgate.flow.reception import Reception, ReceptionPorts
from voxgate.model.inbound import Entrance, Tenant, Trunk
from voxgate.model.numbers import PhoneNumber
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.inbound import Atlas, FromTrunk, Refusal
from voxgate.testing.virtual_time import ManualClock

TENANT = Tenant("home", "provider", "home.example")
TRUNK = Trunk("t", "trunk", "home", "provider")
NUMBER = PhoneNumber("n", "49301", "home", "provider", "t", "app")


class House:
    """A reception with one trunk at 192.0.2.9; calls that come in are only noted."""

    def __init__(self, *trunks: Trunk, tenant: Tenant = TENANT) -> None:
        self.outside = Outside()
        self.alerts: list[str] = []
        self.prepared: list[tuple] = []
        self.full: str | None = None
        self.login: LoggedIn | Final = Final(401)
        self.registered_at: tuple[str, ...] = ()
        self.away = False
        known = trunks or (TRUNK,)
        entrances = [Entrance(t.voip_carrier_sid, "192.0.2.9") for t in known]
        self.atlas = Atlas.of([tenant], known, entrances)

    def admit(self):
        return self.full

    async def _atlas(self):
        if self.away:
            raise Unavailable("gone")
        return self.atlas

    async def _knows(self, address):
        return bool(self.atlas.trunks_at(address))

    async def _numbers(self, _trunks, _called):
        return [NUMBER]

    async def _registered(self, _account_sid, _username):
        return []

    async def judge(self, _request, _source, door):
        self.door = door
        return self.login

    async def prepare(self, chosen, arrival):
        self.prepared.append((chosen, arrival))
        return Refusal(503, "Max Account Calls In Progress", account_sid="home")

    def receive(self, uri="sip:49301@192.0.2.1", *headers, source="192.0.2.9", times=1):
        async def story():
            guard = Guard(ManualClock(), self._knows)
            ports = ReceptionPorts(
                atlas=self._atlas,
                numbers_on=self._numbers,
                registered=self._registered,
                raise_alert=lambda alert: self.alerts.append(alert.alert_type),
                arrivals=self,
                calls=None,
                registered_trunks=lambda _address: self.registered_at,
                clock=ManualClock(),
            )
            reception = Reception(self, self, None, guard, ports)
            for number in range(1, times + 1):
                self.outside.send("INVITE", uri, *headers, source=source, number=number)
                reception.on_invite(self.outside.invites[-1])
                await reception._tasks.ended()  # noqa: SLF001 - nothing else says it is through
            await reception.close()

        asyncio.run(story())
        return next(a for a in reversed(self.outside.answers) if a.status >= 200)


def test_a_call_of_a_trunk_is_prepared_with_what_it_is_for():
    house = House()

    answer = house.receive("sip:+49301@192.0.2.1")

    (chosen, arrival) = house.prepared[0]
    assert (chosen.application_sid, arrival.to, arrival.source_ip) == ("app", "+49301", "192.0.2.9")
    assert 100 in house.outside.statuses
    assert (answer.status, answer.reason) == (503, "Max Account Calls In Progress")


def test_a_stranger_gets_404_and_after_a_while_nothing():
    house = House()
    house.receive(source="198.51.100.1", times=STRIKES_MOST + 5)

    assert house.outside.statuses == [404] * STRIKES_MOST


def test_calls_to_realms_in_the_name_of_a_trunk_do_not_mute_it():
    foreign = Tenant("other", "elsewhere", "other.example")
    house = House()
    house.atlas = Atlas.of([TENANT, foreign], [TRUNK], [Entrance("t", "192.0.2.9")])

    house.receive("sip:49301@other.example", times=2 * STRIKES_MOST)

    assert house.outside.statuses == [401] * (2 * STRIKES_MOST)


def test_wrong_numbers_never_mute_a_trunk():
    house = House()

    refused = house.receive("sip:1@192.0.2.1", times=STRIKES_MOST + 5)

    assert refused.reason == "Number Not Provisioned"
    assert house.outside.statuses == [404] * (STRIKES_MOST + 5)


def test_everybody_is_refused_while_the_gateway_is_full_or_ends():
    house = House()
    house.full = "the gateway is shutting down"

    answer = house.receive()

    assert (answer.status, answer.reason) == (503, "Maximum Calls In Progress")
    assert house.prepared == []


def test_without_a_database_the_caller_is_asked_to_come_back():
    house = House()
    house.away = True

    answer = house.receive()

    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")


def test_a_bug_is_500_and_not_silence(monkeypatch):
    def broken(*_facts):
        raise RuntimeError("a bug")

    monkeypatch.setattr(module, "identify", broken)

    assert House().receive().status == 500


def test_a_call_to_a_realm_from_nowhere_has_to_log_in():
    house = House(Trunk("x", "x", "home", "provider", "app", "auth", "peer", "s"))

    answer = house.receive("sip:1@home.example", source="198.51.100.1")

    assert answer.status == 401
    assert house.door.realm == "home.example"
    assert [trunk.name for trunk in house.door.trunks] == ["x"]


def test_a_trunk_that_must_log_in_is_asked_at_its_own_address():
    house = House(Trunk("t", "t", "home", "provider", None, "auth", "peer", "s"))

    assert house.receive().status == 401
    assert house.door.realm == "192.0.2.1"


def test_a_trunk_that_logged_in_is_routed_like_any_other():
    guarded = Trunk("t", "t", "home", "provider", None, "auth", "peer", "s")
    house = House(guarded)
    house.login = LoggedIn("peer", trunk=guarded)

    house.receive()

    assert house.prepared[0][0].application_sid == "app"


def test_a_registrars_address_counts_while_no_gateway_names_it():
    house = House()
    house.registered_at = ("t",)

    house.receive(source="203.0.113.5")

    assert house.prepared[0][0].trunk == TRUNK


def test_an_inactive_account_is_told_about():
    house = House(tenant=Tenant("home", "provider", is_active=False))

    assert house.receive().status == 503
    assert house.alerts == ["account is inactive or suspended"]


@pytest.mark.parametrize(("sid", "status"), [("app", 482), ("another", 503)])
def test_only_its_own_application_is_a_circle(sid, status):
    assert House().receive("sip:49301@192.0.2.1", f"X-Application-Sid: {sid}").status == status


@pytest.mark.parametrize(
    ("trunk", "runs_over", "account_sid", "may"),
    [
        (TRUNK, None, "home", True),
        (TRUNK, "another", "home", True),
        (Trunk("s", "shared", None, "provider"), "shared", "home", True),
        (Trunk("s", "shared", None, "provider"), "trunk", "home", False),
        (Trunk("s", "shared", None, "provider"), None, "home", False),
        (TRUNK, "trunk", "elsewhere", False),
    ],
)
def test_only_calls_of_the_accounts_own_trunks_can_be_taken_over(
    trunk, runs_over, account_sid, may
):
    """RFC 3891 section 3: who replaces must have the right to."""
    call = replace(live_call(ListLog()).record, trunk=runs_over, account_sid=account_sid)
    atlas = Atlas.of([TENANT, Tenant("elsewhere", "provider")], [trunk], [])

    assert module.may_name(call, FromTrunk((trunk,)), atlas) is may
