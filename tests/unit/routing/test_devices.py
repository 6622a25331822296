import json

import pytest

from voxgate.model.devices import Client
from voxgate.model.inbound import Tenant
from voxgate.routing.devices import DeviceCall, Permissions, choose_for_device
from voxgate.routing.inbound import INACTIVE, NO_APPLICATION, Chosen, Refusal

SID = "c91d4c9e-8f4e-4f0e-9a53-0d1c2b3a4f5e"
TENANT = Tenant("home", "provider", "home.example", device_calling_application_sid="for-devices")
NOTHING = Permissions(applications=False, queues=False, users=False)


def call(user: str, *, may: Permissions | None = None, **facts) -> Chosen | Refusal:
    given = {"tenant": TENANT, "callee_registered": False, **facts}
    return choose_for_device(
        DeviceCall(user=user, caller="alice", permissions=may or Permissions(), **given)
    )


def test_a_number_goes_to_the_application_for_devices():
    assert call("+4930").application_sid == "for-devices"


def test_what_the_registration_hook_chose_goes_before_it():
    assert call("+4930", own_application_sid="of-hook").application_sid == "of-hook"


@pytest.mark.parametrize(
    ("user", "verb"), [("queue-sales", "dequeue"), ("conference-daily", "conference")]
)
def test_queues_and_conferences_are_reached_by_their_names(user, verb):
    document = json.loads(call(user).app_json)

    assert document == [{"verb": verb, "name": user.partition("-")[2]}]


def test_an_application_is_reached_by_its_sid():
    assert call(f"app-{SID.upper()}").application_sid == SID


def test_a_registered_user_is_dialled_and_answered_when_he_answers():
    (dial,) = json.loads(call("bob", callee_registered=True).app_json)

    assert dial["target"] == [{"type": "user", "name": "bob"}]
    assert dial["answerOnBridge"] is True
    assert dial["callerId"] == "alice"


@pytest.mark.parametrize(
    ("user", "registered"),
    [("queue-sales", False), ("conference-a", False), (f"app-{SID}", False), ("bob", True)],
)
def test_who_may_not_is_told_so(user, registered):
    refused = call(user, may=NOTHING, callee_registered=registered)

    assert (refused.status, refused.account_sid) == (403, "home")


@pytest.mark.parametrize("user", ["queue-", "app-not-a-sid", "apparatus", "queue"])
def test_what_only_looks_like_a_prefix_is_a_number(user):
    assert call(user).application_sid == "for-devices"


def test_without_an_application_it_is_480():
    bare = Tenant("home", "provider", "home.example")

    assert call("1", tenant=bare) == Refusal(480, x_reason=NO_APPLICATION, account_sid="home")


def test_an_inactive_account_takes_no_calls():
    asleep = Tenant("home", "provider", "home.example", is_active=False)

    assert call("1", tenant=asleep) == Refusal(503, x_reason=INACTIVE, account_sid="home")


def test_permissions_are_the_clients_and_everything_without_one():
    client = Client("c", "home", "alice", "pw", allow_direct_queue_calling=False)

    assert Permissions.of(client) == Permissions(queues=False)
    assert Permissions.of(None) == Permissions()
