"""Whose call is this, and which application takes it (contract section 11.2). Pure.

Only the address a message really came from counts; headers that claim another one are never read.
`identify` tells trunk, device or nobody; `choose` finds account and application of a trunk's call;
`choose_for_device` those of a device's.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from voxgate.model.inbound import Entrance, Tenant, Trunk
from voxgate.model.numbers import PhoneNumber
from voxgate.routing import pattern
from voxgate.sip.grammar import is_address

ANONYMOUS = "anonymous"  # what an empty user part is looked up as

SAME_NUMBER = (
    "Multiple accounts are attempting to route the same phone number from the same carrier"
)
SAME_DEFAULT = "Multiple accounts are attempting to default route this carrier"
SAME_GATEWAY = (
    "Multiple carriers with the same gateway are attempting to route the same number"
    " for this account"
)
NOT_PROVISIONED = "Number Not Provisioned"
NO_APPLICATION = "no configured application"
INACTIVE = "Account exists but is inactive"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The final response; `account_sid` when it is known whose call was refused."""

    status: int
    reason: str = ""
    x_reason: str | None = None
    account_sid: str | None = None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return () if self.x_reason is None else (("X-Reason", self.x_reason),)


@dataclass(frozen=True, slots=True)
class FromTrunk:
    """It came from these trunks' addresses; `tenant` when the request URI named its realm."""

    trunks: tuple[Trunk, ...]
    tenant: Tenant | None = None

    @property
    def must_log_in(self) -> bool:
        """Whether an address alone is not enough: every trunk it may be wants a password."""
        return all(trunk.trunk_type == "auth" for trunk in self.trunks)


@dataclass(frozen=True, slots=True)
class FromDevice:
    """From nowhere known, to a tenant's realm: a device or a trunk that has to log in."""

    tenant: Tenant
    realm: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who takes the call. `app_json` instead of an application: the gateway's own few verbs."""

    account_sid: str
    application_sid: str | None = None
    trunk: Trunk | None = None
    reason: str = ""
    app_json: str | None = None


@dataclass(frozen=True, slots=True)
class Atlas:
    """Everybody who may call in, indexed; build it with `Atlas.of`."""

    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    realms: Mapping[str, Tenant] = field(default_factory=dict)
    trunks: Mapping[str, Trunk] = field(default_factory=dict)
    networks: Mapping[int, Mapping[int, tuple[str, ...]]] = field(default_factory=dict)
    """By netmask, then network address: the sids of the trunks there."""

    @classmethod
    def of(
        cls, tenants: Iterable[Tenant], trunks: Iterable[Trunk], entrances: Iterable[Entrance]
    ) -> "Atlas":
        by_sid = {tenant.account_sid: tenant for tenant in tenants}
        known = {trunk.voip_carrier_sid: trunk for trunk in trunks}
        networks: dict[int, dict[int, tuple[str, ...]]] = {}
        for entrance in entrances:
            if entrance.voip_carrier_sid not in known:
                continue
            network = _number_of(entrance.address)
            if network is None:
                continue
            of_mask = networks.setdefault(entrance.netmask, {})
            start = network & _mask(entrance.netmask)
            before = of_mask.get(start, ())
            if entrance.voip_carrier_sid not in before:
                of_mask[start] = (*before, entrance.voip_carrier_sid)
        realms = {t.sip_realm: t for t in by_sid.values() if t.sip_realm}
        return cls(by_sid, realms, known, networks)

    def trunks_at(self, address: str) -> tuple[Trunk, ...]:
        """The trunks that call from there, the narrowest network first."""
        number = _number_of(address)
        if number is None:
            return ()
        sids = dict.fromkeys(
            sid
            for netmask in sorted(self.networks, reverse=True)
            for sid in self.networks[netmask].get(number & _mask(netmask), ())
        )
        return tuple(self.trunks[sid] for sid in sids)

    def tenant_at(self, host: str) -> Tenant | None:
        """The tenant whose realm a host name is, or lies under."""
        name = host.lower().rstrip(".")
        while name:
            if (tenant := self.realms.get(name)) is not None:
                return tenant
            name = name.partition(".")[2]
        return None

    def usable_by(self, trunk: Trunk, tenant: Tenant) -> bool:
        if trunk.account_sid is not None:
            return trunk.account_sid == tenant.account_sid
        return trunk.service_provider_sid == tenant.service_provider_sid


def identify(
    host: str, source_ip: str, atlas: Atlas, *, registered: Sequence[str] = ()
) -> FromTrunk | FromDevice | Refusal:
    """`host` is that of the request URI.

    `registered` are sids of trunks that we are registered with at this address; they count when
    no gateway says who calls from there.
    """
    learned = tuple(atlas.trunks[sid] for sid in registered if sid in atlas.trunks)
    at_source = atlas.trunks_at(source_ip) or learned
    tenant = None if is_address(host) else atlas.tenant_at(host)
    if tenant is not None:
        own = tuple(trunk for trunk in at_source if atlas.usable_by(trunk, tenant))
        return FromTrunk(own, tenant) if own else FromDevice(tenant, host.lower())
    return FromTrunk(at_source) if at_source else Refusal(404)


def choose(
    caller: FromTrunk, user: str, numbers: Sequence[PhoneNumber], atlas: Atlas
) -> Chosen | Refusal:
    """`numbers`: those that may be meant, on these trunks or on none (exact ones and patterns)."""
    called = user.removeprefix("+") or ANONYMOUS
    found = _by_number(caller, called, numbers, atlas)
    if found is None:
        found = _by_default(caller)
    if isinstance(found, Chosen):
        tenant = atlas.tenants.get(found.account_sid)
        if tenant is None or not tenant.is_active:
            return Refusal(503, x_reason=INACTIVE, account_sid=found.account_sid)
        if found.application_sid is None:
            return Refusal(480, x_reason=NO_APPLICATION, account_sid=found.account_sid)
    return found


def _by_number(
    caller: FromTrunk, called: str, numbers: Sequence[PhoneNumber], atlas: Atlas
) -> Chosen | Refusal | None:
    """The best of the numbers that match; None when none does."""
    matching = [number for number in numbers if _matches(number.number, called)]
    for rank in sorted({_rank(number) for number in matching}):
        takers = _takers(caller, [n for n in matching if _rank(n) == rank], atlas)
        if takers:
            return _one_of(takers, SAME_NUMBER)
    return None


def _takers(
    caller: FromTrunk, numbers: Sequence[PhoneNumber], atlas: Atlas
) -> list[tuple[Chosen, PhoneNumber]]:
    takers = []
    for number in numbers:
        for trunk in caller.trunks:
            account_sid = _account_of(number, trunk, caller, atlas)
            if account_sid is None:
                continue
            application_sid = number.application_sid
            if application_sid is None and trunk.account_sid == account_sid:
                application_sid = trunk.application_sid
            reason = f"number {number.number!r} on trunk {trunk.name!r}"
            takers.append((Chosen(account_sid, application_sid, trunk, reason), number))
            if number.voip_carrier_sid is None:
                break  # a number without a trunk of its own comes in over any, once
    return takers


def _account_of(number: PhoneNumber, trunk: Trunk, caller: FromTrunk, atlas: Atlas) -> str | None:
    """Whose call it is when `number` is dialled over `trunk`; None: not over this trunk."""
    if number.voip_carrier_sid not in {None, trunk.voip_carrier_sid}:
        return None
    account_sid = number.account_sid or trunk.account_sid
    if account_sid is None:
        # A provider's own number over the provider's own trunk: clear with one account only.
        of_provider = [
            tenant
            for tenant in atlas.tenants.values()
            if tenant.service_provider_sid == trunk.service_provider_sid
        ]
        account_sid = of_provider[0].account_sid if len(of_provider) == 1 else None
    tenant = atlas.tenants.get(account_sid) if account_sid is not None else caller.tenant
    if tenant is None or not atlas.usable_by(trunk, tenant):
        return None
    wanted = caller.tenant
    return None if wanted and wanted.account_sid != tenant.account_sid else tenant.account_sid


def _one_of(takers: Sequence[tuple[Chosen, PhoneNumber]], many_accounts: str) -> Chosen | Refusal:
    accounts = {chosen.account_sid for chosen, _ in takers}
    if len(accounts) > 1:
        return Refusal(503, x_reason=many_accounts)
    bound = [(chosen, number) for chosen, number in takers if number.voip_carrier_sid is not None]
    trunks = {chosen.trunk.voip_carrier_sid for chosen, _ in bound if chosen.trunk is not None}
    if len(trunks) > 1:
        return Refusal(503, x_reason=SAME_GATEWAY, account_sid=accounts.pop())
    return (bound or takers)[0][0]


def _by_default(caller: FromTrunk) -> Chosen | Refusal:
    if caller.tenant is not None:
        of_tenant = caller.tenant.account_sid
        with_default = [t for t in caller.trunks if t.application_sid] or list(caller.trunks)
        trunk = with_default[0]
        reason = f"trunk {trunk.name!r} to the realm of the account"
        return Chosen(of_tenant, trunk.application_sid, trunk, reason)
    usable = [t for t in caller.trunks if t.account_sid is not None and t.application_sid]
    if not usable:
        return Refusal(404, NOT_PROVISIONED)
    if len({trunk.account_sid for trunk in usable}) > 1:
        return Refusal(503, x_reason=SAME_DEFAULT)
    if len({trunk.application_sid for trunk in usable}) > 1:
        return Refusal(503, x_reason=SAME_GATEWAY, account_sid=usable[0].account_sid)
    trunk = usable[0]
    reason = f"the default of trunk {trunk.name!r}"
    return Chosen(trunk.account_sid or "", trunk.application_sid, trunk, reason)


def _matches(registered: str, called: str) -> bool:
    try:
        return pattern.matches_registered(registered, called)
    except pattern.BadPattern:  # stored by a version that could read it
        return False


def _rank(number: PhoneNumber) -> tuple[bool, bool, int]:
    """Exact numbers first, then patterns, the longest first; bound to a trunk before unbound."""
    is_pattern = number.number.startswith("^") or number.number.endswith("*")
    return is_pattern, number.voip_carrier_sid is None, -len(number.number) if is_pattern else 0


def _number_of(address: str) -> int | None:
    """An IPv4 address as a number; an IPv6 one that wraps an IPv4 one counts as that."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        return int(parsed.ipv4_mapped) if parsed.ipv4_mapped is not None else None
    return int(parsed)


def _mask(netmask: int) -> int:
    return (0xFFFFFFFF << (32 - netmask)) & 0xFFFFFFFF
