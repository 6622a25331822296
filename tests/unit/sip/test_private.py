import pytest

from voxgate.sip.private import is_private, may_be_told


@pytest.mark.parametrize("name", ["X-Call-Sid", "x-account-sid", "X-Jambonz-Anything", "X-CID"])
def test_gotcha_82_our_own_headers_go_to_no_other_leg_and_come_from_nobody(name):
    assert is_private(name)
    assert not may_be_told(name)


@pytest.mark.parametrize("name", ["X-Authenticated-User", "Authorization", "X-Originating-Carrier"])
def test_what_we_vouch_for_and_passwords_are_not_told_when_they_come_from_outside(name):
    assert not may_be_told(name)


@pytest.mark.parametrize("name", ["X-Campaign", "User-to-User", "Diversion", "From"])
def test_everything_else_is_told_and_handed_on(name):
    assert may_be_told(name)
    assert not is_private(name)
