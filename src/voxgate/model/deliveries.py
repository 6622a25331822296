"""How far the status events of a call have reached one receiver; and requests asked twice."""

from dataclasses import dataclass

from voxgate.model.hooks import Hook


@dataclass(frozen=True, slots=True)
class Delivery:
    """`cursor`: the last `seq` the receiver has confirmed. A row stands while more may come."""

    call_sid: str
    receiver: str  # "status" or "notify"
    account_sid: str
    hook: Hook
    cursor: int = 0
    attempts: int = 0  # failed ones since the last success
    next_at: float | None = None
    first_failed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request's Idempotency-Key; equal JSON bodies have equal fingerprints."""

    key: str
    fingerprint: str
