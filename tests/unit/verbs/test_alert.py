from unit.verbs.fakes import FakeCall, run, verb


def test_an_alert_stands_in_the_application_s_own_words():
    """Gotcha 79: the alert of 0.9.8."""
    call = FakeCall()

    run(verb("alert", message="nobody ever presses 9"), call)

    assert call.alerts == ["alert-from-application: nobody ever presses 9 (the application)"]
