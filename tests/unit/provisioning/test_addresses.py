import ipaddress

import pytest

from voxgate.base.egress import EgressPolicy
from voxgate.model.hooks import Hook
from voxgate.provisioning.addresses import hook_problem, owned_hooks, proxy_problem, sip_address
from voxgate.provisioning.drafts import HookDraft
from voxgate.provisioning.errors import Unprocessable

STRICT = EgressPolicy()
LOOPBACK = EgressPolicy([ipaddress.ip_network("127.0.0.0/8")])


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("sip:proxy.example", "proxy.example", None),
        ("proxy.example:5080", "proxy.example", 5080),
        ("192.0.2.1", "192.0.2.1", None),
        ("sip:[2001:db8::1]:5061;transport=tcp", "2001:db8::1", 5061),
    ],
)
def test_a_sip_address_may_leave_out_the_scheme(text, host, port):
    uri = sip_address(text)

    assert (uri.host, uri.port) == (host, port)


@pytest.mark.parametrize(
    "text", ["", "a b", "sips:a.b", "sip:a.b;transport=tls", "sip:a.b?Route=x", "sip:a.b:99999"]
)
def test_what_cannot_be_called_is_no_sip_address(text):
    with pytest.raises(ValueError, match=r"\w"):
        sip_address(text)


def test_literal_addresses_are_judged_and_names_are_left_for_the_connect():
    assert hook_problem(STRICT, Hook("http://127.0.0.1/"))
    assert hook_problem(STRICT, Hook("http://[::ffff:169.254.169.254]/"))
    assert hook_problem(LOOPBACK, Hook("http://127.0.0.1/")) is None
    assert hook_problem(STRICT, Hook("http://app.example/")) is None
    assert hook_problem(STRICT, Hook("/relative")) is None
    assert hook_problem(STRICT, None) is None
    assert proxy_problem(STRICT, "sip:10.0.0.1")


def test_only_hooks_that_were_sent_are_taken_and_a_masked_password_stays():
    class Owner:
        call_hook = Hook("https://old.example/", "POST", "u", "the old password")

    kept = HookDraft(url="https://new.example/", username="u", password="the olXXXXXXXXXX")
    sent = {"call_hook": kept, "other": 5}

    hooks = owned_hooks(sent, Owner(), ("call_hook", "call_status_hook"), STRICT)

    assert hooks == {"call_hook": Hook("https://new.example/", "POST", "u", "the old password")}


def test_every_refused_hook_is_named():
    sent = {"one": HookDraft(url="http://10.0.0.1/"), "two": HookDraft(url="http://10.0.0.2/")}

    class Owner:
        one = two = None

    with pytest.raises(Unprocessable) as refused:
        owned_hooks(sent, Owner(), ("one", "two"), STRICT)

    assert [error.field for error in refused.value.errors] == ["one", "two"]
