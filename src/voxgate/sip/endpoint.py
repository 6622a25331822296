"""Owns the sockets and the deadlines of one SIP stack; carries out what the agent asks for.

endpoint = Endpoint(listeners, public_ip=None, clock=SystemClock(), user_agent="voxgate")
await endpoint.start()
dialog = endpoint.invite(OutgoingInvite(...), on_event)
"""

import asyncio
import socket
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.settings import Listener
from voxgate.base.tasks import Nursery
from voxgate.sip.agent import Agent, InviteHandler, Notify
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import (
    AckReceived,
    Answered,
    ByeReceived,
    DialogEvent,
    DialogState,
    Ended,
    Failed,
    InfoReceived,
    MessageReceived,
    NotifyReceived,
    OrphanDialog,
    OrphanFate,
    Outcome,
    OutgoingInvite,
    Progress,
    ReferReceived,
    Refreshed,
    ReInvited,
    Rejected,
    Sent,
    Updated,
)
from voxgate.sip.dialog.events import Listener as EventListener
from voxgate.sip.dialog.invite import DialogPhase, InviteDialog
from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.dialog.outside import OutsideRequest
from voxgate.sip.grammar import SipError
from voxgate.sip.message import Message, Response
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import DEFAULT_PORT, Transmit
from voxgate.sip.transport.resolve import NameService, Resolver, Unresolvable
from voxgate.sip.transport.tcp import TcpTransport
from voxgate.sip.transport.udp import UdpListener
from voxgate.sip.uri import Uri

__all__ = [
    "AckReceived",
    "Answered",
    "ByeReceived",
    "Credentials",
    "Destination",
    "DialogEvent",
    "DialogPhase",
    "DialogState",
    "Ended",
    "Endpoint",
    "EndpointStats",
    "EventListener",
    "Failed",
    "IncomingInvite",
    "InfoReceived",
    "InviteDialog",
    "MessageObserver",
    "MessageReceived",
    "NotifyReceived",
    "OrphanDialog",
    "OrphanFate",
    "Outcome",
    "OutgoingInvite",
    "Progress",
    "ReInvited",
    "ReferReceived",
    "Refreshed",
    "Rejected",
    "RequestTimedOut",
    "Sent",
    "SipOptions",
    "TransportFailed",
    "Updated",
]

log = get_logger("sip")

T = TypeVar("T")

WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not chosen


class RequestTimedOut(SipError):
    """No final response came in time."""


class TransportFailed(SipError):
    """The request could not be handed to any target."""


class MessageObserver(Protocol):
    """Sees every message as it goes over the wire: ladders, captures, tests."""

    def __call__(
        self,
        direction: str,
        data: bytes,
        *,
        peer: Destination,
        at: float,
        call_id: str,
    ) -> None:
        """`direction` is "in" or "out"; `at` is wall-clock seconds; `call_id` "" if unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """What metrics read; the first two are of the moment, the others only grow."""

    transactions: int
    dialogs: int
    messages_in: int
    messages_out: int
    retransmissions: int
    malformed: int
    refused: int


class Endpoint:
    """One SIP user agent on its sockets."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        public_ip: str | None = None,
        clock: Clock,
        user_agent: str,
        options: SipOptions = SipOptions(),
        observer: MessageObserver | None = None,
        names: NameService | None = None,
    ) -> None:
        """`public_ip` stands in Via and Contact; else the bound address, or that of the way out."""
        self._listeners = tuple(listeners)
        self._public_ip = public_ip
        self._clock = clock
        self._observer = observer
        self._agent = Agent(clock=clock, options=options, product=user_agent, wake=self._drain)
        self._resolver = Resolver(clock, names, families=self._families)
        self._udp: dict[Destination, UdpListener] = {}
        self._tcp = TcpTransport(
            clock=clock, received=self._received, undelivered=self._undelivered
        )
        self._bound: list[Listener] = []
        self._nursery = Nursery("sip")
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    async def start(self) -> None:
        """Bind every listener; raise OSError, with nothing left open, when one cannot be."""
        try:
            for listener in self._listeners:
                await self._bind(listener)
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the sockets. Calls that still stand are not hung up: that is their owner's."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._nursery.close()
        for udp in self._udp.values():
            udp.close()
        self._udp.clear()
        await self._tcp.close()
        self._agent.locals = ()
        self._bound.clear()

    @property
    def bound(self) -> list[Listener]:
        """The listeners with the ports they really got."""
        return list(self._bound)

    @property
    def stats(self) -> EndpointStats:
        counts = self._agent.counts
        return EndpointStats(
            transactions=len(self._agent.transactions),
            dialogs=self._agent.dialogs,
            messages_in=counts.messages_in,
            messages_out=counts.messages_out,
            retransmissions=self._agent.transactions.retransmissions,
            malformed=counts.malformed,
            refused=counts.refused,
        )

    async def _bind(self, listener: Listener) -> None:
        if listener.transport == "udp":
            udp = await UdpListener.bind(
                listener.host,
                listener.port,
                received=self._received,
                undelivered=self._datagram_undelivered,
            )
            port = udp.local.port or 0
            local = self._known_as("udp", listener.host, port)
            udp.known_as(local)
            self._udp[local] = udp
        else:
            local = await self._tcp.listen(
                listener.host, listener.port, known_as=partial(self._known_as, "tcp", listener.host)
            )
        self._agent.locals = (*self._agent.locals, local)
        self._bound.append(Listener(listener.transport, listener.host, local.port or 0))

    def _known_as(self, transport: str, host: str, port: int) -> Destination:
        if self._public_ip is not None and (":" in self._public_ip) == (":" in host):
            host = self._public_ip
        elif host in WILDCARDS:
            host = address_of_way_out(host)
        return Destination(transport, host, port)

    def _families(self) -> frozenset[int]:
        return frozenset(6 if ":" in local.host else 4 for local in self._agent.locals)

    # Calls.

    def on_invite(self, handler: InviteHandler) -> None:
        """Have calls from outside handed over; without a handler they get 480."""
        self._agent.invite_handler = handler

    def invite(self, out: OutgoingInvite, listener: EventListener) -> InviteDialog:
        """Place a call. Raises `InvalidHeader` for what cannot be written, nothing else.

        Sends at once when the destination is an address; all else comes as events.
        """
        dialog = self._agent.invite(out, listener)
        targets = self._resolver.known(out.destination)
        if targets is not None:
            dialog.start(targets)
        else:
            self._nursery.start(self._start(dialog, out.destination), name="resolve")
        return dialog

    async def _start(self, dialog: InviteDialog, destination: Destination) -> None:
        try:
            targets = await self._resolver.resolve(destination)
        except Unresolvable as unknown:
            dialog.fail(str(unknown))
        else:
            dialog.start(targets)

    async def request(
        self,
        method: str,
        uri: Uri,
        *,
        next_hop: Destination | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        credentials: Credentials | None = None,
        timeout_s: float | None = None,
    ) -> Response:
        """Ask something outside of a call and return the final response, whatever it is.

        Raises `RequestTimedOut` after `timeout_s` (at most 64*T1) per target, or `TransportFailed`.
        """
        asked = OutsideRequest(method, uri, headers, body, credentials=credentials)
        destination = next_hop or destination_of(uri)
        try:
            targets = await self._resolver.resolve(destination)
        except Unresolvable as unknown:
            raise TransportFailed(str(unknown)) from unknown
        outcome: Outcome | None = None
        for target in targets:
            answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._agent.ask(asked, target, partial(_settle, answered), give_up_after=timeout_s)
            outcome = await answered
            if outcome.failure is None:
                return Response(outcome.status, outcome.reason, outcome.headers, outcome.body)
        if outcome is not None and outcome.status == 408:
            raise RequestTimedOut(f"{method} to {destination}: {outcome.failure}")
        raise TransportFailed(f"{method} to {destination}: {outcome.failure if outcome else ''}")

    async def end_orphan(self, orphan: OrphanDialog) -> OrphanFate:
        """Hang up a call that a crash left behind, and say what was found."""
        try:
            targets = await self._resolver.resolve(orphan.destination)
        except Unresolvable:
            return "unreachable"
        ended: asyncio.Future[OrphanFate] = asyncio.get_running_loop().create_future()
        self._agent.end_orphan(orphan, targets, partial(_settle, ended))
        return await ended

    # Messages and time.

    def _received(self, data: bytes, source: Source) -> None:
        # What comes in is reported before what it causes: effects wait for `_drain`.
        message = self._agent.receive(data, source)
        if self._observer is not None:
            self._observe("in", data, source.peer, _call_id(message))
        self._drain()

    def _observe(self, direction: str, data: bytes, peer: Destination, call_id: str) -> None:
        if self._observer is not None:
            self._observer(direction, data, peer=peer, at=self._clock.wall(), call_id=call_id)

    def _on_timer(self) -> None:
        self._timer = None
        self._agent.on_time()
        self._drain()

    def _drain(self) -> None:
        """Carry out effects, and what carrying them out causes, in order."""
        if self._draining:
            return
        self._draining = True
        try:
            while effects := self._agent.take():
                for effect in effects:
                    if isinstance(effect, Transmit):
                        self._transmit(effect)
                    else:
                        self._call_back(effect)
        finally:
            self._draining = False
        self._arm()

    def _call_back(self, notify: Notify) -> None:
        try:
            notify()
        except Exception:  # boundary: a listener's mistake must not stop other calls
            log.exception("sip_listener_failed")

    def _arm(self) -> None:
        deadline = self._agent.deadline
        if deadline is None or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        delay = max(0.0, deadline - self._clock.monotonic())
        self._timer_at = deadline
        self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    # The wire.

    def _transmit(self, effect: Transmit) -> None:
        destination = effect.destination
        targets = self._resolver.known(destination)
        if targets is not None:
            self._transmit_to(effect, targets[0])
        else:
            self._nursery.start(self._resolve_and_transmit(effect), name="resolve")

    async def _resolve_and_transmit(self, effect: Transmit) -> None:
        try:
            targets = await self._resolver.resolve(effect.destination)
        except Unresolvable as unknown:
            self._undelivered(effect.transaction, str(unknown))
        else:
            self._transmit_to(effect, targets[0])

    def _transmit_to(self, effect: Transmit, target: Destination) -> None:
        self._agent.counts.messages_out += 1
        if self._observer is not None:
            self._observe("out", effect.payload, target, effect.call_id)
        port = target.port or DEFAULT_PORT
        if target.reliable:
            self._tcp.send(
                effect.payload,
                target.host,
                port,
                local=effect.local,
                flow=effect.flow,
                transaction=effect.transaction,
            )
        elif (udp := self._udp.get(effect.local)) is not None:
            udp.send(effect.payload, target.host, port)

    def _datagram_undelivered(self, payload: bytes, peer: Destination, why: str) -> None:
        """An ICMP error, or the kernel's refusal: the datagram says whose it was."""
        self._undelivered(self._agent.transaction_of(payload), f"{peer}: {why}")

    def _undelivered(self, transaction: Hashable, why: str) -> None:
        if transaction is not None:
            self._agent.unreachable(transaction, why)
            self._drain()


def _call_id(message: Message | None) -> str:
    return (message.headers.get("Call-ID") or "") if message is not None else ""


def _settle(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def destination_of(uri: Uri) -> Destination:
    """Where a request for this URI goes by itself (RFC 3263)."""
    return Destination((uri.parameter("transport") or "udp").lower(), uri.host, uri.port)


def address_of_way_out(wildcard: str) -> str:
    """Our address on the interface that faces the Internet; nothing is sent to find it."""
    family, probe = (
        (socket.AF_INET6, "2001:db8::1") if ":" in wildcard else (socket.AF_INET, "192.0.2.1")
    )
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((probe, 9))
        except OSError:
            return "::1" if ":" in wildcard else "127.0.0.1"
        return str(sock.getsockname()[0])
