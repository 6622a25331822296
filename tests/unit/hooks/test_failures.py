import pytest

from voxgate.hooks.failures import HookFailed, shown_url

URL = "https://app.example/menu"


@pytest.mark.parametrize(
    ("kind", "status", "alert_type", "message", "retry_class"),
    [
        ("connect", None, "webhook-connection-failure", f"failed to connect to {URL}", "ct"),
        ("timeout", None, "webhook-connection-failure", f"failed to connect to {URL}", "rt"),
        ("egress", None, "webhook-connection-failure", f"failed to connect to {URL}", ""),
        ("status", 404, "webhook-url-notfound", f"webhook url not found: {URL}", "4xx"),
        ("status", 401, "webhook-auth-failure", f"authentication failure: {URL}", "4xx"),
        ("status", 403, "webhook-auth-failure", f"authentication failure: {URL}", "4xx"),
        ("status", 500, "webhook-failure", f"{URL} returned 500", "5xx"),
        ("status", 302, "webhook-failure", f"{URL} returned 302", "4xx"),
        ("invalid", 200, "invalid-app-payload", f"{URL} returned an invalid app payload", ""),
    ],
)
def test_each_failure_has_its_alert_of_the_contract(kind, status, alert_type, message, retry_class):
    failure = HookFailed(kind, URL, "detail", status=status)

    assert (failure.alert_type, str(failure), failure.retry_class) == (
        alert_type,
        message,
        retry_class,
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@app.example:8443/a/b?token=1#rc=2", "https://app.example:8443/a/b"),
        ("/menu?token=1", "/menu"),
        ("http://me:secret@[bad/x?token=1", "[bad/x"),
    ],
)
def test_what_is_shown_of_an_address_has_no_secrets(url, shown):
    assert shown_url(url) == shown
