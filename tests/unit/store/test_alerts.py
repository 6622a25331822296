from dataclasses import replace

from unit.store.stories import on_database
from voxgate.model.alerts import Alert
from voxgate.store import alerts
from voxgate.store.alerts import AlertFilter

ALERT = Alert(10.0, "account", "tts-failure", "it failed", "provider", "401", "call", "vendor")


def test_alerts_come_newest_first_and_filtered(database_url):
    later = replace(ALERT, at=20.0, alert_type="no-tts")
    foreign = replace(ALERT, account_sid="other")
    cases = [
        (AlertFilter(account_sid="account"), [later, ALERT]),
        (AlertFilter(account_sid="account", alert_type="no-tts"), [later]),
        (AlertFilter(account_sid="account", start=15.0), [later]),
        (AlertFilter(account_sid="account", end=15.0), [ALERT]),
        (AlertFilter(service_provider_sid="nobody"), []),
    ]

    async def story(database):
        await database.write(lambda c: alerts.add(c, [ALERT, later, foreign]))
        for wanted, expected in cases:
            answer = await database.read(
                lambda c, wanted=wanted: alerts.page(c, wanted, offset=0, limit=10)
            )
            assert answer == (len(expected), expected)
        of_provider = AlertFilter(service_provider_sid="provider")
        total, found = await database.read(lambda c: alerts.page(c, of_provider, offset=1, limit=1))
        assert (total, len(found)) == (3, 1)

    on_database(database_url, story)
