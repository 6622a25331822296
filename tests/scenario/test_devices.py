"""SIP devices: they register, call and are called (contract 1.4.12, 11.3, 11.5)."""

import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from interop.gateway import Gateway
from interop.raw_caller import Login, RawCaller, authorization, status_of
from interop.raw_phone import Heard
from scenario.inbound import Line, add_account, wait_for_alert

HOLD = [{"verb": "answer"}, {"verb": "pause", "length": 30}]


class Tenant:
    """An account with a realm of its own."""

    def __init__(self, gateway: Gateway, **fields: Any) -> None:
        self.gateway = gateway
        self.realm = f"{uuid.uuid4().hex[:8]}.example"
        self.sid = add_account(gateway, sip_realm=self.realm, **fields)

    def add_client(self, username: str, **fields: Any) -> Login:
        body = {"account_sid": self.sid, "username": username, "password": "pw-" + username}
        self.gateway.api("POST", "/Clients", body | fields)
        return Login(username, "pw-" + username)

    def registered(self) -> list[str]:
        return list(self.gateway.api("GET", f"/Accounts/{self.sid}/RegisteredSipUsers"))

    def takes_device_calls(self, line: Line) -> None:
        body = {"device_calling_application_sid": line.application_sid}
        self.gateway.api("PUT", f"/Accounts/{self.sid}", body)


@pytest.fixture
def tenant(gateway: Gateway) -> Tenant:
    return Tenant(gateway)


@pytest.fixture
def address() -> str:
    number = uuid.uuid4().int
    return f"127.{210 + number % 40}.{number // 40 % 250}.{1 + number // 10_000 % 250}"


@pytest.fixture
def device(gateway: Gateway, address: str) -> Iterator[RawCaller]:
    with RawCaller(gateway.sip_port, address) as raw:
        yield raw


@pytest.fixture
def second(gateway: Gateway, address: str) -> Iterator[RawCaller]:
    with RawCaller(gateway.sip_port, address) as raw:
        yield raw


def test_a_device_registers_is_listed_and_leaves(tenant, device):
    alice = tenant.add_client("alice")

    answer = device.register(tenant.realm, alice, expires=300)

    assert status_of(answer) == 200
    assert re.search(r"expires=(\d+)", answer.value("Contact")).group(1) == "300"
    assert tenant.registered() == [f"alice@{tenant.realm}"]
    path = f"/Accounts/{tenant.sid}/RegisteredSipUsers"
    active, inactive = tenant.gateway.api("POST", path, ["alice", "bob"])
    assert (active["name"], active["registered_status"]) == ("alice", "active")
    assert active["contact"] == f"sip:alice@{device.address}:{device.port}"
    assert active["protocol"] == "udp"
    assert active["expiryTime"] > 1_600_000_000_000
    assert (inactive["name"], inactive["registered_status"]) == ("bob", "inactive")
    one = tenant.gateway.api("GET", f"{path}/alice")
    assert one["allow_direct_user_calling"] == 1
    assert one["proxy"] == f"sip:{device.address}:{device.port}"
    assert status_of(device.register(tenant.realm, alice, expires=0)) == 200
    assert tenant.registered() == []


def test_a_user_may_have_several_devices_and_take_them_all_away(tenant, device, second):
    alice = tenant.add_client("alice")
    device.register(tenant.realm, alice)
    both = second.register(tenant.realm, alice)

    assert len(both.values("Contact")) == 2
    gone = device.register(tenant.realm, alice, expires=0, contact="*")
    assert status_of(gone) == 200
    assert gone.values("Contact") == []
    assert tenant.registered() == []


def test_a_wrong_password_is_403_and_an_unknown_realm_404(tenant, device):
    tenant.add_client("alice")

    wrong = device.register(tenant.realm, Login("alice", "guess"))
    unknown = device.register(tenant.realm, Login("mallory", "guess"))
    nowhere = device.register("nowhere.invalid", Login("alice", "x"))
    address = device.register("127.0.0.1", Login("alice", "x"))

    assert (status_of(wrong), wrong.value("X-Reason")) == (403, "Invalid credentials")
    assert status_of(unknown) == 403
    assert status_of(nowhere) == 404
    assert status_of(address) == 403  # an IPv4 host (contract 11.5)


def test_an_answer_is_good_once_and_may_use_sha_256(tenant, device):
    """RFC 7616 section 3.4: the nonce count stops a replay."""
    alice = tenant.add_client("alice")
    uri = f"sip:{tenant.realm}"
    fields = {
        "From": f"<sip:alice@{tenant.realm}>;tag=1",
        "To": f"<sip:alice@{tenant.realm}>",
        "Call-ID": uuid.uuid4().hex,
        "Contact": f"<sip:alice@{device.address}:{device.port}>",
    }
    challenge = device.ask("REGISTER", uri, fields)
    given = authorization(challenge, alice, "REGISTER", uri, algorithm="SHA-256")

    first = device.ask("REGISTER", uri, fields | {"Authorization": given}, cseq=2)
    replayed = device.ask("REGISTER", uri, fields | {"Authorization": given}, cseq=3)
    again = authorization(challenge, alice, "REGISTER", uri, nc=2)
    counted = device.ask("REGISTER", uri, fields | {"Authorization": again}, cseq=4)

    assert status_of(first) == 200
    assert status_of(replayed) == 401
    assert "stale=TRUE" in replayed.values("WWW-Authenticate")[0]
    assert status_of(counted) == 200


def test_nobody_registers_somebody_else(tenant, device):
    tenant.add_client("alice")
    mallory = tenant.add_client("mallory")
    uri = f"sip:{tenant.realm}"
    fields = {
        "From": f"<sip:alice@{tenant.realm}>;tag=1",
        "To": f"<sip:alice@{tenant.realm}>",
        "Call-ID": uuid.uuid4().hex,
        "Contact": f"<sip:m@{device.address}:{device.port}>",
    }
    challenge = device.ask("REGISTER", uri, fields)
    given = authorization(challenge, mallory, "REGISTER", uri)

    assert status_of(device.ask("REGISTER", uri, fields | {"Authorization": given}, cseq=2)) == 403
    assert tenant.registered() == []


def test_a_device_behind_a_nat_must_come_back_soon(tenant, device):
    alice = tenant.add_client("alice")

    contact = f"<sip:alice@10.1.2.3:{device.port}>"
    answer = device.register(tenant.realm, alice, expires=3600, contact=contact)

    assert re.search(r"expires=(\d+)", answer.value("Contact")).group(1) == "60"


def test_too_short_a_time_is_423(tenant, device):
    alice = tenant.add_client("alice")

    answer = device.register(tenant.realm, alice, expires=5)

    assert status_of(answer) == 423
    assert answer.value("Min-Expires") == "30"


def test_more_devices_than_allowed_are_503_with_an_alert(tenant, device, second):
    tenant.gateway.api(
        "POST", f"/Accounts/{tenant.sid}/Limits", {"category": "device", "quantity": 1}
    )
    alice, bob = tenant.add_client("alice"), tenant.add_client("bob")
    assert status_of(device.register(tenant.realm, alice)) == 200

    refused = second.register(tenant.realm, bob)

    assert status_of(refused) == 503
    assert "503 Max Devices Registered" in refused.text
    assert status_of(device.register(tenant.realm, alice)) == 200  # a refresh is no new device
    assert wait_for_alert(tenant.gateway, "account-device-limit", tenant.sid)


def test_a_device_calls_the_application_for_devices(tenant, hooks, device):
    """PR SI#90: X-Authenticated-User says who it is."""
    line = Line(tenant.gateway, hooks, None, account_sid=tenant.sid)
    line.answers(HOLD)
    tenant.takes_device_calls(line)
    alice = tenant.add_client("alice")

    call = device.invite(f"sip:+4930555@{tenant.realm}", login=alice, from_user="alice")

    assert status_of(call.final()) == 200
    new = line.hooks.wait_for(line.path).body
    assert (new["from"], new["to"]) == ("alice", "+4930555")
    assert new["sip"]["headers"]["X-Authenticated-User"] == f"alice@{tenant.realm}"
    assert "originating_sip_trunk_name" not in new
    assert call.bye() == 200


def test_a_device_call_without_an_application_is_480(tenant, device):
    alice = tenant.add_client("alice")

    refused = device.invite(f"sip:100@{tenant.realm}", login=alice).final()

    assert status_of(refused) == 480
    assert refused.value("X-Reason") == "no configured application"


def test_a_device_reaches_an_application_by_its_sid_if_it_may(tenant, hooks, device):
    line = Line(tenant.gateway, hooks, None, account_sid=tenant.sid)
    line.answers(HOLD)
    alice = tenant.add_client("alice")
    bob = tenant.add_client("bob", allow_direct_app_calling=0)
    uri = f"sip:app-{line.application_sid}@{tenant.realm}"

    call = device.invite(uri, login=alice)
    assert status_of(call.final()) == 200
    assert call.bye() == 200
    assert status_of(device.invite(uri, login=bob).final()) == 403


def test_another_accounts_application_cannot_be_reached(tenant, gateway, hooks, device):
    foreign = Line(gateway, hooks, None)
    alice = tenant.add_client("alice")

    uri = f"sip:app-{foreign.application_sid}@{tenant.realm}"

    assert status_of(device.invite(uri, login=alice).final()) == 480
    assert not foreign.was_asked


def test_a_registered_user_is_called_where_it_registered(tenant, device):
    """`to.type: user` of POST Calls; the INVITE goes where the REGISTER came from."""
    alice = tenant.add_client("alice")
    device.register(tenant.realm, alice, contact=f"<sip:alice@10.9.9.9:{device.port}>")
    body = {
        "from": "100",
        "to": {"type": "user", "name": "alice"},
        "app_json": '[{"verb": "hangup"}]',
    }

    reply = tenant.gateway.request("POST", f"/v1/Accounts/{tenant.sid}/Calls", body)

    assert reply.status == 201
    invite = device.hear()
    assert invite.text.startswith(f"INVITE sip:alice@10.9.9.9:{device.port} SIP/2.0")
    assert f"<sip:alice@{tenant.realm}>" in invite.value("To")
    record = tenant.gateway.api("GET", f"/Accounts/{tenant.sid}/Calls/{reply.body['sid']}")
    assert record["to"] == f"alice@{tenant.realm}"


def test_a_user_who_is_not_registered_is_422(tenant):
    tenant.add_client("alice")
    body = {
        "from": "100",
        "to": {"type": "user", "name": "alice"},
        "app_json": '[{"verb": "hangup"}]',
    }

    reply = tenant.gateway.request("POST", f"/v1/Accounts/{tenant.sid}/Calls", body)

    assert reply.status == 422
    assert reply.body["errors"][0]["field"] == "to.name"
    assert "is not registered" in reply.body["msg"]


def test_a_registration_hook_knows_the_devices(gateway, hooks, device):
    """Contract 11.5: the credentials are posted, and expires of the answer counts."""
    path = f"/{uuid.uuid4().hex[:12]}"
    url = hooks.answer(path, {"status": "ok", "expires": 45})
    tenant = Tenant(gateway, registration_hook={"url": url})

    answer = device.register(tenant.realm, Login("carol", "whatever"))

    assert status_of(answer) == 200
    assert re.search(r"expires=(\d+)", answer.value("Contact")).group(1) == "45"
    asked = hooks.wait_for(path).body
    assert (asked["method"], asked["username"], asked["realm"]) == (
        "REGISTER",
        "carol",
        tenant.realm,
    )
    assert (asked["scheme"], asked["qop"], asked["expires"]) == ("digest", "auth", 300)
    assert asked["source_address"] == device.address
    assert {"nonce", "uri", "response", "nc", "cnonce", "algorithm", "headers"} <= asked.keys()
    hooks.answer(path, {"status": "fail", "msg": "who?"})
    assert status_of(device.register(tenant.realm, Login("carol", "x"))) == 403


def test_an_account_takes_a_realm_once(gateway, tenant):
    """POST SipRealms (contract 1.3), which an account's own key may use."""
    taken = gateway.request("POST", f"/v1/Accounts/{tenant.sid}/SipRealms/{tenant.realm}")
    other = add_account(gateway)
    refused = gateway.request("POST", f"/v1/Accounts/{other}/SipRealms/{tenant.realm}")
    malformed = gateway.request("POST", f"/v1/Accounts/{other}/SipRealms/127.0.0.1")

    assert taken.status == 204
    assert refused.status == 422
    assert malformed.status == 400


def test_a_removed_client_is_registered_no_longer(tenant, device):
    alice = tenant.add_client("alice")
    device.register(tenant.realm, alice)
    (client,) = tenant.gateway.api("GET", f"/Accounts/{tenant.sid}/Clients")
    assert client["password"].startswith("pw-ali")
    assert "X" in client["password"]

    tenant.gateway.api("DELETE", f"/Clients/{client['client_sid']}")

    assert tenant.registered() == []
    assert status_of(device.register(tenant.realm, alice)) == 403


def test_all_devices_of_a_user_ring_at_once_and_the_first_to_answer_silences_the_rest(
    tenant, gateway, address, device, second
):
    alice, bob = tenant.add_client("alice"), tenant.add_client("bob")
    for phone in (device, second):
        phone.register(tenant.realm, alice)
    with RawCaller(gateway.sip_port, address) as third:
        third.register(tenant.realm, bob)
        uri = f"sip:alice@{tenant.realm}"
        calling = third.invite(uri, from_user="bob", login=bob)
        answered = ThreadPoolExecutor(1).submit(calling.final)
        loser, winner = _invited(device), _invited(second)
        _respond(device, loser, "180 Ringing")
        _respond(second, winner, "200 OK", second.sdp)

        assert status_of(answered.result(10)) == 200
        cancel = _next(device, "CANCEL")
        assert "Call completed elsewhere" in cancel.value("Reason")
        assert _next(second, "ACK").value("Call-ID") == winner.value("Call-ID")
        assert loser.value("Call-ID") == cancel.value("Call-ID") != winner.value("Call-ID")


def _next(phone: RawCaller, method: str) -> Heard:
    while not (heard := phone.hear()).text.startswith(f"{method} "):
        pass
    return heard


def _invited(phone: RawCaller) -> Heard:
    invite = _next(phone, "INVITE")
    _respond(phone, invite, "100 Trying")
    return invite


def _respond(phone: RawCaller, request: Heard, status: str, body: str = "") -> None:
    lines = [
        f"{name}: {value}"
        for name in ("Via", "From", "Call-ID", "CSeq", "Record-Route")
        for value in request.values(name)
    ]
    lines.append(f"To: {request.value('To')};tag=d{phone.port}")
    lines.append(f"Contact: <sip:alice@{phone.address}:{phone.port}>")
    if body:
        lines.append("Content-Type: application/sdp")
    head = "\r\n".join([f"SIP/2.0 {status}", *lines, f"Content-Length: {len(body)}", "", ""])
    phone.send(head + body)
