import pytest

from voxgate.sip.private import is_private, may_be_told


@pytest.mark.parametrize(
    "name",
    ["X-Call-Sid", "x-account-sid", "X-Jambonz-Anything", "X-CID", "X-Authenticated-User",
     "X-Originating-Carrier", "X-Voip-Carrier-Sid"],
)  # fmt: skip
def test_gotcha_82_our_own_headers_go_to_no_other_leg_and_come_from_nobody(name):
    assert is_private(name)
    assert not may_be_told(name)


@pytest.mark.parametrize("name", ["Authorization", "proxy-authorization"])
def test_passwords_are_not_told(name):
    assert not may_be_told(name)


@pytest.mark.parametrize("name", ["X-Trace-Id", "X-Override-To"])
def test_what_a_caller_sends_in_the_plumbings_name_is_told_and_not_handed_on(name):
    """Contract 11.4: all other headers pass."""
    assert may_be_told(name)
    assert is_private(name)


@pytest.mark.parametrize("name", ["X-Campaign", "User-to-User", "Diversion", "From"])
def test_everything_else_is_told_and_handed_on(name):
    assert may_be_told(name)
    assert not is_private(name)
