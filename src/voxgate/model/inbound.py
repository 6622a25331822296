"""What recognising an inbound call needs of tenants and trunks, and no more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tenant:
    account_sid: str
    service_provider_sid: str
    sip_realm: str | None = None
    is_active: bool = True
    device_calling_application_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    """An active carrier that calls may come from."""

    voip_carrier_sid: str
    name: str
    account_sid: str | None = None
    service_provider_sid: str | None = None
    application_sid: str | None = None
    trunk_type: str = "static_ip"  # "auth": must authenticate whatever its address
    inbound_auth_username: str | None = None
    inbound_auth_password: str | None = None
    register_username: str | None = None  # how it calls us when it knows no number


@dataclass(frozen=True, slots=True)
class Entrance:
    """An active inbound gateway: the addresses that a trunk calls from."""

    voip_carrier_sid: str
    address: str  # IPv4
    netmask: int = 32
