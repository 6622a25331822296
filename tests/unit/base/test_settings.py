import ipaddress
from pathlib import Path

import pytest
from pydantic import ValidationError

from voxgate.base.settings import Listener, Settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_everything_listens_on_loopback_only():
    settings = Settings()

    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 3000)
    assert settings.sip == (
        Listener("udp", "127.0.0.1", 5060),
        Listener("tcp", "127.0.0.1", 5060),
    )
    assert settings.sqlalchemy_url == "sqlite:///data/voxgate.db"
    assert settings.key_file == Path("data/secret.key")


def test_variables_of_the_environment_win_over_the_file(monkeypatch, tmp_path):
    (tmp_path / "voxgate.toml").write_text('http = "127.0.0.1:4000"\nmax_calls = 7\n')
    monkeypatch.setenv("VOXGATE_HTTP", "0.0.0.0:8080")

    settings = Settings()

    assert (settings.http, settings.max_calls) == ("0.0.0.0:8080", 7)


def test_lists_and_ranges_are_written_as_text(monkeypatch):
    monkeypatch.setenv("VOXGATE_SIP", "udp:0.0.0.0:5060, tcp:[::1]:5070")
    monkeypatch.setenv("VOXGATE_RTP_PORTS", "30000-30099")
    monkeypatch.setenv("VOXGATE_EGRESS_ALLOW", "10.0.0.0/8, fd00::/8")

    settings = Settings()

    assert settings.sip == (Listener("udp", "0.0.0.0", 5060), Listener("tcp", "::1", 5070))
    assert settings.rtp_ports == (30000, 30099)
    assert settings.egress_networks == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("fd00::/8"),
    )


@pytest.mark.parametrize(
    ("http", "networks"),
    [
        ("127.0.0.1:3000", {"127.0.0.0/8", "::1/128"}),
        ("[::1]:3000", {"127.0.0.0/8", "::1/128"}),
        ("localhost:3000", {"127.0.0.0/8", "::1/128"}),
        ("0.0.0.0:3000", set()),
        ("voice.example:3000", set()),
        ("192.0.2.1:80", set()),
    ],
)
def test_loopback_may_be_reached_only_while_the_api_listens_on_loopback(http, networks):
    assert {str(network) for network in Settings(http=http).egress_networks} == networks


def test_an_empty_list_of_networks_means_none(monkeypatch):
    monkeypatch.setenv("VOXGATE_EGRESS_ALLOW", "")

    assert Settings().egress_networks == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIP", "udp:5060"),
        ("SIP", "tls:127.0.0.1:5061"),
        ("SIP", "udp:127.0.0.1:port"),
        ("RTP_PORTS", "30000"),
        ("RTP_PORTS", "40000-30000"),
        ("RTP_PORTS", "80-90"),
        ("HTTP", "3000"),
        ("HTTP", "127.0.0.1:"),
        ("EGRESS_ALLOW", "10.0.0.1/8"),
        ("LOG_LEVEL", "loud"),
        ("MAX_CALLS", "0"),
        ("HOOK_TIMEOUT_S", "-1"),
        ("MEDIA_SHARDS", "many"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_setting(monkeypatch, name, value):
    monkeypatch.setenv(f"VOXGATE_{name}", value)

    with pytest.raises(ValidationError) as caught:
        Settings()
    assert name.lower() in str(caught.value)


def test_an_unknown_setting_in_the_file_is_refused(tmp_path):
    (tmp_path / "voxgate.toml").write_text("htpp = 1\n")

    with pytest.raises(ValidationError, match="htpp"):
        Settings()


def test_every_setting_says_what_it_is_for():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
