"""Carriers that want us registered: REGISTER, its refresh, calls over it (contract 1.4.6)."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from interop.gateway import Gateway
from interop.ports import wait_until
from interop.raw_caller import RawCaller, status_of
from interop.raw_phone import Heard
from scenario.inbound import Line

USER, PASSWORD, REALM = "acct77", "trunk-pw", "registrar.example"


@pytest.fixture
def registrar(gateway: Gateway) -> Iterator[RawCaller]:
    number = uuid.uuid4().int
    with RawCaller(gateway.sip_port, f"127.251.{number % 250}.{1 + number // 250 % 250}") as raw:
        yield raw


@pytest.fixture
def carrier(gateway: Gateway, registrar: RawCaller) -> Iterator[str]:
    sid = gateway.add_carrier(
        uuid.uuid4().hex[:12],
        trunk_type="reg",
        requires_register=1,
        register_username=USER,
        register_password=PASSWORD,
        register_sip_realm=REALM,
    )
    gateway.add_gateway(sid, registrar.port, ipv4=registrar.address)
    yield sid
    gateway.api("PUT", f"/VoipCarriers/{sid}", {"is_active": 0})


def respond(registrar: RawCaller, heard: Heard, status: str, *headers: str) -> None:
    names = ("Via", "From", "To", "Call-ID", "CSeq")
    copied = [f"{name}: {value}" for name in names for value in heard.values(name)]
    lines = [f"SIP/2.0 {status}", *copied, *headers, "Content-Length: 0", "", ""]
    registrar.send("\r\n".join(lines))


def expected_response(heard: Heard) -> tuple[str, str]:
    """What the REGISTER's Authorization says, and what it should say (RFC 2617)."""
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', heard.value("Authorization")))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    first, second = md5(f"{USER}:{REALM}:{PASSWORD}"), md5(f"REGISTER:{fields['uri']}")
    middle = f"{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
    return fields["response"], md5(f"{first}:{middle}:{second}")


def admit(registrar: RawCaller, expires: int = 600) -> Heard:
    """Challenge, then grant; the REGISTER that was granted."""
    first = registrar.hear()
    assert first.text.startswith(f"REGISTER sip:{REALM} SIP/2.0")
    challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="n1", qop="auth", algorithm=MD5'
    respond(registrar, first, "401 Unauthorized", challenge)
    second = registrar.hear()
    contact = second.value("Contact")
    respond(registrar, second, "200 OK", f"Contact: {contact};expires={expires}")
    return second


def standing(gateway: Gateway, carrier: str, status: str) -> dict[str, Any]:
    """The carrier's register_status, once it says so."""

    def found() -> dict[str, Any] | None:
        told = json.loads(gateway.api("GET", f"/VoipCarriers/{carrier}")["register_status"])
        return told if told.get("status") == status else None

    return wait_until(found, within_s=10, what=f"register_status {status}")


def test_we_register_and_say_so(gateway, carrier, registrar):
    granted = admit(registrar)

    told, expected = expected_response(granted)
    assert told == expected
    assert f"<sip:{USER}@{REALM}>" in granted.value("To")
    assert f"sip:{USER}@127.0.0.1:{gateway.sip_port}" in granted.value("Contact")
    status = standing(gateway, carrier, "ok")
    assert (status["expires"], status["callId"]) == (600, granted.value("Call-ID"))


def test_a_refusal_is_shown_with_its_reason(gateway, carrier, registrar):
    respond(registrar, registrar.hear(), "403 Forbidden")

    assert standing(gateway, carrier, "fail")["reason"] == "403 Forbidden"


def test_a_registration_is_refreshed_before_it_ends_and_given_up_when_unwanted(
    gateway, carrier, registrar
):
    admit(registrar, expires=2)

    admit(registrar, expires=600)  # after 1.6 seconds
    gateway.api("PUT", f"/VoipCarriers/{carrier}", {"requires_register": 0})
    leaving = registrar.hear()

    assert leaving.value("Expires") == "0"


def test_the_registrar_calls_us_by_our_user_name(gateway, hooks, carrier, registrar):
    """The number is in To, and the address was learned from the registration."""
    line = Line(gateway, hooks, carrier)
    line.answers([{"verb": "answer"}, {"verb": "hangup"}])
    admit(registrar)
    standing(gateway, carrier, "ok")

    to = f"<sip:+{line.number}@{REALM}>"
    call = registrar.invite(f"sip:{USER}@127.0.0.1:{gateway.sip_port}", to=to)

    assert status_of(call.final()) == 200
    assert line.hooks.wait_for(line.path).body["to"] == f"+{line.number}"
