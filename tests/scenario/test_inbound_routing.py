"""Whose an inbound call is, and who is not let in (contract 11.2, 10.4; gotchas 85 to 88)."""

import uuid
from collections.abc import Iterator

import pytest

from interop.gateway import Gateway
from interop.ports import wait_until
from interop.raw_caller import Login, RawCaller, status_of
from scenario.inbound import Line, add_account, add_trunk, wait_for_alert

ANSWER = [{"verb": "answer"}, {"verb": "hangup"}]


@pytest.fixture
def address() -> str:
    """An address of loopback for this test only."""
    number = uuid.uuid4().int
    return f"127.{10 + number % 200}.{number // 200 % 250}.{1 + number // 50_000 % 250}"


@pytest.fixture
def caller(gateway: Gateway, address: str) -> Iterator[RawCaller]:
    with RawCaller(gateway.sip_port, address) as raw:
        yield raw


@pytest.fixture(scope="module")
def other_account(gateway: Gateway) -> str:
    return add_account(gateway)


def test_an_unknown_number_of_a_known_trunk_is_404(gateway, address, caller):
    """Gotcha 88: also when the provider has one account only."""
    add_trunk(gateway, address)

    refused = caller.invite("sip:+49301@127.0.0.1").final()

    assert status_of(refused) == 404
    assert "404 Number Not Provisioned" in refused.text


def test_an_unknown_number_goes_to_the_trunks_default_application(gateway, hooks, address, caller):
    line = Line(gateway, hooks, None)
    line.answers(ANSWER)
    add_trunk(gateway, address, application_sid=line.application_sid)

    assert status_of(caller.invite("sip:+49302@127.0.0.1").final()) == 200
    assert line.hooks.wait_for(line.path).body["to"] == "+49302"


def test_a_number_beats_its_trunks_default(gateway, hooks, address, caller):
    """SI#134."""
    default = Line(gateway, hooks, None)
    trunk = add_trunk(gateway, address, application_sid=default.application_sid)
    line = Line(gateway, hooks, trunk)
    line.answers(ANSWER)

    assert status_of(caller.invite(line.uri).final()) == 200
    assert line.was_asked
    assert not default.was_asked


def test_patterns_match_from_the_start_and_the_longest_one_wins(gateway, hooks, address, caller):
    """Gotcha 86, FS#271: anchored, exact before pattern, longer before shorter."""
    trunk = add_trunk(gateway, address)
    wide = Line(gateway, hooks, trunk, number="4940*")
    narrow = Line(gateway, hooks, trunk, number="^49401[0-9]+$")
    exact = Line(gateway, hooks, trunk, number="494012345")
    for line in (wide, narrow, exact):
        line.answers(ANSWER)

    dialled = {"+494099": wide, "+4940177": narrow, "494012345": exact}
    for number, line in dialled.items():
        assert status_of(caller.invite(f"sip:{number}@127.0.0.1").final()) == 200
        assert line.hooks.requests(line.path)[-1].body["to"] == number
    assert status_of(caller.invite("sip:+00494099@127.0.0.1").final()) == 404


def test_a_number_without_application_is_480(gateway, address, caller):
    trunk = add_trunk(gateway, address)
    number = {"number": "4977", "voip_carrier_sid": trunk, "account_sid": gateway.account_sid}
    gateway.api("POST", "/PhoneNumbers", number)

    refused = caller.invite("sip:4977@127.0.0.1").final()

    assert status_of(refused) == 480
    assert refused.value("X-Reason") == "no configured application"


def test_a_number_of_no_trunk_comes_in_over_any_of_its_account(gateway, hooks, address, caller):
    line = Line(gateway, hooks, None)
    line.answers(ANSWER)
    add_trunk(gateway, address)
    body = {
        "number": line.number,
        "account_sid": gateway.account_sid,
        "application_sid": line.application_sid,
    }
    gateway.api("POST", "/PhoneNumbers", body)

    assert status_of(caller.invite(line.uri).final()) == 200


def test_two_accounts_with_the_same_number_on_the_same_address_are_503(
    gateway, hooks, address, caller, other_account
):
    """SI#63, SI#127, SI#218."""
    first = add_trunk(gateway, address)
    second = add_trunk(gateway, address, account_sid=other_account)
    line = Line(gateway, hooks, first)
    Line(gateway, hooks, second, number=line.number, account_sid=other_account)

    refused = caller.invite(line.uri).final()

    assert status_of(refused) == 503
    assert refused.value("X-Reason") == (
        "Multiple accounts are attempting to route the same phone number from the same carrier"
    )
    assert not line.was_asked


def test_two_trunks_of_an_account_with_the_same_number_and_address_are_503(
    gateway, hooks, address, caller
):
    """FS#293."""
    first, second = add_trunk(gateway, address), add_trunk(gateway, address)
    line = Line(gateway, hooks, first)
    Line(gateway, hooks, second, number=line.number)

    refused = caller.invite(line.uri).final()

    assert status_of(refused) == 503
    assert refused.value("X-Reason").startswith("Multiple carriers with the same gateway")


def test_two_default_applications_on_the_same_address_are_503(
    gateway, hooks, address, caller, other_account
):
    mine = Line(gateway, hooks, None)
    theirs = Line(gateway, hooks, None, account_sid=other_account)
    add_trunk(gateway, address, application_sid=mine.application_sid)
    add_trunk(gateway, address, account_sid=other_account, application_sid=theirs.application_sid)

    refused = caller.invite("sip:+49303@127.0.0.1").final()

    assert status_of(refused) == 503
    assert refused.value("X-Reason") == (
        "Multiple accounts are attempting to default route this carrier"
    )


def test_the_realm_in_the_request_tells_accounts_on_one_address_apart(
    gateway, hooks, address, caller
):
    """SI#218, SI#180: shared gateways with realm URIs, and IP URIs beside them."""
    realm = f"{uuid.uuid4().hex[:8]}.example"
    tenant = add_account(gateway, sip_realm=realm)
    first, second = add_trunk(gateway, address), add_trunk(gateway, address, account_sid=tenant)
    mine = Line(gateway, hooks, first)
    theirs = Line(gateway, hooks, second, number=mine.number, account_sid=tenant)
    theirs.answers(ANSWER)

    assert status_of(caller.invite(f"sip:{mine.number}@{realm}").final()) == 200
    assert theirs.was_asked
    assert not mine.was_asked


def test_a_whole_network_may_call_in(gateway, hooks, address, caller):
    """Contract 1.4.7: netmask."""
    network = ".".join(address.split(".")[:3]) + ".0"
    trunk = add_trunk(gateway, network, netmask=24)
    line = Line(gateway, hooks, trunk)
    line.answers(ANSWER)

    assert status_of(caller.invite(line.uri).final()) == 200


@pytest.mark.parametrize(
    "off",
    [{"gateway_active": 0}, {"inbound": 0}, {"is_active": 0}],
    ids=["gateway", "way", "trunk"],
)
def test_what_is_switched_off_lets_nobody_in(gateway, hooks, address, caller, off):
    """Gotcha 85a: is_active counts for gateways too."""
    line = Line(gateway, hooks, add_trunk(gateway, address, **off))

    assert status_of(caller.invite(line.uri).final()) == 404
    assert not line.was_asked


def test_a_called_number_is_never_part_of_a_question_to_the_database(gateway, address, caller):
    """Gotcha 85b."""
    add_trunk(gateway, address)

    for user in ("'%20OR%20'1'='1", "1'%3B%20DROP%20TABLE%20calls%3B--", "%25", "*", "^.*"):
        assert status_of(caller.invite(f"sip:{user}@127.0.0.1").final()) == 404
    assert gateway.api("GET", f"/Accounts/{gateway.account_sid}/Calls") is not None


def test_a_number_that_nobody_was_given_is_404(gateway, address, caller):
    """Gotcha 85c: no failed assertion, no 500."""
    provider = gateway.api("GET", f"/Accounts/{gateway.account_sid}")["service_provider_sid"]
    add_account(gateway)
    name = uuid.uuid4().hex[:12]
    carrier = {"name": name, "service_provider_sid": provider}
    sid = gateway.api("POST", "/VoipCarriers", carrier)["sid"]
    gateway.add_gateway(sid, 5060, ipv4=address, inbound=1, outbound=0)
    number = {"number": "4978", "voip_carrier_sid": sid, "service_provider_sid": provider}
    gateway.api("POST", "/PhoneNumbers", number)

    assert status_of(caller.invite("sip:4978@127.0.0.1").final()) == 404


def test_an_inactive_account_is_503_with_an_alert(gateway, hooks, address, caller):
    tenant = add_account(gateway)
    line = Line(gateway, hooks, add_trunk(gateway, address, account_sid=tenant), account_sid=tenant)
    gateway.api("PUT", f"/Accounts/{tenant}", {"is_active": 0})

    refused = caller.invite(line.uri).final()

    assert status_of(refused) == 503
    assert refused.value("X-Reason") == "Account exists but is inactive"
    assert wait_for_alert(gateway, "account is inactive or suspended", tenant)


def test_a_stranger_is_refused_and_then_no_longer_answered(gateway, caller):
    """Rate-limited per source, and the log has one line of it."""
    answered = [status_of(caller.invite("sip:100@127.0.0.1").final()) for _ in range(20)]
    assert answered == [404] * 20

    caller.invite("sip:100@127.0.0.1")

    assert caller.hears_nothing(within_s=1.0)

    def muted() -> list[str]:
        lines = gateway.log.read_text().splitlines()
        return [one for one in lines if "source_muted" in one and caller.address in one]

    assert len(wait_until(muted, within_s=10, what="a line of it in the log")) == 1


def test_an_account_full_of_calls_is_503_for_the_next_one(gateway, hooks, address, caller):
    """Contract 10.4: voice_call_session, both ways, with an alert."""
    tenant = add_account(gateway)
    gateway.api(
        "POST", f"/Accounts/{tenant}/Limits", {"category": "voice_call_session", "quantity": 1}
    )
    line = Line(gateway, hooks, add_trunk(gateway, address, account_sid=tenant), account_sid=tenant)
    line.answers([{"verb": "answer"}, {"verb": "pause", "length": 30}])

    first = caller.invite(line.uri)
    assert status_of(first.final()) == 200
    refused = caller.invite(line.uri).final()
    body = {
        "from": "1",
        "to": {"type": "phone", "number": "+15005550101", "trunk": "sandbox"},
        "app_json": '[{"verb": "hangup"}]',
    }
    outbound = gateway.request("POST", f"/v1/Accounts/{tenant}/Calls", body)

    assert status_of(refused) == 503
    assert "503 Max Account Calls In Progress" in refused.text
    assert outbound.status == 503
    assert outbound.body["msg"] == "Max Account Calls In Progress"
    assert wait_for_alert(gateway, "account-call-limit", tenant)["detail"] == "1"
    assert first.bye() == 200
    line.statuses("completed")
    second = caller.invite(line.uri)
    assert status_of(second.final()) == 200
    second.bye()


def test_a_trunk_that_logs_in_is_challenged_whatever_its_address(gateway, hooks, address, caller):
    """trunk_type auth: inbound_auth_username and inbound_auth_password."""
    trunk = add_trunk(
        gateway,
        address,
        trunk_type="auth",
        inbound_auth_username="peer",
        inbound_auth_password="s3cret",
    )
    line = Line(gateway, hooks, trunk)
    line.answers(ANSWER)

    assert status_of(caller.invite(line.uri).final()) == 401
    wrong = caller.invite(line.uri, login=Login("peer", "guess")).final()
    assert status_of(wrong) == 403
    assert wrong.value("X-Reason") == "Invalid credentials"
    assert status_of(caller.invite(line.uri, login=Login("peer", "s3cret")).final()) == 200
