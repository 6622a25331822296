"""SIP trunks, their gateways, and the rules that choose among them."""

from dataclasses import dataclass, field

SANDBOX = "sandbox"  # reserved carrier name: the scriptable far end


@dataclass(frozen=True, slots=True)
class Carrier:
    """A trunk; of an account when `account_sid` is set, else of the service provider."""

    voip_carrier_sid: str
    name: str
    account_sid: str | None = None
    service_provider_sid: str | None = None
    description: str | None = None
    application_sid: str | None = None
    is_active: bool = True
    tech_prefix: str | None = None
    e164_leading_plus: bool = False
    diversion: str | None = None
    outbound_sip_proxy: str | None = None
    register_username: str | None = None
    register_password: str | None = None
    register_from_domain: str | None = None
    trunk_type: str = "static_ip"  # how its calls to us are recognised: "static_ip", "auth", "reg"
    inbound_auth_username: str | None = None
    inbound_auth_password: str | None = None
    requires_register: bool = False  # we register there, and stay registered
    register_sip_realm: str | None = None
    register_from_user: str | None = None
    register_public_ip_in_contact: bool = False
    register_status: str = field(default="{}", compare=False)  # JSON; kept beside the carrier
    made_by_account: bool = False  # then the egress policy applies to its gateways
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """One address of a carrier. Lower `priority` first, then the older one."""

    sip_gateway_sid: str
    voip_carrier_sid: str
    host: str  # `ipv4` on the wire: an IPv4 address or a DNS name
    port: int | None = None
    netmask: int = 32
    inbound: bool = False
    outbound: bool = True
    protocol: str = "udp"
    is_active: bool = True
    send_options_ping: bool = False
    priority: int = 0
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class CarrierSetEntry:
    lcr_carrier_set_entry_sid: str
    lcr_route_sid: str
    voip_carrier_sid: str
    workload: int = 1
    priority: int = 0
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class LcrRoute:
    """One rule: digits are a prefix of the called number, `^...` a regular expression."""

    lcr_route_sid: str
    lcr_sid: str
    regex: str
    priority: int = 0
    description: str | None = None
    entries: tuple[CarrierSetEntry, ...] = ()
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Lcr:
    """A table of rules; of an account when `account_sid` is set, else of the provider."""

    lcr_sid: str
    name: str
    account_sid: str | None = None
    service_provider_sid: str | None = None
    is_active: bool = True
    default_carrier_set_entry_sid: str | None = None
    routes: tuple[LcrRoute, ...] = ()
    created_at: float = 0.0
