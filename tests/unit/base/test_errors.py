import pytest

from voxgate.base.egress import EgressRefused
from voxgate.base.errors import VoxgateError
from voxgate.base.secrets import SecretUnreadable
from voxgate.hooks.failures import HookFailed
from voxgate.store.engine import StoreUnavailable


@pytest.mark.parametrize(
    "error",
    [
        EgressRefused("10.0.0.1"),
        SecretUnreadable("another key"),
        HookFailed("connect", "https://app.example/", "refused"),
        StoreUnavailable("disk full"),
    ],
)
def test_errors_that_a_caller_may_be_told_of_have_one_root_and_a_message(error):
    assert isinstance(error, VoxgateError)
    assert str(error)
