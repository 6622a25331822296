import uuid

import pytest

from voxgate.base.ids import is_sid, new_sid, new_token, new_webhook_secret


def test_a_sid_is_a_random_uuid_of_version_4():
    sids = {new_sid() for _ in range(100)}

    assert len(sids) == 100
    assert all(uuid.UUID(sid).version == 4 and is_sid(sid) for sid in sids)


def test_a_token_has_the_form_of_a_uuid_and_is_not_guessable():
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(is_sid(token) for token in tokens)
    # All 128 bits are random: also those that a version 4 UUID fixes.
    assert len({token[14] for token in tokens}) > 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "98e4dd21b1784af183b63c1582893890",
        "98e4dd21-b178-4af1-83b6-3c158289389",
        "98e4dd21-b178-4af1-83b6-3c15828938900",
        "98e4dd21-b178-4af1-83b6-3c158289389g",
        "98e4dd21-b178-4af1-83b6-3c1582893890\n",
        "'; DROP TABLE calls; --",
    ],
)
def test_what_is_not_a_uuid_is_no_sid(text):
    assert not is_sid(text)


def test_a_sid_may_be_written_in_capitals():
    assert is_sid("98E4DD21-B178-4AF1-83B6-3C1582893890")


def test_webhook_secrets_are_long_and_differ():
    secrets = {new_webhook_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(len(secret) == len("wh_secret_") + 24 for secret in secrets)
