"""What placing a call has to look up, kept in memory: keys, accounts, applications, trunks.

Warm look-ups cost no SQL. Every provisioning write raises a number in the database; this process
drops its entries at once, others notice within `max_age_s`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.secrets import SecretBox, SecretUnreadable, token_digest
from voxgate.base.tasks import Nursery
from voxgate.model.accounts import Account, ApiKey
from voxgate.model.applications import Application
from voxgate.model.calls import Target
from voxgate.model.devices import Client
from voxgate.model.inbound import Trunk
from voxgate.model.limits import Limit
from voxgate.model.numbers import PhoneNumber
from voxgate.provisioning.errors import NotAuthenticated, Unavailable
from voxgate.provisioning.permissions import Principal, Scope
from voxgate.routing.inbound import Atlas
from voxgate.routing.outbound import Facts
from voxgate.store import (
    accounts,
    api_keys,
    applications,
    carriers,
    clients,
    gateways,
    generation,
    inbound,
    lcrs,
    limits,
    numbers,
    registrations,
)
from voxgate.store.engine import Connection, Database, StoreUnavailable

log = get_logger("directory")

T = TypeVar("T")

_ENTRIES_MAX = 20_000
_TOUCH_EVERY_S = 60.0


class Directory:
    """The cached read side of provisioning. `close()` ends its background work."""

    def __init__(
        self, database: Database, box: SecretBox, clock: Clock, *, max_age_s: float = 2.0
    ) -> None:
        self._database = database
        self._box = box
        self._clock = clock
        self._max_age_s = max_age_s
        self._entries: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._loading: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self._generation = -1
        self._checked_at = float("-inf")
        self._epoch = 0
        self._touched: OrderedDict[str, float] = OrderedDict()
        self._tasks = Nursery("directory")

    async def principal(self, token: str) -> Principal:
        """Raises NotAuthenticated; Unavailable when the database is away."""
        digest = token_digest(token)
        found = await self._cached(("key", digest), lambda c: _principal(c, digest, self._box))
        if found is None:
            raise NotAuthenticated("unknown API key")
        key, principal = found
        now = self._clock.wall()
        if key.expires_at is not None and key.expires_at <= now:
            raise NotAuthenticated("this API key has expired")
        self._touch(key.api_key_sid, now)
        return principal

    async def account(self, account_sid: str) -> Account | None:
        return await self._cached(
            ("account", account_sid), lambda c: accounts.get(c, account_sid, self._box)
        )

    async def application(self, application_sid: str) -> Application | None:
        return await self._cached(
            ("application", application_sid),
            lambda c: applications.get(c, application_sid, self._box),
        )

    async def facts(self, account: Account) -> Facts:
        """Carriers, gateways, numbers and rules that the account may use."""
        found = await self._cached(
            ("facts", account.account_sid), lambda c: _facts(c, account, self._box)
        )
        return found or Facts()

    async def facts_for(self, account: Account, to: Target) -> Facts:
        """The facts for calling this target: of a user also where its devices are now."""
        facts = await self.facts(account)
        if to.type != "user":
            return facts
        user, _, realm = (to.name or "").partition("@")
        if realm and realm.lower() != account.sip_realm:
            return facts
        now = self._clock.wall()
        try:
            found = await self._database.read(
                lambda c: registrations.of_user(c, account.account_sid, user.lower(), now=now)
            )
        except StoreUnavailable as away:
            raise Unavailable(str(away)) from away
        return replace(facts, registered=tuple(found))

    async def atlas(self) -> Atlas:
        """Everybody who may call in."""
        found = await self._cached(("atlas", ""), lambda c: _atlas(c, self._box))
        return found or Atlas()

    async def numbers_on(self, trunks: Sequence[Trunk], called: str) -> list[PhoneNumber]:
        """Numbers and patterns on these trunks, or on none, that a call to `called` may mean."""
        sids = sorted(trunk.voip_carrier_sid for trunk in trunks)
        of_trunks = " ".join(sids)
        exact = await self._cached(
            ("number", f"{called} {of_trunks}"), lambda c: inbound.numbers(c, called, sids) or None
        )
        patterns = await self._cached(("patterns", of_trunks), lambda c: inbound.patterns(c, sids))
        return [*(exact or ()), *(patterns or ())]

    async def client(self, account_sid: str, username: str) -> Client | None:
        return await self._cached(
            ("client", f"{account_sid} {username}"),
            lambda c: clients.by_username(c, account_sid, username, self._box),
        )

    async def limits(self, account_sid: str, service_provider_sid: str) -> list[Limit]:
        """The account's own and its provider's."""
        found = await self._cached(
            ("limits", account_sid), lambda c: limits.binding(c, account_sid, service_provider_sid)
        )
        return found or []

    def changed(self, number: int) -> None:
        """This process has written; `number` is the generation of that write."""
        self._generation = number
        self._forget()

    async def close(self) -> None:
        await self._tasks.close()

    def _forget(self) -> None:
        self._epoch += 1
        self._entries.clear()
        self._loading.clear()

    async def _cached(
        self, key: tuple[str, str], load: Callable[[Connection], T | None]
    ) -> T | None:
        if self._clock.monotonic() - self._checked_at > self._max_age_s:
            await self._once(("generation", ""), self._check)
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key]  # type: ignore[no-any-return]  # keyed by what it is
        return await self._once(key, lambda: self._load(key, load))

    async def _once(self, key: tuple[str, str], work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Many may ask at once for what is not there; one question goes to the database."""
        task: asyncio.Task[T] | None = self._loading.get(key)
        if task is None:
            task = self._tasks.start(work(), name=key[0])
            self._loading[key] = task
            task.add_done_callback(lambda done: self._loaded(key, done))
        try:
            return await asyncio.shield(task)
        except (StoreUnavailable, SecretUnreadable) as away:
            raise Unavailable(str(away)) from away

    def _loaded(self, key: tuple[str, str], task: asyncio.Task[Any]) -> None:
        if self._loading.get(key) is task:
            del self._loading[key]

    async def _load(self, key: tuple[str, str], load: Callable[[Connection], T | None]) -> T | None:
        epoch = self._epoch
        found = await self._database.read(load)
        # What was read before a change must not be kept after it; and absence is never kept, so
        # that guessed keys cannot push out real ones.
        if found is not None and epoch == self._epoch:
            self._entries[key] = found
            if len(self._entries) > _ENTRIES_MAX:
                self._entries.popitem(last=False)
        return found

    async def _check(self) -> None:
        asked_at = self._clock.monotonic()
        number = await self._database.read(generation.current)
        if number != self._generation:
            self._generation = number
            self._forget()
        self._checked_at = asked_at

    def _touch(self, api_key_sid: str, now: float) -> None:
        if now - self._touched.get(api_key_sid, 0.0) < _TOUCH_EVERY_S:
            return
        self._touched[api_key_sid] = now
        self._touched.move_to_end(api_key_sid)
        if len(self._touched) > _ENTRIES_MAX:
            self._touched.popitem(last=False)
        self._tasks.start(self._note_use(api_key_sid, now), name="last_used")

    async def _note_use(self, api_key_sid: str, now: float) -> None:
        try:
            await self._database.write(lambda c: api_keys.touch(c, api_key_sid, now=now))
        except StoreUnavailable as away:
            log.warning("last_used_not_stored", reason=str(away))


def _principal(
    connection: Connection, digest: str, box: SecretBox
) -> tuple[ApiKey, Principal] | None:
    key = api_keys.by_digest(connection, digest, box)
    if key is None:
        return None
    if key.account_sid is not None:
        account = accounts.get(connection, key.account_sid, box)
        if account is None:
            return None
        provider = account.service_provider_sid
        return key, Principal(Scope.ACCOUNT, key.api_key_sid, account.account_sid, provider)
    if key.service_provider_sid is not None:
        provider = key.service_provider_sid
        return key, Principal(
            Scope.SERVICE_PROVIDER, key.api_key_sid, service_provider_sid=provider
        )
    return key, Principal(Scope.ADMIN, key.api_key_sid)


def _atlas(connection: Connection, box: SecretBox) -> Atlas:
    return Atlas.of(
        inbound.tenants(connection), inbound.trunks(connection, box), inbound.entrances(connection)
    )


def _facts(connection: Connection, account: Account, box: SecretBox) -> Facts:
    owner = account.account_sid, account.service_provider_sid
    _, trunks = carriers.usable_by(connection, box, *owner)
    own_table = lcrs.of_account(connection, account.account_sid, box)
    shared_table = lcrs.of_provider(connection, account.service_provider_sid, box)
    sids = [carrier.voip_carrier_sid for carrier in trunks]
    return Facts(
        carriers=tuple(trunks),
        gateways=tuple(gateways.of_carriers(connection, box, sids)),
        numbers=tuple(numbers.usable_by(connection, box, *owner)),
        account_lcr=own_table and lcrs.complete(connection, own_table, box),
        provider_lcr=shared_table and lcrs.complete(connection, shared_table, box),
    )
