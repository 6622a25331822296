import asyncio

import pytest

from unit.flow.outside import Outside
from voxgate.flow.login import Door, Final, LoggedIn, LoginPorts, Logins
from voxgate.hooks.failures import HookFailed, Kind
from voxgate.hooks.http import HookAnswer
from voxgate.model.accounts import Account
from voxgate.model.devices import Client
from voxgate.model.hooks import Hook
from voxgate.model.inbound import Tenant, Trunk
from voxgate.sip.auth import Challenge, Credentials, answer
from voxgate.sip.challenges import Challenger
from voxgate.testing.virtual_time import ManualClock

REALM, URI = "home.example", "sip:home.example"
TENANT = Tenant("home", "provider", REALM)
PEER = Trunk("t", "t", trunk_type="auth", inbound_auth_username="peer", inbound_auth_password="s")


class Desk:
    """Logins with clients in a dict and a registration hook that answers as it is told."""

    def __init__(self, *clients: Client, hook_says: object = None) -> None:
        self.outside = Outside()
        self.clock = ManualClock()
        self.clients = {client.username: client for client in clients}
        self.hook_says = hook_says
        self.asked: list[dict] = []
        self.alerts: list[str] = []
        hook = Hook("https://app.example/register") if hook_says is not None else None
        self.account = Account("home", "provider", "Home", registration_hook=hook)
        self.logins = Logins(
            Challenger(b"k" * 32, lambda n: b"s" * n),
            LoginPorts(self._account, self._client, self, self._secret, self._alert, self.clock),
        )

    async def _account(self, _sid):
        return self.account

    async def _client(self, _sid, username):
        return self.clients.get(username)

    async def _secret(self, _sid):
        return ""

    def _alert(self, _sid, failed):
        self.alerts.append(failed.alert_type)

    async def ask(self, hook, payload, *, secret, base=None):
        self.asked.append(payload)
        if isinstance(self.hook_says, HookFailed):
            raise self.hook_says
        return HookAnswer(hook.url, hook.method, 200, self.hook_says, 1)

    def judge(self, *headers: str, door: Door | None = None) -> LoggedIn | Final:
        self.outside.send("REGISTER", URI, *headers, number=len(self.outside.requests) + 1)
        incoming = self.outside.requests[-1]
        asked = door or Door(REALM, TENANT, (PEER,))
        return asyncio.run(self.logins.judge(incoming.request, incoming.source, asked))

    def log_in(self, username: str, password: str, **options) -> LoggedIn | Final:
        (challenge,) = Challenge.parse_many(v for _, v in self.judge(**options).headers)
        text = answer(
            challenge,
            Credentials(username, password),
            method="REGISTER",
            uri=URI,
            body=b"",
            cnonce="c",
            nc=1,
        )
        return self.judge(f"Authorization: {text}", **options)


ALICE = Client("c", "home", "alice", "wonderland")


def test_whoever_says_nothing_is_asked():
    final = Desk(ALICE).judge()

    assert isinstance(final, Final)
    assert (final.status, final.headers[0][0]) == (401, "WWW-Authenticate")


def test_an_answer_for_another_realm_is_none_for_us():
    other = 'Authorization: Digest username="a", realm="x", nonce="n", uri="u", response="r"'

    assert Desk(ALICE).judge(other).status == 401


def test_a_client_logs_in_with_its_password_only():
    assert Desk(ALICE).log_in("alice", "wonderland") == LoggedIn("alice", ALICE)
    for name, password in (("alice", "guess"), ("mallory", "wonderland")):
        refused = Desk(ALICE).log_in(name, password)
        assert (refused.status, refused.headers) == (403, (("X-Reason", "Invalid credentials"),))


def test_a_client_that_is_switched_off_does_not_get_in():
    asleep = Client("c", "home", "alice", "wonderland", is_active=False)

    assert Desk(asleep).log_in("alice", "wonderland").status == 403


def test_a_trunk_logs_in_beside_the_devices():
    assert Desk().log_in("peer", "s") == LoggedIn("peer", trunk=PEER)


def test_what_cannot_be_read_is_400():
    assert Desk().judge("Authorization: Digest nonsense").status == 400


def test_the_registration_hook_decides_for_an_account_that_has_one():
    desk = Desk(ALICE, hook_says={"status": "ok", "expires": 90, "application_sid": "app"})

    who = desk.log_in("carol", "known to the hook only")

    assert who == LoggedIn("carol", expires_s=90, application_sid="app")
    (payload,) = desk.asked
    assert (payload["username"], payload["method"], payload["scheme"]) == (
        "carol",
        "REGISTER",
        "digest",
    )
    assert "authorization" not in {name.lower() for name in payload["headers"]}


@pytest.mark.parametrize("said", [{"status": "fail"}, {}, [], "ok"])
def test_a_hook_that_does_not_say_ok_refuses(said):
    assert Desk(hook_says=said).log_in("carol", "x").status == 403


@pytest.mark.parametrize(("status", "passed_on"), [(486, 486), (503, 503), (302, 403), (None, 403)])
def test_a_failing_hook_refuses_with_its_status_and_an_alert(status, passed_on):
    """Contract 11.5: non-200 is passed through as SIP status."""
    kind: Kind = "status" if status else "connection"
    failure = HookFailed(kind, "https://app.example/register", "no", status=status, duration_ms=1)
    desk = Desk(hook_says=failure)

    assert desk.log_in("carol", "x").status == passed_on
    assert desk.alerts == [failure.alert_type]


def test_an_answer_to_a_nonce_of_somebody_else_never_reaches_the_hook():
    desk = Desk(hook_says={"status": "ok"})
    forged = (
        f'Authorization: Digest username="a", realm="{REALM}", nonce="00", uri="{URI}", '
        'response="r", qop=auth, nc=00000001, cnonce="c"'
    )

    assert desk.judge(forged).status == 401
    assert desk.asked == []


def test_at_a_trunks_own_door_no_device_is_looked_for():
    door = Door("192.0.2.1", trunks=(PEER,))
    desk = Desk(ALICE)

    assert desk.log_in("alice", "wonderland", door=door).status == 403
    assert desk.log_in("peer", "s", door=door) == LoggedIn("peer", trunk=PEER)
