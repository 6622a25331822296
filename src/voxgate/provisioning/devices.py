"""Where registered devices are: the location service behind REGISTER and `to.type: user`.

Registrations change too often to be provisioning: writing one leaves every cache as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from voxgate.base.clock import Clock
from voxgate.base.errors import VoxgateError
from voxgate.model.devices import Registration
from voxgate.model.inbound import Tenant
from voxgate.model.limits import DEVICES, Limit
from voxgate.provisioning.errors import Unavailable
from voxgate.sip.registrar import Known, Wish, apply
from voxgate.sip.transaction.destination import Destination
from voxgate.store import registrations
from voxgate.store.engine import Connection, Database, StoreUnavailable

T = TypeVar("T")

# A NAT forgets an idle UDP mapping after some minutes; the device must come back before that.
NAT_EXPIRES_S = 60


class DeviceLimitReached(VoxgateError):
    """One more contact would be too many for the account or its provider."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(f"at most {limit.quantity} devices may be registered")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Registrant:
    """Whose contacts a REGISTER is about, and where it came from."""

    tenant: Tenant
    username: str
    source: Destination
    user_agent: str | None = None
    expires_most_s: int | None = None  # what a registration hook granted
    application_sid: str | None = None


class Devices:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def registered(self, account_sid: str, username: str) -> list[Registration]:
        """The user's contacts, the newest first. Raises Unavailable."""
        now = self._clock.wall()
        return await self._read(
            lambda c: registrations.of_user(c, account_sid, username.lower(), now=now)
        )

    async def is_at(self, address: str) -> bool:
        """Whether anybody is registered from there. Raises Unavailable."""
        now = self._clock.wall()
        return await self._read(lambda c: registrations.any_at(c, address, now=now))

    async def register(
        self, who: Registrant, wish: Wish, limits: Sequence[Limit]
    ) -> list[Registration]:
        """Carry out a wish; the contacts there are afterwards.

        Raises RegisterRefused, DeviceLimitReached or Unavailable, with nothing changed.
        """
        now = self._clock.wall()
        account_sid, username = who.tenant.account_sid, who.username.lower()

        def change(connection: Connection) -> list[Registration]:
            known = registrations.of_user(connection, account_sid, username, now=now)
            removed, kept = apply(wish, [Known(k.contact, k.call_id, k.cseq) for k in known])
            fresh = [self._registration(who, wish, b.contact, b.expires_s, now) for b in kept]
            left = {k.contact for k in known} - set(removed) | {r.contact for r in fresh}
            if len(left) > len(known):
                _check_limits(connection, who, limits, len(left), now=now)
            registrations.replace(connection, account_sid, username, removed=removed, kept=fresh)
            return registrations.of_user(connection, account_sid, username, now=now)

        if not (wish.bindings or wish.remove_all):
            return await self.registered(account_sid, username)
        try:
            return await self._database.write(change)
        except StoreUnavailable as away:
            raise Unavailable(str(away)) from away

    def _registration(
        self, who: Registrant, wish: Wish, contact: str, expires_s: int, now: float
    ) -> Registration:
        registration = Registration(
            account_sid=who.tenant.account_sid,
            username=who.username.lower(),
            realm=who.tenant.sip_realm or "",
            contact=contact,
            transport=who.source.transport,
            source_host=who.source.host,
            source_port=who.source.port or 5060,
            call_id=wish.call_id,
            cseq=wish.cseq,
            registered_at=now,
            expires_at=now,
            user_agent=who.user_agent,
            application_sid=who.application_sid,
        )
        most = who.expires_most_s if who.expires_most_s is not None else expires_s
        if not registration.is_direct and registration.transport == "udp":
            most = min(most, NAT_EXPIRES_S)
        return replace(registration, expires_at=now + min(expires_s, most))

    async def _read(self, question: Callable[[Connection], T]) -> T:
        try:
            return await self._database.read(question)
        except StoreUnavailable as away:
            raise Unavailable(str(away)) from away


def _check_limits(
    connection: Connection, who: Registrant, limits: Sequence[Limit], own: int, *, now: float
) -> None:
    for limit in limits:
        if limit.category != DEVICES:
            continue
        others = registrations.count_devices(
            connection,
            now=now,
            account_sid=limit.account_sid,
            service_provider_sid=limit.service_provider_sid,
            but_for=who.username.lower(),
        )
        if others + own > limit.quantity:
            raise DeviceLimitReached(limit)
