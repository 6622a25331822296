"""How a hook can fail, and which alert (contract 10.1) says so to the customer."""

from typing import Literal

import aiohttp
from yarl import URL

from voxgate.base.egress import EgressRefused
from voxgate.base.errors import VoxgateError

Kind = Literal["timeout", "connect", "status", "invalid", "egress"]


class HookFailed(VoxgateError):
    """The application could not be asked, or its answer was not one.

    The message is the alert's: it names the address without credentials and query.
    """

    def __init__(
        self,
        kind: Kind,
        url: str,
        detail: str,
        *,
        status: int | None = None,
        duration_ms: int = 0,
    ) -> None:
        self.kind = kind
        self.url = url
        self.detail = detail
        self.status = status
        self.duration_ms = duration_ms
        self.alert_type, message = _alert(kind, url, status)
        super().__init__(message)

    @property
    def retry_class(self) -> str:
        """The class that `#rp=` names, or nothing when no repetition can help."""
        if self.kind == "status":
            return "5xx" if (self.status or 0) >= 500 else "4xx"
        return {"connect": "ct", "timeout": "rt"}.get(self.kind, "")


def _alert(kind: Kind, url: str, status: int | None) -> tuple[str, str]:
    if kind == "invalid":
        return "invalid-app-payload", f"{url} returned an invalid app payload"
    if kind != "status":
        return "webhook-connection-failure", f"failed to connect to {url}"
    if status == 404:
        return "webhook-url-notfound", f"webhook url not found: {url}"
    if status in {401, 403}:
        return "webhook-auth-failure", f"authentication failure: {url}"
    return "webhook-failure", f"{url} returned {status}"


CLIENT_ERRORS = (aiohttp.ClientError, OSError, UnicodeError)
"""What an aiohttp request may raise; TimeoutError is an OSError."""


def kind_of(failure: Exception) -> tuple[Kind, str]:
    """Which kind one of CLIENT_ERRORS is, and the text for people."""
    if isinstance(failure, aiohttp.ClientConnectorCertificateError):
        return "connect", _text_of(failure.certificate_error)
    if isinstance(failure, aiohttp.ClientConnectorError):
        if isinstance(failure.os_error, EgressRefused):
            return "egress", str(failure.os_error)
        return "connect", _text_of(failure.os_error)
    if isinstance(failure, aiohttp.ConnectionTimeoutError):
        return "connect", "no connection in time"
    if isinstance(failure, TimeoutError):
        return "timeout", "no answer in time"
    return "connect", _text_of(failure)


def _text_of(failure: Exception) -> str:
    return str(failure) or type(failure).__name__


def shown_url(url: str) -> str:
    """The address as alerts, events and logs may show it: no credentials, query or fragment."""
    try:
        parsed = URL(url)
        return str(parsed.with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        return url.partition("?")[0].partition("#")[0].rpartition("@")[2]
