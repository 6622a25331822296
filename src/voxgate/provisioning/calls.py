"""Calls: ask for one, look at it, change it, put it away. Ports of what runs and records them."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from voxgate.base.clock import Clock
from voxgate.base.egress import EgressPolicy
from voxgate.base.errors import VoxgateError
from voxgate.base.ids import new_sid
from voxgate.base.secrets import SecretUnreadable
from voxgate.base.tasks import Nursery
from voxgate.model.accounts import Account
from voxgate.model.calls import Call, CallEvent, CallRequest, CallStatus, Json
from voxgate.model.deliveries import Idempotency
from voxgate.provisioning.applications import VerbCheck
from voxgate.provisioning.call_draft import CallDraft
from voxgate.provisioning.call_request import check_egress, check_target, complete
from voxgate.provisioning.call_update import CallUpdateDraft, check_hooks, read_update
from voxgate.provisioning.capacity import Capacity, full_text, tenancy_of
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.drafts import parse
from voxgate.provisioning.errors import (
    CallGone,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Unavailable,
    Unprocessable,
)
from voxgate.provisioning.permissions import DENIED, Principal
from voxgate.routing.outbound import Dice, Facts, RoutePlan, RouteRefused, plan
from voxgate.routing.pattern import matches_registered
from voxgate.store.engine import StoreUnavailable

T = TypeVar("T")

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyConflict(VoxgateError):
    """The key was used within 24 hours for a request with another body."""


@dataclass(frozen=True, slots=True)
class Created:
    """The call is on disk, with its `created` event (seq 1)."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same request came before; this is the call it made."""

    call_sid: str
    call_id: str


@dataclass(frozen=True, slots=True)
class CallQuery:
    """`page` None: open calls and those that ended within the last hour, newest first."""

    direction: str | None = None
    from_: str | None = None
    to: str | None = None
    status: str | None = None
    page: int | None = None
    page_size: int = 25


@dataclass(frozen=True, slots=True)
class CallPage:
    total: int
    calls: Sequence[Call]


class CallLog(Protocol):
    """The journal, as seen from here. Everything may raise `store.engine.StoreUnavailable`."""

    async def remembered(self, account_sid: str, idempotency: Idempotency) -> Repeated | None:
        """The call this key made within 24 hours. Raises IdempotencyConflict."""
        ...

    async def create(
        self, call: Call, data: Json, idempotency: Idempotency | None
    ) -> Created | Repeated:
        """Return once call, key and event 1 are durable.

        Repeated: the key was taken meanwhile and nothing was written. Raises IdempotencyConflict.
        """
        ...

    async def get(self, call_sid: str) -> Call | None: ...

    async def list(self, account_sid: str, query: CallQuery) -> CallPage: ...

    async def count_open(self, account_sid: str) -> dict[str, int]:
        """Calls in progress by direction."""
        ...

    async def events(
        self, call_sid: str, *, after: int, limit: int, wait_s: float
    ) -> Sequence[CallEvent]:
        """Committed events with a larger seq; waits up to `wait_s` while there are none."""
        ...

    async def hide(self, call_sid: str) -> bool:
        """False when it has not ended or is hidden already."""
        ...


@dataclass(frozen=True, slots=True)
class SipAnswer:
    """The final response to a request inside the call's dialog."""

    status: int
    reason: str


class CallEngine(Protocol):
    """What places calls."""

    def admit(self) -> str | None:
        """None: a call may start now. Else why not."""
        ...

    def intent(self, call: Call, plan: RoutePlan) -> Json | None:
        """The INVITE that `start` will send first, as the log must know it before it is sent."""
        ...

    def start(self, call: Call, plan: RoutePlan) -> None:
        """Begin; never raises, whatever becomes of the call is told by events."""
        ...

    async def update(self, call_sid: str, change: CallUpdateDraft) -> SipAnswer | None:
        """Return once the change is under way, with the far end's answer if it was a sip_request.

        Raises CallGone, CallIncompatible, or Invalid for verbs that cannot be run.
        """
        ...

    def conferences(self, account_sid: str) -> Sequence[str]:
        """The names of those that go on."""
        ...

    def queues(self, account_sid: str) -> Mapping[str, int]:
        """How many wait in each, by its name."""
        ...


@dataclass(frozen=True, slots=True)
class CallPorts:
    """Everything the use cases are built on. `unreachable`: gateways whose ping fails."""

    directory: Directory
    log: CallLog
    engine: CallEngine
    egress: EgressPolicy
    check_verbs: VerbCheck
    clock: Clock
    dice: Dice
    capacity: Capacity
    unreachable: Callable[[], frozenset[str]] = frozenset


@dataclass(frozen=True, slots=True)
class Placed:
    """What POST answers with."""

    call_sid: str
    call_id: str


class Calls:
    """The use cases of API and portal."""

    def __init__(self, ports: CallPorts) -> None:
        self._directory = ports.directory
        self._log = ports.log
        self._engine = ports.engine
        self._egress = ports.egress
        self._check_verbs = ports.check_verbs
        self._clock = ports.clock
        self._dice = ports.dice
        self._capacity = ports.capacity
        self._unreachable = ports.unreachable
        self._placing = Nursery("placing")

    async def create(
        self,
        caller: Principal,
        account_sid: str,
        document: object,
        *,
        idempotency_key: str | None = None,
    ) -> Placed:
        """Place a call. Once it returns the call is on disk and on its way, whatever happens."""
        account = await self._account(caller, account_sid)
        if caller.is_provider:
            raise Invalid(f"unauthorized createCall request for account {account_sid}")
        idempotency = _idempotency(idempotency_key, document)
        try:
            request = await self._request(account, document)
            if (why_not := self._engine.admit()) is not None:
                raise Unavailable(why_not)
            facts = await self._directory.facts_for(account, request.to)
            plan = self._plan(account, request, facts)
            await self._reserve(account)
        except VoxgateError:
            # What is refused now may have been placed before. A key is else looked up once only,
            # as it is claimed.
            repeated = await self._repeated(account_sid, idempotency)
            if repeated is None:
                raise
            return repeated
        # Shielded: a client that goes away between commit and start must not leave a call that
        # is on disk and never rings.
        placing = self._place(account, request, plan, idempotency)
        return await asyncio.shield(self._placing.start(placing, name="place"))

    async def _repeated(self, account_sid: str, key: Idempotency | None) -> Placed | None:
        if key is None:
            return None
        made = await _stored(self._log.remembered(account_sid, key))
        return None if made is None else Placed(made.call_sid, made.call_id)

    async def list(self, caller: Principal, account_sid: str, query: CallQuery) -> CallPage:
        await self._account(caller, account_sid)
        return await _stored(self._log.list(account_sid, query))

    async def get(self, caller: Principal, account_sid: str, call_sid: str) -> Call:
        """Raises NotFound for a call that was put away too."""
        await self._account(caller, account_sid)
        call = await _stored(self._log.get(call_sid))
        if call is None or call.account_sid != account_sid or call.hidden:
            raise NotFound(f"there is no call {call_sid}")
        return call

    async def count(self, caller: Principal, account_sid: str) -> dict[str, int]:
        """Calls in progress by direction."""
        await self._account(caller, account_sid)
        found = await _stored(self._log.count_open(account_sid))
        return {"inbound": 0, "outbound": 0} | found

    async def conferences(self, caller: Principal, account_sid: str) -> Sequence[str]:
        await self._account(caller, account_sid)
        return self._engine.conferences(account_sid)

    async def queues(
        self, caller: Principal, account_sid: str, search: str | None
    ) -> dict[str, int]:
        """How many wait in each queue whose name contains `search`."""
        await self._account(caller, account_sid)
        found = self._engine.queues(account_sid)
        return {name: found[name] for name in found if search is None or search in name}

    async def events(
        self,
        caller: Principal,
        account_sid: str,
        call_sid: str,
        *,
        after: int,
        limit: int,
        wait_s: float,
    ) -> Sequence[CallEvent]:
        """Waits up to `wait_s` while there is nothing new."""
        await self.get(caller, account_sid, call_sid)
        return await _stored(self._log.events(call_sid, after=after, limit=limit, wait_s=wait_s))

    async def update(
        self, caller: Principal, account_sid: str, call_sid: str, document: object
    ) -> SipAnswer | None:
        """Change a call in progress. Raises CallGone or CallIncompatible."""
        call = await self.get(caller, account_sid, call_sid)
        change = read_update(document)
        check_hooks(change, self._egress)
        if call.ended_at is not None:
            raise CallGone.of(call_sid)
        return await self._engine.update(call_sid, change)

    async def delete(self, caller: Principal, account_sid: str, call_sid: str) -> None:
        """Put an ended call away; its log stays for records and deliveries."""
        call = await self.get(caller, account_sid, call_sid)
        if not await _stored(self._log.hide(call_sid)):
            if call.ended_at is not None:
                raise NotFound(f"there is no call {call_sid}")
            raise Unprocessable(
                'the call is in progress; end it with PUT {"call_status": "completed"} '
                '(or "no-answer" while it rings) first'
            )

    async def close(self) -> None:
        """At shutdown, after the API has stopped."""
        await self._placing.close()

    async def _account(self, caller: Principal, account_sid: str) -> Account:
        if caller.is_account and caller.account_sid != account_sid:
            raise Forbidden(DENIED)
        account = await self._directory.account(account_sid)
        if account is None and caller.is_admin:
            raise NotFound(f"there is no account {account_sid}")
        if account is None or not caller.may_use(account):
            raise Forbidden(DENIED)
        return account

    async def _request(self, account: Account, document: object) -> CallRequest:
        draft = parse(CallDraft, document, required=(), drop_null=True)
        check_target(draft.to)
        if draft.app_json is not None and (problem := self._check_verbs(draft.app_json)):
            raise Invalid.fields(FieldError("app_json", problem))
        application = None
        if draft.application_sid is not None:
            application = await self._directory.application(draft.application_sid)
            if application is None or application.account_sid != account.account_sid:
                msg = f"application_sid not found {draft.application_sid}"
                raise Invalid(msg, [FieldError("application_sid", msg)])
        request = complete(draft, application, account)
        check_egress(draft, request, self._egress)
        return request

    def _plan(self, account: Account, request: CallRequest, facts: Facts) -> RoutePlan:
        if not account.is_active:
            raise Unprocessable("the account is not active")
        if account.require_known_caller and not any(
            matches_registered(number.number, request.from_user) for number in facts.numbers
        ):
            msg = "is not a registered phone number, and the account requires one"
            raise Unprocessable.fields(FieldError("from", msg))
        if unreachable := self._unreachable():
            facts = replace(facts, unreachable=unreachable)
        try:
            return plan(request.from_user, request.to, facts, self._dice)
        except RouteRefused as refused:
            raise Unprocessable.fields(FieldError(refused.field, refused.msg)) from refused

    async def _reserve(self, account: Account) -> None:
        """Count the call against the limits. Raises Unavailable, with an alert."""
        limits = await self._directory.limits(account.account_sid, account.service_provider_sid)
        reached = self._capacity.admit(tenancy_of(account), limits)
        if reached is not None:
            raise Unavailable(full_text(reached))

    async def _place(
        self,
        account: Account,
        request: CallRequest,
        route: RoutePlan,
        idempotency: Idempotency | None,
    ) -> Placed:
        call = Call(
            call_sid=new_sid(),
            account_sid=account.account_sid,
            service_provider_sid=account.service_provider_sid,
            call_id=new_sid(),
            direction="outbound",
            from_=request.from_user,
            to=request.to.display,
            status=CallStatus.TRYING,
            request=request,
            trace_id=new_sid(),
            created_at=self._clock.wall(),
            application_sid=request.application_sid,
            tag=request.tag,
        )
        data = _created_data(call, route) | {"invite": self._engine.intent(call, route)}
        try:
            made = await _stored(self._log.create(call, data, idempotency))
        except BaseException:  # boundary: what never was a call does not count as one
            self._capacity.release(tenancy_of(account))
            raise
        if isinstance(made, Repeated):
            self._capacity.release(tenancy_of(account))
            return Placed(made.call_sid, made.call_id)
        self._engine.start(call, route)
        return Placed(call.call_sid, call.call_id)


async def _stored(work: Awaitable[T]) -> T:
    """What the log says, its troubles as refusals."""
    try:
        return await work
    except IdempotencyConflict as conflict:
        raise Conflict(str(conflict)) from conflict
    except (StoreUnavailable, SecretUnreadable) as away:
        raise Unavailable(str(away)) from away


def _idempotency(key: str | None, document: object) -> Idempotency | None:
    """Raises Invalid for a key that is not 1 to 255 visible characters."""
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        msg = "must be 1 to 255 visible ASCII characters"
        raise Invalid.fields(FieldError("Idempotency-Key", msg))
    text = json.dumps(_plain_numbers(document), sort_keys=True, separators=(",", ":"))
    return Idempotency(key, hashlib.sha256(text.encode()).hexdigest())


def _plain_numbers(value: object) -> object:
    """1.0 and 1 are the same number in JSON."""
    if isinstance(value, dict):
        return {name: _plain_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _created_data(call: Call, route: RoutePlan) -> Json:
    first = route.attempts[0]
    data: Json = {
        "from": call.from_,
        "to": call.to,
        "to_type": call.request.to.type,
        "call_id": call.call_id,
        "attempt": {
            "carrier": first.carrier.name if first.carrier else None,
            "gateway": first.gateway.sip_gateway_sid if first.gateway else None,
            "reason": first.reason,
        },
        "amd": call.request.amd is not None,
    }
    if call.request.to.trunk is not None:
        data["trunk"] = call.request.to.trunk
    if call.application_sid is not None:
        data["application_sid"] = call.application_sid
    return data
