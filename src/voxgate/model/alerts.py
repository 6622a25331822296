"""Something an operator of an account should look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alert:
    """`alert_type` is a word of the wire contract; `target_sid` is usually a call."""

    at: float  # seconds since 1970
    account_sid: str
    alert_type: str
    message: str
    service_provider_sid: str | None = None
    detail: str | None = None
    target_sid: str | None = None
    vendor: str | None = None
