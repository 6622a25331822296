from voxgate.sip.dialog.options import ALLOWED, SipOptions


def test_the_defaults_are_those_of_the_standards():
    options = SipOptions()

    assert (options.timing.t1, options.timing.t2, options.timing.t4) == (0.5, 4.0, 5.0)
    assert options.min_se_s == 90
    assert options.session_expires_s == 1800


def test_only_what_is_handled_without_an_owner_is_allowed_by_default():
    assert "REFER" not in ALLOWED
    assert {"INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE"} <= set(ALLOWED)
