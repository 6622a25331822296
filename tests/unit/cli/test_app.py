"""The commands as they are typed, short of placing calls."""

import pytest
from typer.testing import CliRunner

from voxgate.base.settings import Settings
from voxgate.cli.app import app
from voxgate.cli.screen import Failure


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"VOXGATE_{name.upper()}", raising=False)


def typed(*words: str):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))


def test_every_command_is_listed():
    out = typed("--help").output

    for name in ("serve", "demo", "call", "doctor", "migrate", "apikey", "sandbox"):
        assert name in out


def test_serve_help_lists_every_setting():
    out = typed("serve", "--help").output

    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in out


def test_saying_and_asking_exclude_each_other():
    result = typed("call", "+1", "--say", "x", "--hook", "http://a")

    assert isinstance(result.exception, Failure)
    assert "exclude" in str(result.exception)


def test_a_gateway_named_without_its_key_is_refused(monkeypatch):
    monkeypatch.delenv("VOXGATE_TOKEN", raising=False)
    result = typed("call", "+1", "--url", "http://127.0.0.1:9")

    assert isinstance(result.exception, Failure)
    assert "--token" in str(result.exception)


def test_wrong_settings_end_a_command_before_it_begins():
    result = typed("migrate", "--max-calls", "many")

    assert isinstance(result.exception, Failure)
    assert "VOXGATE_MAX_CALLS" in str(result.exception)
