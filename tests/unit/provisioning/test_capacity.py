import pytest

from voxgate.model.alerts import Alert
from voxgate.model.limits import API_RATE, CALLS, DEVICES, Limit
from voxgate.provisioning.capacity import Capacity, Tenancy, full_text, limit_alert
from voxgate.testing.virtual_time import ManualClock

HOME = Tenancy("home", "provider")
NEXT_DOOR = Tenancy("next-door", "provider")
OF_ACCOUNT = Limit("a", CALLS, 2, account_sid="home")
OF_PROVIDER = Limit("p", CALLS, 3, service_provider_sid="provider")


def test_an_account_gets_as_many_calls_as_its_limit_and_one_again_when_one_ended():
    raised: list[Alert] = []
    capacity = Capacity(ManualClock(), raised.append)

    assert [capacity.admit(HOME, [OF_ACCOUNT]) for _ in range(2)] == [None, None]
    assert capacity.admit(HOME, [OF_ACCOUNT]) == OF_ACCOUNT
    assert [alert.alert_type for alert in raised] == ["account-call-limit"]
    capacity.release(HOME)
    assert capacity.admit(HOME, [OF_ACCOUNT]) is None


def test_accounts_share_their_providers_limit():
    capacity = Capacity(ManualClock(), lambda _alert: None)
    for tenancy in (HOME, HOME, NEXT_DOOR):
        assert capacity.admit(tenancy, [OF_PROVIDER]) is None

    assert capacity.admit(NEXT_DOOR, [OF_PROVIDER]) == OF_PROVIDER
    capacity.release(HOME)
    assert capacity.admit(NEXT_DOOR, [OF_PROVIDER]) is None


def test_a_call_that_is_refused_by_one_limit_is_counted_by_none():
    capacity = Capacity(ManualClock(), lambda _alert: None)
    nothing = Limit("z", CALLS, 0, account_sid="home")

    for _ in range(5):
        assert capacity.admit(HOME, [OF_PROVIDER, nothing]) == nothing
    assert (
        capacity.admit(NEXT_DOOR, [Limit("q", CALLS, 1, service_provider_sid="provider")]) is None
    )


def test_other_categories_do_not_bound_calls():
    capacity = Capacity(ManualClock(), lambda _alert: None)

    assert capacity.admit(HOME, [Limit("d", DEVICES, 0, account_sid="home")]) is None


@pytest.mark.parametrize(
    ("limit", "alert_type", "text"),
    [
        (OF_ACCOUNT, "account-call-limit", "Max Account Calls In Progress"),
        (OF_PROVIDER, "service-provider-call-limit", "Max Service Provider Calls In Progress"),
    ],
)
def test_limits_have_the_contracts_words(limit, alert_type, text):
    """Contract 10.1 and 10.4."""
    assert limit_alert(limit, HOME, now=1.0).alert_type == alert_type
    assert full_text(limit) == text


def test_every_category_has_its_alert():
    kinds = {
        limit_alert(Limit("x", category, 1, account_sid="home"), HOME, now=1.0).alert_type
        for category in (CALLS, DEVICES, API_RATE)
    }

    assert kinds == {"account-call-limit", "account-device-limit", "account-api-limit"}
