"""Calls: ask for one, look at it, change it, put it away. Ports of what runs and records them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from voxgate.base.errors import VoxgateError
from voxgate.model.calls import Call, CallEvent, Json
from voxgate.model.deliveries import Idempotency
from voxgate.model.hooks import Hook
from voxgate.routing.outbound import RoutePlan


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
class CallUpdate:
    """One of both: a status to bring about, or a new application for the call."""

    call_status: str | None = None  # "completed" or "no-answer"
    call_hook: Hook | None = None
    call_status_hook: Hook | None = None  # only beside call_hook


class UpdateResult(Enum):
    OK = "ok"
    GONE = "gone"
    INCOMPATIBLE = "incompatible"


class CallEngine(Protocol):
    """What places calls."""

    def admit(self) -> str | None:
        """None: a call may start now. Else why not."""
        ...

    def start(self, call: Call, plan: RoutePlan) -> None:
        """Begin; never raises, whatever becomes of the call is told by events."""
        ...

    def update(self, call_sid: str, change: CallUpdate) -> UpdateResult: ...
