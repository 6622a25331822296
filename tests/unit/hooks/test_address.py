import ipaddress

import pytest

from voxgate.base.egress import EgressPolicy
from voxgate.hooks.address import HTTP, WEBSOCKET, absolute_hook, origin_of, resolve, whole_hook
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.retry import RetryWish
from voxgate.model.hooks import Hook

ANYWHERE = EgressPolicy.exempt()
BASE = Hook("https://app.example:8443/voice/start?x=1", "POST", "me", "pass")


def test_a_relative_hook_replaces_the_path_and_uses_the_base_s_credentials():
    hook = absolute_hook(Hook("/menu?y=2", "GET"), BASE)

    assert hook == Hook("https://app.example:8443/menu?y=2", "GET", "me", "pass")


def test_a_path_without_a_slash_means_the_same():
    assert absolute_hook(Hook("menu"), BASE).url == "https://app.example:8443/menu"


def test_own_credentials_win_and_foreign_hosts_never_see_the_base_s():
    own = absolute_hook(Hook("/menu", "POST", "other", "secret"), BASE)
    elsewhere = absolute_hook(Hook("https://other.example/menu"), BASE)
    other_port = absolute_hook(Hook("https://app.example/menu"), BASE)

    assert (own.username, own.password) == ("other", "secret")
    assert (elsewhere.username, elsewhere.password) == (None, None)
    assert (other_port.username, other_port.password) == (None, None)


def test_credentials_in_the_url_become_the_hook_s():
    hook = absolute_hook(Hook("https://u%40x:p%3Aw@app.example/menu"), None)

    assert hook == Hook("https://app.example/menu", "POST", "u@x", "p:w")


@pytest.mark.parametrize(
    ("url", "base"),
    [("/menu", None), ("menu", Hook("also-relative")), ("http://[::1/x", BASE)],
)
def test_what_cannot_be_made_whole_is_an_error(url, base):
    with pytest.raises(ValueError, match=r"."):
        absolute_hook(Hook(url), base)


def test_an_address_has_no_credentials_and_no_fragment():
    address = resolve(
        Hook("https://u:p@app.example/menu?key=1#rc=2&rp=5xx", "post"), None, ANYWHERE, HTTP
    )

    assert str(address.url) == "https://app.example/menu?key=1"
    assert address.shown == "https://app.example/menu"
    assert address.method == "POST"
    assert address.authorization == "Basic dTpw"
    assert address.wish == RetryWish(2, frozenset({"5xx"}))


@pytest.mark.parametrize(
    ("url", "schemes"),
    [
        ("ftp://app.example/x", HTTP),
        ("ws://app.example/x", HTTP),
        ("https://app.example/x", WEBSOCKET),
        ("http:///nohost", HTTP),
        ("/menu", HTTP),
        ("http://app.example:99999/", HTTP),
    ],
)
def test_what_cannot_be_sent_to_fails_as_a_hook_does(url, schemes):
    with pytest.raises(HookFailed) as caught:
        resolve(Hook(url), None, ANYWHERE, schemes)

    assert caught.value.kind == "connect"
    assert caught.value.alert_type == "webhook-connection-failure"


def test_an_address_outside_the_policy_is_refused_before_anything_is_sent():
    policy = EgressPolicy([ipaddress.ip_network("127.0.0.0/8")])

    resolve(Hook("http://127.0.0.1/x"), None, policy, HTTP)
    with pytest.raises(HookFailed) as caught:
        resolve(Hook("http://10.0.0.1/x"), None, policy, HTTP)

    assert caught.value.kind == "egress"


def test_an_origin_is_scheme_host_and_port():
    assert origin_of(Hook("https://u:p@app.example/a?b#c")) == "https://app.example"
    assert origin_of(Hook("http://app.example:81/")) == "http://app.example:81"
    assert origin_of(Hook("/menu")) == "/menu"


def test_a_relative_status_hook_lies_on_the_call_hook_s_host():
    base = Hook("https://a.example/start", "POST", "me", "pass")

    assert whole_hook(Hook("/status"), base) == Hook(
        "https://a.example/status", "POST", "me", "pass"
    )
    assert whole_hook(Hook("/status"), None) == Hook("/status")
