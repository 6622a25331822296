"""Passwords, keys and phone numbers stay out of the log, the timeline, the webhooks and the API."""

import json

import pytest

from interop.gateway import ADMIN_TOKEN, Gateway
from interop.hooks import HookServer
from interop.ports import wait_until
from system.conftest import MakeGateway

HOOK_PASSWORD = "hook-pass-5f1c"
TRUNK_PASSWORD = "trunk-pass-8a2d"
DEVICE_PASSWORD = "device-pass-77aa"
BUCKET_SECRET = "bucket-secret-91cc"
SECRETS = (HOOK_PASSWORD, TRUNK_PASSWORD, DEVICE_PASSWORD, BUCKET_SECRET, ADMIN_TOKEN)
NUMBER = "15005550102"


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    environment = {"VOXGATE_SANDBOX": "true", "VOXGATE_LOG_LEVEL": "debug"}
    return make_gateway(environment=environment).start()


def test_no_secret_and_no_number_leaves_the_gateway(gateway: Gateway, hooks: HookServer):
    login = {"username": "agent", "password": HOOK_PASSWORD}
    url = hooks.answer("/call", [{"verb": "say", "text": "Press one."}, {"verb": "hangup"}])
    application = gateway.add_application(
        "secret", call_hook={"url": url, **login},
        call_status_hook={"url": hooks.answer("/status", {}, 500), **login},
    )  # fmt: skip
    carrier = gateway.add_carrier(
        "secret", register_username="sandbox", register_password=TRUNK_PASSWORD,
        register_sip_realm="sandbox.example",
    )  # fmt: skip
    gateway.add_gateway(carrier, 9)
    device = {"username": "ann", "password": DEVICE_PASSWORD, "account_sid": gateway.account_sid}
    client = gateway.api("POST", "/Clients", device)["sid"]
    gateway.api("PUT", f"/Accounts/{gateway.account_sid}", {
        "bucket_credential": {
            "vendor": "aws_s3", "name": "calls", "region": "eu-central-1",
            "access_key_id": "AKIA", "secret_access_key": BUCKET_SECRET,
        },
    })  # fmt: skip
    answered, refused, away = (
        gateway.call({
            "application_sid": application,
            "from": "+4930111222333",
            "to": {"type": "phone", "number": f"+{number}", "trunk": trunk},
        })
        for number, trunk in ((NUMBER, "sandbox"), ("15005550157", "sandbox"), (NUMBER, "secret"))
    )  # fmt: skip
    for placed in (answered, refused, away):
        placed.ended()
    wait_until(lambda: hooks.requests("/status"), within_s=10, what="a status")

    shown = [
        json.dumps(gateway.api("GET", path))
        for path in (
            f"/Applications/{application}", f"/VoipCarriers/{carrier}", f"/Clients/{client}",
            f"/Accounts/{gateway.account_sid}", f"/Accounts/{gateway.account_sid}/Alerts?page=1&count=25",
            f"/Accounts/{gateway.account_sid}/ApiKeys",
        )
    ]  # fmt: skip
    shown += [json.dumps(placed.events()) for placed in (answered, refused, away)]
    shown += [json.dumps(request.body) for request in hooks.requests("/status")]
    assert hooks.wait_for("/call").basic_auth == ("agent", HOOK_PASSWORD)
    log = gateway.log.read_text()
    assert "gateway_started" in log
    for secret in SECRETS:
        assert secret not in log
        assert not [text for text in shown if secret in text]
    assert NUMBER not in log
    assert "4930111222333" not in log
