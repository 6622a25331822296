"""Owns the sockets and the deadlines of one SIP stack; carries out what the agent asks for.

endpoint = Endpoint(listeners, public_ip=None, clock=SystemClock(), user_agent="voxgate")
await endpoint.start()
dialog = endpoint.invite(OutgoingInvite(...), on_event)
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.base.settings import Listener
from voxgate.base.tasks import Nursery
from voxgate.sip.agent import Agent, InviteHandler, Notify, RequestHandler
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
from voxgate.sip.dialog.outside import IncomingRequest, OutsideRequest
from voxgate.sip.grammar import SipError
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers, Message, Response
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import Transmit
from voxgate.sip.transport.resolve import NameService, Unresolvable
from voxgate.sip.transport.wire import Wire
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
    "IncomingRequest",
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
        options: SipOptions | None = None,
        observer: MessageObserver | None = None,
        names: NameService | None = None,
    ) -> None:
        """`public_ip` stands in Via and Contact; else the bound address, or that of the way out."""
        self._listeners = tuple(listeners)
        self._clock = clock
        self._observer = observer
        self._agent = Agent(
            clock=clock, options=options or SipOptions(), product=user_agent, wake=self._drain
        )
        self._wire = Wire(
            clock=clock,
            public_ip=public_ip,
            names=names,
            received=self._received,
            undelivered=self._undelivered,
            sent=self._sent,
        )
        self._nursery = Nursery("sip")
        self._messages_out = 0
        self._draining = False
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    async def start(self) -> None:
        """Bind every listener; raise OSError, with nothing left open, when one cannot be."""
        try:
            for listener in self._listeners:
                self._agent.listen_on(await self._wire.bind(listener))
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the sockets; for good, whatever dialogs are still told to do.

        Calls that still stand are not hung up: that is their owner's.
        """
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._nursery.close()
        await self._wire.close()

    @property
    def bound(self) -> list[Listener]:
        """The listeners with the ports they really got."""
        return list(self._wire.bound)

    @property
    def known_as(self) -> list[Destination]:
        """The listeners as the outside knows them, never a wildcard; for Contact and SDP."""
        return self._wire.known_as

    @property
    def stats(self) -> EndpointStats:
        agent = self._agent.stats
        return EndpointStats(
            transactions=agent.transactions,
            dialogs=agent.dialogs,
            messages_in=agent.messages_in,
            messages_out=self._messages_out,
            retransmissions=agent.retransmissions,
            malformed=agent.malformed,
            refused=agent.refused,
        )

    # Calls.

    def on_invite(self, handler: InviteHandler) -> None:
        """Have calls from outside handed over; without a handler they get 480."""
        self._agent.invite_handler = handler

    def invite(self, out: OutgoingInvite, listener: EventListener) -> InviteDialog:
        """Place a call. Raises `InvalidHeader` for what cannot be written, nothing else.

        Sends at once when the destination is an address; all else comes as events.
        """
        dialog = self._agent.invite(out, listener)
        targets = self._wire.known(out.destination)
        if targets is not None:
            dialog.start(targets)
        else:
            self._nursery.start(self._start(dialog, out.destination), name="resolve")
        return dialog

    async def _start(self, dialog: InviteDialog, destination: Destination) -> None:
        try:
            targets = await self._wire.resolve(destination)
        except Unresolvable as unknown:
            dialog.start((), str(unknown))
        else:
            dialog.start(targets)

    # Outside of calls.

    def screen(self, admits: Callable[[str], bool]) -> None:
        """Drop what is new from addresses that `admits` says no to, before anything is kept."""
        self._agent.screen = admits

    def on_request(self, method: str, handler: RequestHandler) -> None:
        """Have requests of a method that need no call handed over, such as REGISTER."""
        self._agent.hand_over(method, handler)

    async def request(
        self,
        method: str,
        uri: Uri,
        *,
        next_hop: Destination | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        credentials: Credentials | None = None,
        from_: NameAddr | None = None,
        timeout_s: float | None = None,
    ) -> Response:
        """Ask something outside of a call and return the final response, whatever it is.

        A body wants its Content-Type among the headers. `from_` is this endpoint by default.

        Raises `RequestTimedOut` after `timeout_s` (at most 64*T1) per target, or `TransportFailed`.
        """
        asked = OutsideRequest(method, uri, headers, body, credentials, from_)
        destination = next_hop or destination_of(uri)
        try:
            targets = await self._wire.resolve(destination)
        except Unresolvable as unknown:
            raise TransportFailed(str(unknown)) from unknown
        outcome = Outcome(503, "", Headers())
        for target in targets:
            answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._agent.ask(asked, target, partial(_settle, answered), give_up_after=timeout_s)
            outcome = await answered
            if outcome.failure is None:
                return Response(outcome.status, outcome.reason, outcome.headers, outcome.body)
        error = RequestTimedOut if outcome.status == 408 else TransportFailed
        raise error(f"{method} to {destination}: {outcome.failure}")

    async def end_orphan(self, orphan: OrphanDialog) -> OrphanFate:
        """Hang up a call that a crash left behind, and say what was found."""
        try:
            targets = await self._wire.resolve(orphan.destination)
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

    def _sent(self, transmit: Transmit, target: Destination) -> None:
        self._messages_out += 1
        if self._observer is not None:
            self._observe("out", transmit.payload, target, transmit.call_id)

    def _undelivered(self, transaction: Hashable, why: str) -> None:
        if transaction is not None:
            self._agent.unreachable(transaction, why)
            self._drain()

    def _observe(self, direction: str, data: bytes, peer: Destination, call_id: str) -> None:
        if self._observer is None:
            return
        try:
            self._observer(direction, data, peer=peer, at=self._clock.wall(), call_id=call_id)
        except Exception:  # boundary: who watches must not disturb the call
            log.exception("sip_observer_failed")

    def _on_timer(self) -> None:
        self._timer = None
        self._agent.on_time()
        self._drain()

    def _drain(self) -> None:
        """Carry out effects, and what carrying them out causes, in order."""
        if self._draining:
            return
        effects = self._agent.effects
        if self._stopped:
            effects.clear()
            return
        self._draining = True
        try:
            while effects:
                effect = effects.popleft()
                if isinstance(effect, Transmit):
                    self._wire.send(effect)
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


def destination_of(uri: Uri) -> Destination:
    """Where a request for this URI goes by itself (RFC 3263)."""
    return Destination((uri.parameter("transport") or "udp").lower(), uri.host, uri.port)


def _call_id(message: Message | None) -> str:
    return (message.headers.get("Call-ID") or "") if message is not None else ""


def _settle(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)
