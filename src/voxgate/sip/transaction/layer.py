"""All transactions of one agent: which message belongs to which, when each is due.

RFC 3261 sections 17.1.3 and 17.2.3 (matching), 18.2.2 and RFC 3581 (where a response goes),
8.2.2.2 (merged requests).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from voxgate.sip.message import Message, Request, Response
from voxgate.sip.transaction.alarms import Alarm, Alarms
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.effects import Deliver, Effect, Send, TimedOut, TransportFailed
from voxgate.sip.transaction.invite_client import InviteClient
from voxgate.sip.transaction.invite_server import InviteServer
from voxgate.sip.transaction.machine import State, Timing
from voxgate.sip.transaction.request_client import RequestClient
from voxgate.sip.transaction.request_server import RequestServer

MAGIC_COOKIE = "z9hG4bK"
DEFAULT_PORT = 5060

FailureCause = Literal["timeout", "transport"]


class Clock(Protocol):
    """The time as this floor needs it; `voxgate.base.clock` has real ones."""

    def monotonic(self) -> float: ...


class ClientUser(Protocol):
    """Who sent a request and wants to know what became of it."""

    def on_response(self, response: Response) -> None: ...

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        """No final response will come; called at most once."""
        ...


class ServerUser(Protocol):
    """Who answers an INVITE."""

    @property
    def tag(self) -> str:
        """Our tag in its responses."""
        ...

    def cancelled(self) -> None:
        """A CANCEL of the INVITE arrived; it is answered already."""
        ...


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes for one peer. `transaction` is told through `unreachable` when they cannot go out."""

    payload: bytes
    destination: Destination
    local: Destination
    call_id: str
    flow: int | None = None
    transaction: Hashable = None


class Outgoing:
    """A client transaction and its surroundings."""

    __slots__ = ("alarm", "destination", "key", "local", "machine", "user")

    def __init__(
        self,
        key: tuple[str, str],
        machine: InviteClient | RequestClient,
        destination: Destination,
        local: Destination,
        user: ClientUser,
    ) -> None:
        self.key = key
        self.machine = machine
        self.destination = destination
        self.local = local
        self.user = user
        self.alarm: Alarm | None = None

    @property
    def request(self) -> Request:
        return self.machine.request

    @property
    def branch(self) -> str:
        return self.key[0]


class Incoming:
    """A server transaction and its surroundings."""

    __slots__ = ("alarm", "key", "machine", "reply_to", "source", "user")

    def __init__(
        self,
        key: Hashable,
        machine: InviteServer | RequestServer,
        source: Source,
    ) -> None:
        self.key = key
        self.machine = machine
        self.source = source
        self.reply_to = reply_destination(machine.request, source)
        self.user: ServerUser | None = None
        self.alarm: Alarm | None = None

    @property
    def request(self) -> Request:
        return self.machine.request

    @property
    def answered(self) -> bool:
        """A final response has been given."""
        return self.machine.state not in {State.PROCEEDING, State.TRYING}


class TransactionLayer:
    """Client and server transactions by key, driven by one heap of deadlines."""

    def __init__(
        self,
        timing: Timing,
        alarms: Alarms,
        *,
        clock: Clock,
        transmit: Callable[[Transmit], None],
    ) -> None:
        self.timing = timing
        self.retransmissions = 0
        self._alarms = alarms
        self._clock = clock
        self._transmit = transmit
        self._clients: dict[tuple[str, str], Outgoing] = {}
        self._servers: dict[Hashable, Incoming] = {}
        self._merged: dict[Hashable, Hashable] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @property
    def now(self) -> float:
        return self._clock.monotonic()

    # Client side.

    def send(
        self,
        request: Request,
        destination: Destination,
        local: Destination,
        user: ClientUser,
        *,
        branch: str,
        give_up_after: float | None = None,
    ) -> Outgoing:
        """Start a client transaction; the request has its Via, with this branch, already."""
        kind = InviteClient if request.method == "INVITE" else RequestClient
        machine = kind(request, timing=self.timing, reliable=destination.reliable)
        key = (branch, request.method)
        outgoing = Outgoing(key, machine, destination, local, user)
        self._clients[key] = outgoing
        effects = machine.start(now=self.now)
        if give_up_after is not None:
            machine.give_up_at(self.now + give_up_after)
        self._client_effects(outgoing, effects)
        return outgoing

    def on_response(self, response: Response) -> bool:
        """Return False for a response to nothing that is under way."""
        outgoing = self._clients.get((response.via.branch or "", response.cseq.method))
        if outgoing is None:
            return False
        self._client_effects(outgoing, outgoing.machine.on_response(response, now=self.now))
        return True

    def unreachable(self, transaction: Hashable, detail: str) -> None:
        """The transport could not deliver a `Transmit` of this transaction."""
        outgoing = self._clients.get(transaction)  # type: ignore[call-overload]
        if outgoing is not None:
            effects = outgoing.machine.unreachable(detail, now=self.now)
            self._client_effects(outgoing, effects)

    def abort(self, outgoing: Outgoing) -> None:
        """Forget a client transaction without another word."""
        outgoing.machine.abort(now=self.now)
        self._clients.pop(outgoing.key, None)
        _silence(outgoing)
        outgoing.user = _NOBODY

    def _client_effects(self, outgoing: Outgoing, effects: list[Effect]) -> None:
        machine = outgoing.machine
        for effect in effects:
            if isinstance(effect, Send):
                self.retransmissions += effect.repeated
                self._transmit(
                    Transmit(
                        effect.payload,
                        outgoing.destination,
                        outgoing.local,
                        machine.request.call_id,
                        None,
                        outgoing.key,
                    )
                )
        self._keep_client(outgoing)
        # The user last: it may start or abort transactions, this one too.
        for effect in effects:
            if isinstance(effect, Deliver) and isinstance(effect.message, Response):
                outgoing.user.on_response(effect.message)
            elif isinstance(effect, TimedOut):
                outgoing.user.on_failure("timeout", "no final response")
            elif isinstance(effect, TransportFailed):
                outgoing.user.on_failure("transport", effect.detail)
        if machine.state is State.TERMINATED:
            outgoing.user = _NOBODY

    # Server side.

    def on_request(self, request: Request, source: Source) -> Incoming | None:
        """Return the new transaction of a new request; None when it was a repeat or an ACK."""
        key = _server_key(request)
        known = self._servers.get(key)
        if known is not None:
            self._server_effects(known, known.machine.on_request(request, now=self.now))
            return None
        if request.method == "ACK":
            return None
        kind = InviteServer if request.method == "INVITE" else RequestServer
        machine = kind(request, timing=self.timing, reliable=source.peer.reliable, now=self.now)
        incoming = Incoming(key, machine, source)
        self._servers[key] = incoming
        if request.to.tag is None:
            self._merged.setdefault(_merge_key(request), key)
        self._keep_server(incoming)
        return incoming

    def knows(self, request: Request) -> bool:
        """Whether the request (or the INVITE of an ACK) already has a transaction."""
        return _server_key(request) in self._servers

    def is_merged(self, incoming: Incoming) -> bool:
        """Whether the same request also arrived by another way (a fork that met itself)."""
        if incoming.request.to.tag is not None:
            return False
        return self._merged.get(_merge_key(incoming.request)) != incoming.key

    def invite_of(self, cancel: Request) -> Incoming | None:
        """Return the transaction that a CANCEL is about."""
        return self._servers.get(_server_key(cancel, "INVITE"))

    def respond(self, incoming: Incoming, response: Response) -> None:
        self._server_effects(incoming, incoming.machine.respond(response, now=self.now))

    def ignore(self, incoming: Incoming) -> None:
        """Never respond to an INVITE."""
        if isinstance(incoming.machine, InviteServer):
            incoming.machine.ignore(now=self.now)
            self._keep_server(incoming)

    def _server_effects(self, incoming: Incoming, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.retransmissions += effect.repeated
                self._transmit(
                    Transmit(
                        effect.payload,
                        incoming.reply_to,
                        incoming.source.local,
                        incoming.request.call_id,
                        incoming.source.flow,
                    )
                )
        self._keep_server(incoming)

    # Time.

    def _keep_client(self, outgoing: Outgoing) -> None:
        """Note the next deadline, or drop a transaction that is over."""
        if outgoing.machine.state is State.TERMINATED:
            self._clients.pop(outgoing.key, None)
            _silence(outgoing)
        elif (due := _moved(outgoing)) is not None:
            outgoing.alarm = self._alarms.set(due, partial(self._client_due, outgoing))

    def _keep_server(self, incoming: Incoming) -> None:
        machine = incoming.machine
        if machine.state is State.TERMINATED:
            self._servers.pop(incoming.key, None)
            if machine.request.to.tag is None:
                merge_key = _merge_key(machine.request)
                if self._merged.get(merge_key) == incoming.key:
                    del self._merged[merge_key]
            _silence(incoming)
        elif (due := _moved(incoming)) is not None:
            incoming.alarm = self._alarms.set(due, partial(self._server_due, incoming))

    def _client_due(self, outgoing: Outgoing) -> None:
        self._client_effects(outgoing, outgoing.machine.on_time(now=self.now))

    def _server_due(self, incoming: Incoming) -> None:
        self._server_effects(incoming, incoming.machine.on_time(now=self.now))


class _Nobody:
    """Stands in for the user of a transaction that is over: they refer to each other."""

    def on_response(self, response: Response) -> None:
        pass

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        pass


_NOBODY = _Nobody()


def _moved(transaction: Outgoing | Incoming) -> float | None:
    """The deadline that wants a new alarm; one that rings too early is cheaper left alone."""
    due = transaction.machine.deadline
    alarm = transaction.alarm
    if due is None or (alarm is not None and alarm.action is not None and alarm.at <= due):
        return None
    if alarm is not None:
        alarm.cancel()
    return due


def _silence(transaction: Outgoing | Incoming) -> None:
    if transaction.alarm is not None:
        transaction.alarm.cancel()
        transaction.alarm = None


def _server_key(request: Request, method: str | None = None) -> Hashable:
    via = request.via
    if method is None:
        method = "INVITE" if request.method == "ACK" else request.method
    branch = via.branch
    if branch is not None and branch.startswith(MAGIC_COOKIE):
        return (branch, via.host, via.port, method)
    # RFC 2543 peers: no tag of ours in the key, because the ACK has it and the INVITE had not.
    return (request.call_id, request.from_.tag, request.cseq.number, method, str(via))


def _merge_key(request: Request) -> Hashable:
    return (request.from_.tag, request.call_id, request.cseq.number, request.method)


def reply_destination(request: Message, source: Source) -> Destination:
    """Where responses to a request go; never where `maddr` says, lest we be a reflector."""
    via = request.via
    peer = source.peer
    if peer.reliable:
        return Destination(peer.transport, peer.host, via.port or DEFAULT_PORT)
    port = peer.port if via.wants_rport else via.port or DEFAULT_PORT
    return Destination(peer.transport, peer.host, port)
