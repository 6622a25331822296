import hashlib
import stat

import pytest
from cryptography.fernet import Fernet

from voxgate.base.secrets import SecretBox, SecretUnreadable, masked, token_digest


def test_what_was_sealed_can_be_opened_and_not_be_read(tmp_path):
    box = SecretBox.from_settings(None, tmp_path / "secret.key")

    sealed = box.seal("pässword")

    assert "pässword" not in sealed
    assert box.open(sealed) == "pässword"
    assert box.seal("pässword") != sealed


def test_a_key_file_is_made_once_for_the_owner_only_and_then_used(tmp_path):
    file = tmp_path / "deep" / "secret.key"

    sealed = SecretBox.from_settings(None, file).seal("x")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SecretBox.from_settings(None, file).open(sealed) == "x"


def test_a_given_key_is_used_and_no_file_made(tmp_path):
    key = Fernet.generate_key().decode()

    sealed = SecretBox.from_settings(key, tmp_path / "secret.key").seal("x")

    assert SecretBox(key.encode()).open(sealed) == "x"
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAA"])
def test_another_key_or_damage_is_an_error_that_names_the_setting(sealed):
    box, other = SecretBox(Fernet.generate_key()), SecretBox(Fernet.generate_key())

    for text in (sealed, other.seal("x")):
        with pytest.raises(SecretUnreadable, match="SECRET_KEY"):
            box.open(text)


def test_of_a_token_only_the_digest_is_kept():
    assert token_digest("abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("wh_secret_abc", "wh_secXXXXXXX"), ("short", "short"), ("", "")],
)
def test_a_masked_secret_shows_its_first_six_characters(secret, shown):
    assert masked(secret) == shown
