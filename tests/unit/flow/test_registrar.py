import asyncio

import pytest

from unit.flow.outside import Outside
from voxgate.flow.guard import STRIKES_MOST, Guard
from voxgate.flow.login import Final, LoggedIn
from voxgate.flow.registrar import Registrar, RegistrarPorts
from voxgate.model.devices import Registration
from voxgate.model.inbound import Tenant
from voxgate.model.limits import DEVICES, Limit
from voxgate.provisioning.devices import DeviceLimitReached
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.inbound import Atlas
from voxgate.testing.virtual_time import ManualClock

REALM = "home.example"
URI = f"sip:{REALM}"
ME = f"<sip:alice@{REALM}>"


class Office:
    """A registrar with one realm; whoever comes is alice, unless `login` says otherwise."""

    def __init__(self, *, active: bool = True) -> None:
        self.clock = ManualClock()
        self.outside = Outside()
        self.login: LoggedIn | Final = LoggedIn("alice")
        self.trouble: Exception | None = None
        self.alerts: list[str] = []
        self.registered: list[tuple] = []
        self._tenant = Tenant("home", "provider", REALM, is_active=active)
        self.known_at: set[str] = set()
        self.guard = Guard(self.clock, self._knows)
        ports = RegistrarPorts(
            self._atlas, self._limits, self, lambda a: self.alerts.append(a.alert_type), self.clock
        )
        self._registrar = Registrar(self, self.guard, ports)

    async def _knows(self, address):
        return address in self.known_at

    async def judge(self, _request, _source, _door):
        return self.login

    async def _atlas(self):
        if isinstance(self.trouble, Unavailable):
            raise self.trouble
        return Atlas.of([self._tenant], [], [])

    async def _limits(self, _account_sid, _provider_sid):
        return []

    async def register(self, who, wish, _limits):
        if self.trouble is not None:
            raise self.trouble
        self.registered.append((who, wish))
        now = self.clock.wall()
        return [
            Registration(
                "home", "alice", REALM, b.contact, "udp", "192.0.2.9", 5060, "c", 1, now,
                now + b.expires_s,
            )
            for b in wish.bindings
        ]  # fmt: skip

    def serve(self, *headers: str, uri: str = URI, to: str = ME):
        number = len(self.outside.requests) + 1
        self.outside.send("REGISTER", uri, *headers, number=number, to=to)
        asyncio.run(self._registrar.serve(self.outside.requests[-1]))
        return self.outside.answers[-1] if self.outside.answers else None


def test_a_registration_is_confirmed_with_the_time_that_is_left():
    office = Office()

    answer = office.serve("Expires: 90", "User-Agent: phone")

    assert answer.status == 200
    assert answer.headers.get("Contact") == "<sip:alice@192.0.2.9:5060>;expires=90"
    who, _ = office.registered[0]
    assert (who.username, who.user_agent, who.source.host) == ("alice", "phone", "192.0.2.9")


@pytest.mark.parametrize(("uri", "status"), [("sip:192.0.2.1", 403), ("sip:nowhere.example", 404)])
def test_only_realms_can_be_registered_to(uri, status):
    """Contract 11.5: an IPv4 host is 403."""
    office = Office()

    assert office.serve(uri=uri).status == status
    assert office.registered == []


def test_a_challenge_is_passed_on_and_counts_as_a_strike():
    office = Office()
    office.login = Final(401, "", (("WWW-Authenticate", "Digest x"),))

    for _ in range(STRIKES_MOST):
        assert office.serve().status == 401
    before = len(office.outside.answers)
    office.serve()

    assert len(office.outside.answers) == before  # muted


def test_a_flood_in_the_name_of_a_registered_device_or_a_trunk_mutes_nobody():
    office = Office()
    office.known_at = {"192.0.2.9"}
    office.login = Final(401)
    for _ in range(3 * STRIKES_MOST):
        office.serve(uri="sip:nowhere.example")
        office.serve()
    office.login = LoggedIn("alice")

    assert office.serve().status == 200


def test_a_success_forgives():
    office = Office()
    office.login = Final(401)
    office.serve()
    office.login = LoggedIn("alice")
    office.serve()

    assert len(office.guard) == 0


def test_another_users_address_cannot_be_moved():
    assert Office().serve(to=f"<sip:bob@{REALM}>").status == 403


def test_the_hooks_time_and_application_reach_the_registration():
    office = Office()
    office.login = LoggedIn("alice", expires_s=45, application_sid="app")
    office.serve()

    who, _ = office.registered[0]
    assert (who.expires_most_s, who.application_sid) == (45, "app")


def test_a_full_house_is_503_with_an_alert():
    office = Office()
    office.trouble = DeviceLimitReached(Limit("l", DEVICES, 1, account_sid="home"))

    answer = office.serve()

    assert (answer.status, answer.reason) == (503, "Max Devices Registered")
    assert office.alerts == ["account-device-limit"]


def test_too_short_a_time_is_told_the_shortest():
    answer = Office().serve("Expires: 3")

    assert (answer.status, answer.headers.get("Min-Expires")) == (423, "30")


def test_an_inactive_account_registers_nobody():
    answer = Office(active=False).serve()

    assert (answer.status, answer.headers.get("X-Reason")) == (
        503,
        "Account exists but is inactive",
    )


def test_without_a_database_the_device_is_asked_to_come_back():
    office = Office()
    office.trouble = Unavailable("gone")

    answer = office.serve()

    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
