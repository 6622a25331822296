"""Whether the next gateway may be tried: only for faults of the trunk, only before anything rang.

A busy, declining or merely absent person is never called a second time.
"""

from dataclasses import dataclass
from enum import Enum


class Silence(Enum):
    """Ways an attempt ends without a final response."""

    NO_RESPONSE = "no response"
    TRANSPORT = "transport failure"


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """`status` is the final response, or how it stayed out."""

    status: int | Silence


def may_try_next(failed: AttemptFailed, *, anything_rang: bool) -> bool:
    """`anything_rang`: any attempt of this call got a 180, 183 or 2xx."""
    if anything_rang:
        return False
    if isinstance(failed.status, Silence):
        return True
    return failed.status == 408 or 500 <= failed.status <= 599
