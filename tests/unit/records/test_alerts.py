from unit.records.samples import sample_call
from voxgate.model.alerts import Alert
from voxgate.model.calls import CallEvent, EventType
from voxgate.records.alerts import AlertBrake, alert_of


def alert(at, message="failed to connect to https://app.example/", account="a"):
    return Alert(at, account, "webhook-connection-failure", message)


def test_an_alert_row_says_what_the_event_said_and_points_to_its_call():
    call = sample_call()
    data = {"alert_type": "tts-failure", "message": "no", "detail": "401", "vendor": "acme"}

    row = alert_of(call, CallEvent(call.call_sid, 4, 12.5, EventType.ALERT, data))

    assert row == Alert(
        at=12.5,
        account_sid=call.account_sid,
        alert_type="tts-failure",
        message="no",
        service_provider_sid=call.service_provider_sid,
        detail="401",
        target_sid=call.call_sid,
        vendor="acme",
    )


def test_the_same_alert_comes_through_once_a_minute():
    brake = AlertBrake(every_s=60.0)

    passed = [brake.lets_through(alert(at)) for at in (0.0, 1.0, 59.9, 60.0, 61.0)]

    assert passed == [True, False, False, True, False]


def test_other_accounts_and_other_messages_are_not_held_back():
    brake = AlertBrake()

    assert brake.lets_through(alert(0.0))
    assert brake.lets_through(alert(0.0, account="b"))
    assert brake.lets_through(alert(0.0, message="https://app.example/ returned 500"))


def test_the_memory_of_the_brake_is_bounded():
    brake = AlertBrake(most=2)
    for number in range(3):
        brake.lets_through(alert(0.0, message=str(number)))

    assert brake.lets_through(alert(1.0, message="0"))
