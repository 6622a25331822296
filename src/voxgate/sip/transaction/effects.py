"""What transactions ask for. Carry them out in the given order."""

from dataclasses import dataclass

from voxgate.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class Send:
    """Put these bytes on the wire towards the transaction's peer."""

    payload: bytes
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand this message to the transaction's user."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No final response (client) or no ACK (server) arrived within 64*T1."""


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """The request could not be handed to the peer."""

    detail: str


Effect = Send | Deliver | TimedOut | TransportFailed
