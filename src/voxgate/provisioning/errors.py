"""Why a request is refused; each kind is one HTTP status."""

from collections.abc import Sequence
from dataclasses import dataclass

from voxgate.base.errors import VoxgateError


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is the wire name, dotted for nested ones; empty when it is about the whole."""

    field: str
    msg: str


class Refused(VoxgateError):
    """The root: `msg` is safe to show."""

    status = 500

    def __init__(self, msg: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(msg)
        self.msg = msg
        self.errors = tuple(errors)


class Invalid(Refused):
    """The request has the wrong shape."""

    status = 400

    @classmethod
    def fields(cls, *errors: FieldError) -> "Invalid":
        return cls(summary(errors), errors)


class NotAuthenticated(Refused):
    """No key, an unknown one, or one that has expired."""

    status = 401


class Forbidden(Refused):
    """The key may not do this."""

    status = 403


class NotFound(Refused):
    """There is no such thing, or not for this key."""

    status = 404


class Conflict(Refused):
    """The same Idempotency-Key came with another body."""

    status = 409


class Unprocessable(Refused):
    """Well formed, but not in this state: an unknown trunk, a duplicate, a later feature."""

    status = 422

    @classmethod
    def fields(cls, *errors: FieldError) -> "Unprocessable":
        return cls(summary(errors), errors)


class CallGone(Unprocessable):
    """The call has ended."""

    @classmethod
    def of(cls, call_sid: str) -> "CallGone":
        return cls(f"call session is gone for call_sid {call_sid}")


class CallIncompatible(Unprocessable):
    """The call is in a state that does not allow this."""

    @classmethod
    def of(cls, call_sid: str, why: str = "") -> "CallIncompatible":
        text = f"current call state is incompatible with requested action for call_sid {call_sid}"
        return cls(f"{text}: {why}" if why else text)


class Unavailable(Refused):
    """Not now: the database is away, the limit is reached, we are shutting down."""

    status = 503


def summary(errors: Sequence[FieldError]) -> str:
    """One sentence for people from the first problem; the list has them all."""
    first = errors[0]
    text = f"{first.field}: {first.msg}" if first.field else first.msg
    more = len(errors) - 1
    return f"{text} (and {more} more)" if more else text
