from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from voxgate.base.settings import Listener, Settings
from voxgate.cli.screen import Failure
from voxgate.cli.settings_options import read_settings, with_settings


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"VOXGATE_{name.upper()}", raising=False)


def command_that_keeps(kept: list) -> typer.Typer:
    app = typer.Typer(add_completion=False)

    @app.command()
    @with_settings
    def serve(settings: Settings, word: str = "none") -> None:
        """Serve."""
        kept.append((settings, word))

    return app


def test_every_setting_is_an_option_with_its_variable_and_default():
    out = CliRunner().invoke(command_that_keeps([]), ["--help"], env={"COLUMNS": "300"}).output

    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in out
        assert f"VOXGATE_{name.upper()}" in out
    assert "default: 20000-29999" in out
    assert "udp:127.0.0.1:5060,tcp:127.0.0.1:5060" in out


def test_what_is_typed_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("VOXGATE_MAX_CALLS", "7")
    monkeypatch.setenv("VOXGATE_HTTP", "127.0.0.1:4000")
    kept = []

    result = CliRunner().invoke(
        command_that_keeps(kept),
        ["--max-calls", "9", "--no-sandbox", "--sip", "udp:127.0.0.1:5080", "--word", "yes"],
    )

    assert result.exit_code == 0, result.output
    settings, word = kept[0]
    assert settings.max_calls == 9
    assert settings.http == "127.0.0.1:4000"
    assert settings.sandbox is False
    assert settings.sip == (Listener("udp", "127.0.0.1", 5080),)
    assert settings.rtp_ports == (20000, 29999)
    assert word == "yes"


def test_wrong_settings_are_named_all_at_once():
    with pytest.raises(Failure) as caught:
        read_settings({"max_calls": "many", "rtp_ports": "5", "log_level": None})

    assert "VOXGATE_MAX_CALLS" in str(caught.value)
    assert "VOXGATE_RTP_PORTS" in str(caught.value)
    assert caught.value.status == 2


def test_defaults_of_a_command_fill_only_what_nobody_set(monkeypatch):
    monkeypatch.setenv("VOXGATE_ADMIN_TOKEN", "mine")

    settings = read_settings({"data_dir": "here"}, admin_token="made", max_calls=3)

    assert settings.admin_token == "mine"
    assert settings.max_calls == 3
    assert settings.data_dir == Path("here")
    assert "data_dir" in settings.model_fields_set
