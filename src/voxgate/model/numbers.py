"""Registered phone numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """`number` has no leading plus; it may be a wildcard (`4930*`) or start with `^`."""

    phone_number_sid: str
    number: str
    account_sid: str | None = None
    service_provider_sid: str | None = None
    voip_carrier_sid: str | None = None
    application_sid: str | None = None
    created_at: float = 0.0
