"""How many calls each tenant has in progress, and whether it may have one more.

Counted at the moment a call is let in, not when it is on disk, so that a burst cannot slip through.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.model.accounts import Account
from voxgate.model.alerts import Alert
from voxgate.model.limits import CALLS, Limit


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Who a call is counted for."""

    account_sid: str
    service_provider_sid: str


class Capacity:
    """One per process; `admit` and `release` are each called once per call."""

    def __init__(self, clock: Clock, raise_alert: Callable[[Alert], None]) -> None:
        self._clock = clock
        self._raise_alert = raise_alert
        self._calls: Counter[str] = Counter()

    def admit(self, tenancy: Tenancy, limits: Sequence[Limit]) -> Limit | None:
        """Count one more call; with an answer nothing is counted: that limit is reached."""
        for limit in limits:
            if limit.category == CALLS and self._calls[_owner(limit)] >= limit.quantity:
                self._raise_alert(limit_alert(limit, tenancy, now=self._clock.wall()))
                return limit
        self._calls[tenancy.account_sid] += 1
        self._calls[tenancy.service_provider_sid] += 1
        return None

    def release(self, tenancy: Tenancy) -> None:
        for sid in (tenancy.account_sid, tenancy.service_provider_sid):
            self._calls[sid] -= 1
            if self._calls[sid] <= 0:
                del self._calls[sid]


_NOUNS = {"voice_call_session": "call", "device": "device", "api_rate": "api"}


def limit_alert(limit: Limit, tenancy: Tenancy, *, now: float) -> Alert:
    """`account-call-limit` and its siblings (contract 10.1)."""
    owner = "account" if limit.account_sid is not None else "service-provider"
    noun = _NOUNS[limit.category]
    what = {"call": "calls in progress", "device": "registered devices", "api": "API requests"}
    return Alert(
        at=now,
        account_sid=tenancy.account_sid,
        alert_type=f"{owner}-{noun}-limit",
        message=f"the {owner.replace('-', ' ')}'s limit of {limit.quantity} {what[noun]} is reached",
        service_provider_sid=tenancy.service_provider_sid,
        detail=str(limit.quantity),
    )


def tenancy_of(account: Account) -> Tenancy:
    return Tenancy(account.account_sid, account.service_provider_sid)


def full_text(limit: Limit) -> str:
    """What a caller is told whose call is one too many (contract 10.4)."""
    owner = "Account" if limit.account_sid is not None else "Service Provider"
    return f"Max {owner} Calls In Progress"


def _owner(limit: Limit) -> str:
    return limit.account_sid or limit.service_provider_sid or ""
