"""How much an account or a service provider may use at once."""

from dataclasses import dataclass

CALLS = "voice_call_session"  # calls in progress
DEVICES = "device"  # devices registered at the same time
API_RATE = "api_rate"  # API requests per minute, all keys together


@dataclass(frozen=True, slots=True)
class Limit:
    """Of an account when `account_sid` is set, else of the provider for all its accounts."""

    limit_sid: str
    category: str
    quantity: int
    account_sid: str | None = None
    service_provider_sid: str | None = None
