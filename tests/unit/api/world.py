"""The whole API on a real database, with a journal and a call engine that only remember."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from unit.store.clusters import BOX
from voxgate.api.app import Parts, create_app
from voxgate.api.limits import Quotas, RateLimit
from voxgate.base.egress import EgressPolicy
from voxgate.model.alerts import Alert
from voxgate.model.calls import Call, CallEvent, EventType, Json
from voxgate.model.deliveries import Idempotency
from voxgate.model.limits import Limit
from voxgate.provisioning.accounts import Accounts
from voxgate.provisioning.alerts import Alerts
from voxgate.provisioning.api_keys import ApiKeys
from voxgate.provisioning.applications import Applications
from voxgate.provisioning.bootstrap import Bootstrap
from voxgate.provisioning.call_update import CallUpdateDraft
from voxgate.provisioning.calls import (
    CallPage,
    CallPorts,
    CallQuery,
    Calls,
    Created,
    IdempotencyConflict,
    Repeated,
    SipAnswer,
)
from voxgate.provisioning.capacity import Capacity, Tenancy, limit_alert
from voxgate.provisioning.carriers import Carriers
from voxgate.provisioning.clients import Clients
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Refused
from voxgate.provisioning.gateways import Gateways
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.lcr_routes import LcrCarrierSetEntries, LcrRoutes
from voxgate.provisioning.lcrs import Lcrs
from voxgate.provisioning.limits import Limits
from voxgate.provisioning.numbers import PhoneNumbers
from voxgate.provisioning.recordings import CallRecordings
from voxgate.provisioning.registered_users import RegisteredUsers
from voxgate.provisioning.service_providers import ServiceProviders
from voxgate.routing.outbound import RoutePlan
from voxgate.storage.buckets import Buckets
from voxgate.store.engine import Connection, Database, StoreUnavailable

T = TypeVar("T")

ADMIN_TOKEN = "3f6c1f6a-8f4e-4f0e-9a53-0d1c2b3a4f5e"
START_S = 1_790_000_000.0
MISSING_SID = "00000000-0000-4000-8000-000000000000"


class StillClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START_S

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class MemoryLog:
    """A CallLog that keeps everything in memory. `full`: the disk is."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.data: dict[str, Json] = {}
        self.log: dict[str, list[CallEvent]] = {}
        self.keys: dict[tuple[str, str], tuple[str, Call]] = {}
        self.full = False

    async def remembered(self, account_sid: str, idempotency: Idempotency) -> Repeated | None:
        return self._known(account_sid, idempotency)

    async def create(
        self, call: Call, data: Json, idempotency: Idempotency | None
    ) -> Created | Repeated:
        await asyncio.sleep(0)
        if self.full:
            raise StoreUnavailable("the disk is full")
        if idempotency is not None:
            if (known := self._known(call.account_sid, idempotency)) is not None:
                return known
            self.keys[call.account_sid, idempotency.key] = (idempotency.fingerprint, call)
        self.calls[call.call_sid] = call
        self.data[call.call_sid] = data
        created = CallEvent(call.call_sid, 1, call.created_at, EventType.CREATED, data)
        self.log[call.call_sid] = [created]
        return Created()

    def _known(self, account_sid: str, idempotency: Idempotency) -> Repeated | None:
        found = self.keys.get((account_sid, idempotency.key))
        if found is None:
            return None
        if found[0] != idempotency.fingerprint:
            raise IdempotencyConflict("the key was used for another request")
        return Repeated(found[1].call_sid, found[1].call_id)

    async def get(self, call_sid: str) -> Call | None:
        return self.calls.get(call_sid)

    async def list(self, account_sid: str, query: CallQuery) -> CallPage:
        found = [
            call
            for call in self.calls.values()
            if call.account_sid == account_sid
            and not call.hidden
            and query.direction in {None, call.direction}
            and query.from_ in {None, call.from_}
            and query.to in {None, call.to}
            and query.status in {None, call.status.value}
        ]
        return CallPage(len(found), found)

    async def count_open(self, account_sid: str) -> dict[str, int]:
        own = [c for c in self.calls.values() if c.account_sid == account_sid]
        outbound = sum(call.ended_at is None for call in own)
        return {"outbound": outbound} if outbound else {}

    async def events(
        self, call_sid: str, *, after: int, limit: int, wait_s: float
    ) -> Sequence[CallEvent]:
        assert wait_s >= 0
        return [event for event in self.log[call_sid] if event.seq > after][:limit]

    async def hide(self, call_sid: str) -> bool:
        call = self.calls[call_sid]
        if call.ended_at is None or call.hidden:
            return False
        self.calls[call_sid] = replace(call, hidden=True)
        return True

    def end(self, call_sid: str, **facts: Any) -> None:
        call = self.calls[call_sid]
        self.calls[call_sid] = replace(call, ended_at=call.created_at + 5, **facts)


@dataclass
class Engine:
    """Remembers what it was asked to do."""

    started: list[tuple[Call, RoutePlan]] = field(default_factory=list)
    updates: list[tuple[str, CallUpdateDraft]] = field(default_factory=list)
    refusal: str | None = None
    update_refusal: Refused | None = None
    sip_answer: SipAnswer | None = None
    conference_names: dict[str, list[str]] = field(default_factory=dict)
    queue_lengths: dict[str, dict[str, int]] = field(default_factory=dict)

    def intent(self, call: Call, plan: RoutePlan) -> Json | None:
        return {"call_id": call.call_id, "attempts": len(plan.attempts)}

    def admit(self) -> str | None:
        return self.refusal

    def start(self, call: Call, plan: RoutePlan) -> None:
        self.started.append((call, plan))

    def conferences(self, account_sid: str) -> Sequence[str]:
        return self.conference_names.get(account_sid, [])

    def queues(self, account_sid: str) -> Mapping[str, int]:
        return self.queue_lengths.get(account_sid, {})

    async def update(self, call_sid: str, change: CallUpdateDraft) -> SipAnswer | None:
        self.updates.append((call_sid, change))
        if self.update_refusal is not None:
            raise self.update_refusal
        return self.sip_answer


class Healthy:
    def __init__(self) -> None:
        self.found: list[str] = []

    async def problems(self) -> Sequence[str]:
        return self.found

    def metrics(self) -> bytes:
        return b"voxgate_up 1\n"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def fields(self) -> list[str]:
        """The fields an error names."""
        return [error["field"] for error in self.body.get("errors", [])]


@dataclass
class World:
    database: Database
    directory: Directory
    inventory: Inventory
    log: MemoryLog
    engine: Engine
    health: Healthy
    clock: StillClock
    app: Any
    account_sid: str = ""

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = ADMIN_TOKEN,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; `body` is JSON, or bytes sent as they are."""
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        sent = {"content-type": "application/json", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        return await ask(self.app, method, path, raw, sent)

    async def made(self, path: str, body: Json, *, token: str = ADMIN_TOKEN) -> str:
        """The sid of a new thing; it must work."""
        reply = await self.send("POST", f"/v1/{path}", body, token=token)
        assert reply.status == 201, (reply.status, reply.text)
        return str(reply.body["sid"])

    async def check_refused(
        self, status: int, method: str, path: str, cases: list[tuple[Any, list[str]]]
    ) -> None:
        """Every (body, fields) of `cases` is refused with that status and names those fields."""
        for body, fields in cases:
            reply = await self.send(method, path, body)
            answer = (reply.status, sorted(reply.fields))
            assert answer == (status, sorted(fields)), (body, reply)
            assert reply.body["msg"]

    async def key(self, **owner: str) -> str:
        reply = await self.send("POST", "/v1/ApiKeys", owner)
        assert reply.status == 201, reply.text
        return str(reply.body["token"])


async def ask(app: Any, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Reply:
    """One request to an ASGI application."""
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
        "state": {},
    }
    incoming = iter([{"type": "http.request", "body": raw, "more_body": False}])
    outgoing: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(incoming, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        outgoing.append(message)

    await app(scope, receive, send)
    start = outgoing[0]
    answered = {k.decode().lower(): v.decode() for k, v in start["headers"]}
    body = b"".join(message.get("body", b"") for message in outgoing[1:])
    return Reply(start["status"], answered, body)


def check_verbs(text: str) -> str | None:
    """Good enough a stand-in for the vocabulary: an array of objects with a verb."""
    try:
        verbs = json.loads(text)
    except ValueError:
        return "is not JSON"
    return None if isinstance(verbs, list) else "must be an array of verbs"


class _CurrentDatabase(Database):
    """The database of the world that is on stage: an application is expensive to build."""

    def __init__(self) -> None:
        self.current: Database | None = None

    async def read(self, question: Callable[[Connection], T]) -> T:
        assert self.current is not None
        return await self.current.read(question)

    async def write(self, change: Callable[[Connection], T]) -> T:
        assert self.current is not None
        return await self.current.write(change)


class _Stage:
    """One application, used by one world after the other."""

    def __init__(self, egress: EgressPolicy, requests_per_minute: int) -> None:
        self.database, self.clock = _CurrentDatabase(), StillClock()
        self.directory = Directory(self.database, BOX, self.clock)
        self.inventory = Inventory(self.database, self.directory, BOX, self.clock, egress)
        self.log, self.engine, self.health = MemoryLog(), Engine(), Healthy()
        inventory = self.inventory
        self.alerts: list[Alert] = []
        self.capacity = Capacity(self.clock, self.alerts.append)
        ports = CallPorts(
            self.directory,
            self.log,
            self.engine,
            egress,
            check_verbs,
            self.clock,
            random.Random(7),
            self.capacity,
        )
        self.calls = Calls(ports)
        limit = RateLimit(requests_per_minute, self.clock) if requests_per_minute else None
        parts = Parts(
            directory=self.directory,
            health=self.health,
            service_providers=ServiceProviders(inventory),
            accounts=Accounts(inventory),
            api_keys=ApiKeys(inventory),
            applications=Applications(inventory, check_verbs),
            carriers=Carriers(inventory),
            gateways=Gateways(inventory),
            numbers=PhoneNumbers(inventory),
            lcrs=Lcrs(inventory),
            lcr_routes=LcrRoutes(inventory),
            lcr_entries=LcrCarrierSetEntries(inventory),
            alerts=Alerts(inventory),
            calls=self.calls,
            recordings=self._recordings(inventory),
            clients=Clients(inventory),
            registered_users=RegisteredUsers(inventory),
            limits=Limits(inventory),
            quotas=Quotas(self.directory.limits, self._quota_reached, self.clock),
            sip_address="192.0.2.1:5060",
            limit=limit,
        )
        self.app = create_app(parts, version="0")

    def _recordings(self, inventory: Inventory) -> CallRecordings:
        """No bucket is reached and no file is there."""
        accounts = Accounts(inventory)
        buckets = Buckets(EgressPolicy())
        return CallRecordings(inventory, accounts, buckets, lambda one: Path("/nowhere") / one.file)

    def _quota_reached(self, limit: Limit, account_sid: str, provider_sid: str) -> None:
        tenancy = Tenancy(account_sid, provider_sid)
        self.alerts.append(limit_alert(limit, tenancy, now=self.clock.wall()))

    def enter(self, database: Database) -> World:
        """As new, on that database."""
        self.alerts.clear()
        Capacity.__init__(self.capacity, self.clock, self.alerts.append)
        self.database.current = database
        self.clock.now = START_S
        self.directory.changed(-1)
        for part in (self.log, self.engine, self.health):
            part.__dict__.clear()
            part.__dict__.update(type(part)().__dict__)
        return World(
            database,
            self.directory,
            self.inventory,
            self.log,
            self.engine,
            self.health,
            self.clock,
            self.app,
        )


_OWN_EGRESS = EgressPolicy()
_stage = lru_cache(_Stage)


@asynccontextmanager
async def world(
    url: str, *, egress: EgressPolicy = _OWN_EGRESS, requests_per_minute: int = 0
) -> AsyncIterator[World]:
    stage, database = _stage(egress, requests_per_minute), Database(url)
    it = stage.enter(database)
    try:
        it.account_sid = (await Bootstrap(it.inventory).run(ADMIN_TOKEN)).account_sid
        yield it
    finally:
        await stage.calls.close()
        await stage.directory.close()
        await database.close()


def in_world(
    url: str,
    story: Callable[[World], Awaitable[None]],
    *,
    egress: EgressPolicy = _OWN_EGRESS,
    requests_per_minute: int = 0,
) -> None:
    async def run() -> None:
        async with world(url, egress=egress, requests_per_minute=requests_per_minute) as it:
            await story(it)

    asyncio.run(run())
