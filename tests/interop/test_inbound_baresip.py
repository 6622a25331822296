"""baresip as a device: it registers, calls the application, is called, and calls its neighbour."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from interop.baresip import Baresip, Registering, longest_sound, loudest_hertz, write_tone
from interop.gateway import Gateway
from interop.hooks import HookServer
from interop.ports import wait_until
from scenario.inbound import Line, add_account

TONE_HZ, TONE_S = 697.0, 1.5
BYTES_ENOUGH = 2 * 8000 * 3  # three seconds
AddPhone = Callable[..., Baresip]


@pytest.fixture(scope="module")
def realm() -> str:
    return f"{uuid.uuid4().hex[:8]}.example"


@pytest.fixture(scope="module")
def tenant(gateway: Gateway, realm: str) -> str:
    sid = add_account(gateway, sip_realm=realm)
    for name in ("alice", "bob"):
        client = {"account_sid": sid, "username": name, "password": f"pw-{name}"}
        gateway.api("POST", "/Clients", client)
    return sid


@pytest.fixture
def add_phone(gateway: Gateway, tenant: str, realm: str, tmp_path: Path) -> Iterator[AddPhone]:
    """`add_phone(user)`: a phone of that user, registered."""
    if not Baresip.is_installed():
        pytest.skip("baresip is not installed (apt-get install baresip-core)")
    with ExitStack() as phones:

        def add(user: str, *, hertz: float = 300, transport: str = "udp") -> Baresip:
            voice = write_tone(tmp_path / f"{user}.wav", hertz, 5, level=0.3)
            device = Registering(realm, f"pw-{user}", gateway.sip_port, transport)
            phone = phones.enter_context(
                Baresip(tmp_path / user, voice, user=user, codecs="PCMU/8000/1", device=device)
            )
            wait_until(
                lambda: f"{user}@{realm}" in registered(gateway, tenant),
                within_s=10,
                what=f"{user} is registered",
            )
            return phone

        yield add


def recorded(phone: Baresip) -> int:
    """Bytes of what the phone has heard so far."""
    return sum(path.stat().st_size for path in phone.folder.glob("dump-*-dec.wav"))


def registered(gateway: Gateway, tenant: str) -> list[str]:
    return list(gateway.api("GET", f"/Accounts/{tenant}/RegisteredSipUsers"))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_device_calls_the_application_and_hears_it(
    gateway: Gateway,
    hooks: HookServer,
    tenant: str,
    realm: str,
    add_phone: AddPhone,
    tmp_path: Path,
    transport: str,
) -> None:
    line = Line(gateway, hooks, None, account_sid=tenant)
    gateway.api(
        "PUT", f"/Accounts/{tenant}", {"device_calling_application_sid": line.application_sid}
    )
    tone = write_tone(tmp_path / "tone.wav", TONE_HZ, TONE_S)
    url = hooks.answer(f"/{uuid.uuid4().hex}.wav", tone.read_bytes())
    line.answers([{"verb": "play", "url": url}, {"verb": "hangup"}])
    phone = add_phone("alice", transport=transport)

    phone.command("dial", f"sip:+4930777@{realm}")
    phone.wait_event("CALL_ESTABLISHED")
    phone.wait_event("CALL_CLOSED")

    assert line.statuses("completed") == ["trying", "in-progress", "completed"]
    heard = longest_sound(phone.heard())
    assert len(heard) / 8000 == pytest.approx(TONE_S, abs=0.15)
    assert loudest_hertz(heard) == pytest.approx(TONE_HZ, abs=2)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_registered_device_is_called_by_its_name(
    gateway: Gateway,
    hooks: HookServer,
    tenant: str,
    add_phone: AddPhone,
    tmp_path: Path,
    transport: str,
) -> None:
    """Over TCP this needs the connection that the device itself made."""
    phone = add_phone("bob", transport=transport)
    tone = write_tone(tmp_path / "tone.wav", TONE_HZ, TONE_S)
    url = hooks.answer(f"/{uuid.uuid4().hex}.wav", tone.read_bytes())
    body = {
        "from": "100",
        "to": {"type": "user", "name": "bob"},
        "app_json": f'[{{"verb": "play", "url": "{url}"}}, {{"verb": "hangup"}}]',
    }

    reply = gateway.request("POST", f"/v1/Accounts/{tenant}/Calls", body)

    assert reply.status == 201, reply.body
    phone.wait_event("CALL_ESTABLISHED")
    phone.wait_event("CALL_CLOSED")
    assert loudest_hertz(longest_sound(phone.heard())) == pytest.approx(TONE_HZ, abs=2)


def test_one_device_calls_another_and_they_hear_each_other(
    tenant: str, realm: str, add_phone: AddPhone
) -> None:
    """Contract 11.3: a call between registered users needs no application."""
    alice, bob = add_phone("alice", hertz=500), add_phone("bob", hertz=900)

    alice.command("dial", f"sip:bob@{realm}")
    bob.wait_event("CALL_ESTABLISHED")
    alice.wait_event("CALL_ESTABLISHED")
    for phone in (alice, bob):
        wait_until(lambda p=phone: recorded(p) > BYTES_ENOUGH, within_s=10, what="both hear")
    alice.command("hangup")
    bob.wait_event("CALL_CLOSED")

    assert loudest_hertz(longest_sound(bob.heard())) == pytest.approx(500, abs=5)
    assert loudest_hertz(longest_sound(alice.heard())) == pytest.approx(900, abs=5)


def test_a_device_that_leaves_is_no_longer_registered(
    gateway: Gateway, tenant: str, realm: str, add_phone: AddPhone
) -> None:
    phone = add_phone("alice")

    phone.__exit__()

    wait_until(
        lambda: f"alice@{realm}" not in registered(gateway, tenant),
        within_s=10,
        what="alice is unregistered",
    )
