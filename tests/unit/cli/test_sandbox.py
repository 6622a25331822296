from typer.testing import CliRunner

from voxgate.cli.app import app
from voxgate.cli.screen import Failure


def typed(*words: str):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))


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
