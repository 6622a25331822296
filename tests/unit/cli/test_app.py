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


def test_the_sandbox_says_who_lives_there(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[[persona]]\nnumber = "+15005550170"\nname = "mine"\nscript = "answer"\n')

    out = typed("sandbox", "--list", "--personas", str(own)).output

    assert "+15005550100" in out
    assert "voicemail" in out
    assert "+15005550170" in out


def test_a_bad_file_of_personas_is_a_plain_failure(tmp_path):
    result = typed("sandbox", "--list", "--personas", str(tmp_path / "none.toml"))

    assert isinstance(result.exception, Failure)
    assert "none.toml" in str(result.exception)


def test_a_wrong_option_of_the_sandbox_is_a_plain_failure():
    result = typed("sandbox", "--sip", "smoke:signals")

    assert isinstance(result.exception, Failure)
    assert "--sip" in str(result.exception)


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
