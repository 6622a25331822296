import asyncio
import random
from dataclasses import dataclass, field, replace

import pytest

from voxgate.model.accounts import Account
from voxgate.model.calls import Call, CallRequest, CallStatus, Json, Target
from voxgate.model.carriers import Carrier, Gateway
from voxgate.provisioning.dialled import DialledCalls, NotDialled
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.outbound import Facts
from voxgate.store.engine import StoreUnavailable

FACTS = Facts(
    carriers=(Carrier("1", "a", account_sid="acc"), Carrier("2", "b", account_sid="acc")),
    gateways=(Gateway("g1", "1", "a1"), Gateway("g2", "2", "b1")),
)
PARENT = Call(
    "parent", "acc", "sp", "call-id", "inbound", "+49301", "+49302", CallStatus.IN_PROGRESS,
    CallRequest("+49301", Target("phone", number="+49302")), "trace", 0.0, trunk="b",
)  # fmt: skip
REQUEST = CallRequest("+49301", Target("phone", number="+49303"), parent_call_sid="parent")


@dataclass
class Directory:
    known: bool = True
    away: bool = False

    async def account(self, account_sid: str) -> Account | None:
        if self.away:
            raise Unavailable("the database is away")
        return Account("acc", "sp", "n") if self.known else None

    async def facts_for(self, account: Account, to: Target) -> Facts:
        return FACTS


@dataclass
class Log:
    away: bool = False
    written: list[tuple[str, Json]] = field(default_factory=list)

    async def create(self, call: Call, data: Json, idempotency: object) -> None:
        if self.away:
            raise StoreUnavailable("the disk is full")
        assert idempotency is None
        self.written.append((call.call_sid, data))


def calls(directory: Directory | None = None, log: Log | None = None) -> DialledCalls:
    return DialledCalls(directory or Directory(), log or Log(), random.Random(1))


def test_a_dialled_call_leaves_by_its_callers_trunk():
    chosen = asyncio.run(calls().route(PARENT, REQUEST))

    assert chosen.attempts[0].carrier.name == "b"


def test_a_call_of_ours_has_no_trunk_it_came_in_on():
    chosen = asyncio.run(calls().route(replace(PARENT, direction="outbound"), REQUEST))

    assert chosen.rule == "any_carrier"


@pytest.mark.parametrize(
    ("directory", "to", "status"),
    [
        (Directory(), Target("phone", number="1", trunk="nobody"), 603),
        (Directory(), Target("user", name="alice"), 404),
        (Directory(known=False), REQUEST.to, 404),
        (Directory(away=True), REQUEST.to, 503),
    ],
)
def test_what_cannot_be_dialled_says_why_and_as_what(directory, to, status):
    with pytest.raises(NotDialled) as refused:
        asyncio.run(calls(directory).route(PARENT, replace(REQUEST, to=to)))

    assert refused.value.status == status
    assert str(refused.value)


def test_its_record_names_who_dialled_and_the_invite_to_come():
    log = Log()
    child = replace(PARENT, call_sid="child", request=REQUEST)

    async def story() -> None:
        route = await calls().route(PARENT, REQUEST)
        await calls(log=log).create(child, route, {"phase": "sent"})

    asyncio.run(story())

    ((sid, data),) = log.written
    assert (sid, data["parent_call_sid"], data["invite"]) == ("child", "parent", {"phase": "sent"})


def test_without_a_journal_nobody_is_rung():
    async def story() -> None:
        route = await calls().route(PARENT, REQUEST)
        await calls(log=Log(away=True)).create(PARENT, route, None)

    with pytest.raises(NotDialled) as refused:
        asyncio.run(story())

    assert refused.value.status == 503
