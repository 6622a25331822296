"""From a request and the account's trunks to an ordered list of attempts, each with its reason.

Order of choice: the trunk the request names; the trunk of the caller's registered number; the
account's rules, then the provider's; for a dialled call the trunk that its caller came in on; one
of the active carriers at random. Pure: the caller hands in the facts and the dice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voxgate.base.errors import VoxgateError
from voxgate.model.calls import Target
from voxgate.model.carriers import SANDBOX, Carrier, CarrierSetEntry, Gateway, Lcr, LcrRoute
from voxgate.model.devices import Registration
from voxgate.model.numbers import PhoneNumber
from voxgate.routing import pattern

DEFAULT_ROUTE_PRIORITY = 9999


class Dice(Protocol):
    """The part of `random.Random` that routing uses."""

    def random(self) -> float: ...


class RouteRefused(VoxgateError):
    """No usable way to the callee; `field` is the part of the request to change."""

    def __init__(self, field: str, msg: str) -> None:
        super().__init__(msg)
        self.field = field
        self.msg = msg


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything routing may know of one account. Carriers: the account's and its provider's."""

    carriers: tuple[Carrier, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    numbers: tuple[PhoneNumber, ...] = ()
    account_lcr: Lcr | None = None
    provider_lcr: Lcr | None = None
    unreachable: frozenset[str] = frozenset()  # gateways whose OPTIONS ping fails
    registered: tuple[Registration, ...] = ()  # contacts of the user who is called

    def named(self, name: str) -> Carrier | None:
        """The account's carrier of that name before the provider's."""
        found = [carrier for carrier in self.carriers if carrier.name == name]
        return min(found, key=lambda carrier: carrier.account_sid is None, default=None)

    def by_sid(self, sid: str) -> Carrier | None:
        return next((c for c in self.carriers if c.voip_carrier_sid == sid), None)

    def gateways_of(self, carrier: Carrier) -> list[Gateway]:
        """Active outbound gateways by priority, then age; those that fail their ping come last."""
        usable = [
            gateway
            for gateway in self.gateways
            if gateway.voip_carrier_sid == carrier.voip_carrier_sid
            and gateway.outbound
            and gateway.is_active
        ]
        return sorted(
            usable,
            key=lambda g: (g.sip_gateway_sid in self.unreachable, g.priority, g.created_at),
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One place to send the INVITE. A `sip` target has no carrier and no gateway.

    A `user` target has the contact that a device of the user registered.
    """

    carrier: Carrier | None
    gateway: Gateway | None
    reason: str
    contact: Registration | None = None


@dataclass(frozen=True, slots=True)
class RoutePlan:
    rule: str  # which step of the order decided
    reason: str  # the same for people
    attempts: tuple[Attempt, ...]


def plan(
    from_user: str, to: Target, facts: Facts, dice: Dice, *, arrived_on: str | None = None
) -> RoutePlan:
    """Raises RouteRefused when nothing usable is left; never falls back in silence.

    `arrived_on` names the trunk that brought the call in whose application dials this one.
    """
    if to.type == "sip":
        attempt = Attempt(None, None, "the request gives the SIP URI")
        return RoutePlan("sip_uri", attempt.reason, (attempt,))
    if to.type == "user":
        return _registered_user(to.name or "", facts)
    if to.trunk is not None:
        return _named_trunk(to.trunk, facts)
    called = to.number or ""
    chosen = (
        _number_trunk(from_user, facts)
        or _by_rules("account_rule", facts.account_lcr, called, facts, dice)
        or _by_rules("provider_rule", facts.provider_lcr, called, facts, dice)
        or _caller_trunk(arrived_on, facts)
        or _any_carrier(facts, dice)
    )
    if chosen is None:
        raise RouteRefused(
            "to",
            "no usable carrier: add a carrier with an active outbound gateway, "
            f'or name the trunk "{SANDBOX}" to practise without one',
        )
    return chosen


def _registered_user(name: str, facts: Facts) -> RoutePlan:
    """Every device of the user, the one registered last first.

    A call of its own tries them in turn, `dial` rings them at once.
    """
    if not facts.registered:
        raise RouteRefused("to.name", f"{name!r} is not registered")
    attempts = tuple(
        Attempt(None, None, f"{name!r} is registered at {contact.source_host}", contact)
        for contact in facts.registered
    )
    return RoutePlan("registered_user", f"the request names the user {name!r}", attempts)


def _named_trunk(name: str, facts: Facts) -> RoutePlan:
    carrier = facts.named(name)
    if carrier is None:
        known = ", ".join(sorted({c.name for c in facts.carriers})) or "none"
        raise RouteRefused("to.trunk", f"no carrier is named {name!r}; carriers: {known}")
    if not carrier.is_active:
        raise RouteRefused("to.trunk", f"carrier {name!r} is not active; set its is_active")
    reason = f"the request names trunk {name!r}"
    attempts = _attempts(carrier, facts, reason)
    if not attempts:
        raise RouteRefused("to.trunk", f"carrier {name!r} has no active outbound gateway; add one")
    return RoutePlan("named_trunk", reason, attempts)


def _number_trunk(from_user: str, facts: Facts) -> RoutePlan | None:
    registered = [
        number
        for number in facts.numbers
        if number.voip_carrier_sid and pattern.matches_registered(number.number, from_user)
    ]
    # The account's before the provider's, an exact number before a pattern.
    registered.sort(key=lambda n: (n.account_sid is None, n.number != from_user.removeprefix("+")))
    for number in registered:
        carrier = facts.by_sid(number.voip_carrier_sid or "")
        if carrier is None or not carrier.is_active:
            continue
        reason = f"the caller's number is registered on trunk {carrier.name!r}"
        if attempts := _attempts(carrier, facts, reason):
            return RoutePlan("number_trunk", reason, attempts)
    return None


def _caller_trunk(name: str | None, facts: Facts) -> RoutePlan | None:
    carrier = facts.named(name) if name is not None else None
    if carrier is None or not carrier.is_active:
        return None
    reason = f"the call that dials came in on trunk {carrier.name!r}"
    attempts = _attempts(carrier, facts, reason)
    return RoutePlan("caller_trunk", reason, attempts) if attempts else None


def _by_rules(
    rule: str, table: Lcr | None, called: str, facts: Facts, dice: Dice
) -> RoutePlan | None:
    if table is None or not table.is_active:
        return None
    owner = "the account's" if rule == "account_rule" else "the provider's"
    for route in sorted(table.routes, key=lambda r: r.priority):
        if pattern.matches(route.regex, called):
            reason = f"{owner} rule {route.regex!r} matches the called number"
            return _along(rule, reason, _in_turn(route.entries, dice), facts)
    default = [entry for entry in _entries(table.routes) if _is_default(entry, table)]
    if default:
        return _along(rule, f"{owner} default rule", default, facts)
    return None


def _entries(routes: Sequence[LcrRoute]) -> Iterable[CarrierSetEntry]:
    return (entry for route in routes for entry in route.entries)


def _is_default(entry: CarrierSetEntry, table: Lcr) -> bool:
    return entry.lcr_carrier_set_entry_sid == table.default_carrier_set_entry_sid


def _in_turn(entries: Sequence[CarrierSetEntry], dice: Dice) -> list[CarrierSetEntry]:
    """By priority; among equals a larger `workload` comes first more often (A-ES sampling)."""

    def turn(entry: CarrierSetEntry) -> tuple[int, float]:
        return entry.priority, -(dice.random() ** (1.0 / max(entry.workload, 1)))

    return sorted(entries, key=turn)


def _along(
    rule: str, reason: str, entries: Sequence[CarrierSetEntry], facts: Facts
) -> RoutePlan | None:
    """The gateways of every usable carrier of a rule, in order; None lets the next step decide."""
    attempts: list[Attempt] = []
    for entry in entries:
        carrier = facts.by_sid(entry.voip_carrier_sid)
        if carrier is not None and carrier.is_active and carrier.name != SANDBOX:
            attempts += _attempts(carrier, facts, reason)
    return RoutePlan(rule, reason, tuple(attempts)) if attempts else None


def _any_carrier(facts: Facts, dice: Dice) -> RoutePlan | None:
    """At random: the account's active carriers, else the provider's, else the sandbox."""
    usable = [c for c in facts.carriers if c.is_active and facts.gateways_of(c)]
    real = [c for c in usable if c.name != SANDBOX]
    # The sandbox stands in only while no other carrier exists, active or not.
    if not real and all(c.name == SANDBOX for c in facts.carriers):
        real = usable
    own = [c for c in real if c.account_sid is not None] or real
    if not own:
        return None
    carrier = own[min(int(dice.random() * len(own)), len(own) - 1)]
    if carrier.name == SANDBOX:
        reason = "the account has no carrier of its own, so the sandbox answers"
    elif len(own) == 1:
        reason = f"{carrier.name!r} is the only active carrier"
    else:
        reason = f"{carrier.name!r} was drawn from {len(own)} active carriers"
    return RoutePlan("any_carrier", reason, _attempts(carrier, facts, reason))


def _attempts(carrier: Carrier, facts: Facts, reason: str) -> tuple[Attempt, ...]:
    return tuple(Attempt(carrier, gateway, reason) for gateway in facts.gateways_of(carrier))
