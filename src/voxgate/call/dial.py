"""Dialling: the attempts of a route plan, one after the other, until somebody answers.

The next gateway is tried only after a fault of the trunk and only while nothing rang; `timeout`
counts once, from the first INVITE, over all attempts.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from voxgate.base.errors import VoxgateError
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.invite import AttemptIds, BadDestination, InviteParts, compose
from voxgate.call.leg import MediaSession
from voxgate.call.orphan import answered_facts, sent_facts
from voxgate.call.outcome import Cause
from voxgate.model.calls import CallStatus, EventType, Json, Outcome
from voxgate.routing.failover import AttemptFailed, Silence, may_try_next
from voxgate.routing.outbound import Attempt, RoutePlan
from voxgate.sdp.description import SdpError
from voxgate.sip.dialog.events import (
    Answered,
    DialogEvent,
    Failed,
    OutgoingInvite,
    Progress,
    Rejected,
    Sent,
)
from voxgate.sip.endpoint import InviteDialog
from voxgate.sip.headers import NameAddr, Reason
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

EVENTS_MAX = 64  # of one attempt not yet looked at; a far end that floods loses the rest
REDIRECTS_MAX = 5


class Inviter(Protocol):
    """The part of `sip.endpoint.Endpoint` that dialling uses."""

    def invite(
        self, out: OutgoingInvite, listener: Callable[[DialogEvent], None]
    ) -> InviteDialog: ...


class AddressRefused(VoxgateError):
    """The egress policy does not allow the address."""


Locate = Callable[[Uri, bool], Awaitable[Destination]]
"""Where a next hop is; the flag says whether the egress policy applies. Raises AddressRefused."""


@dataclass(frozen=True, slots=True)
class DialSettings:
    local_host: str  # host of From when the request names none
    no_response_s: float
    session_expires_s: int | None


@dataclass(frozen=True, slots=True)
class Connected:
    """Somebody answered. Events of the dialog after its answer go to `inbox`."""

    dialog: InviteDialog
    inbox: "Inbox"
    call_id: str
    facts: Json  # what recovery needs


@dataclass(frozen=True, slots=True)
class NotConnected:
    status: CallStatus
    outcome: Outcome
    by: str = "jambonz"  # "caller": the far end refused


@dataclass(frozen=True, slots=True)
class _Lost:
    """An attempt that ended without an answer: why, and what to report if it was the last."""

    failed: AttemptFailed
    result: NotConnected


@dataclass(frozen=True, slots=True)
class _Redirected:
    contacts: tuple[NameAddr, ...]
    result: NotConnected


class Inbox:
    """Dialog events in order: first for the dialling task, then for the answered leg."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[DialogEvent | None] = asyncio.Queue(EVENTS_MAX)
        self._handler: Callable[[DialogEvent], None] | None = None

    def put(self, event: DialogEvent | None) -> None:
        """None only wakes the reader. When full, a provisional is lost, else the oldest entry."""
        if self._handler is not None:
            if event is not None:
                self._handler(event)
            return
        if self._events.full():
            if isinstance(event, Progress):
                return
            self._events.get_nowait()
        self._events.put_nowait(event)

    async def next(self, deadline: float) -> DialogEvent | None:
        """None: woken by `put(None)` or the deadline (loop time) has passed."""
        if not self._events.empty():
            return self._events.get_nowait()
        try:
            async with asyncio.timeout_at(None if deadline == math.inf else deadline):
                return await self._events.get()
        except TimeoutError:
            return None

    def hand_over(self, handler: Callable[[DialogEvent], None]) -> None:
        """From now on events go straight to `handler`, those waiting first."""
        self._handler = handler
        while not self._events.empty():
            event = self._events.get_nowait()
            if event is not None:
                handler(event)


@dataclass(slots=True)
class _Ringing:
    """How far one attempt has come; times are the loop's."""

    silence_deadline: float
    responded: bool = False
    early: bool = False
    cancelling: bool = False

    def deadline(self, ring_deadline: float, *, last: bool) -> float:
        if self.cancelling:
            return math.inf  # the stack itself gives up on the 487
        if self.responded or last:
            return ring_deadline
        return min(ring_deadline, self.silence_deadline)


class Dial:
    """One outbound call being set up. `run` once; `cancel` from anywhere on the loop."""

    def __init__(
        self,
        call: LiveCall,
        plan: RoutePlan,
        media: MediaSession,
        *,
        inviter: Inviter,
        locate: Locate,
        settings: DialSettings,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """`on_progress` hears every provisional response but 100, its media taken already."""
        self._on_progress = on_progress
        self._call = call
        self._plan = plan
        self._media = media
        self._inviter = inviter
        self._locate = locate
        self._settings = settings
        self._rang = False
        self._attempts = 0
        self._give_up: Cause | None = None
        self._cancel_headers: tuple[tuple[str, str], ...] = ()
        self._inbox: Inbox | None = None
        self._ring_deadline = 0.0

    def cancel(self, cause: Cause, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Stop ringing. The run ends with no-answer once the far end confirmed it."""
        if self._give_up is None:
            self._give_up, self._cancel_headers = cause, headers
        if self._inbox is not None:
            self._inbox.put(None)

    async def run(self) -> Connected | NotConnected:
        loop = asyncio.get_running_loop()
        self._ring_deadline = loop.time() + self._call.record.request.timeout_s
        result = NotConnected(CallStatus.FAILED, outcome.own(outcome.INTERNAL, 500, "No Attempt"))
        for place, attempt in enumerate(self._plan.attempts, 1):
            if self._give_up is not None:
                return self._cancelled()
            last = place == len(self._plan.attempts)
            ended = await self._follow(attempt, last=last)
            if isinstance(ended, Connected | NotConnected):
                return ended
            result = ended.result
            if not may_try_next(ended.failed, anything_rang=self._rang):
                break
            if loop.time() >= self._ring_deadline:
                break
        return result

    async def _follow(self, attempt: Attempt, *, last: bool) -> Connected | NotConnected | _Lost:
        """One attempt and the redirects (3xx) it leads to."""
        try:
            parts = compose(self._call.record.request, attempt, self._settings.local_host)
        except BadDestination as bad:
            return self._config_fault(outcome.EGRESS_REFUSED, str(bad))
        tried: set[str] = set()
        waiting = [(parts.uri, parts.next_hop)]
        result: NotConnected | None = None
        while waiting and len(tried) <= REDIRECTS_MAX:
            uri, next_hop = waiting.pop(0)
            if str(uri) in tried:
                continue
            redirected_from = result is not None
            tried.add(str(uri))
            ended = await self._try(
                attempt, parts, uri, next_hop, last=last, redirected=redirected_from
            )
            if not isinstance(ended, _Redirected):
                return ended
            result = ended.result
            waiting = [(c.uri.without_headers(), c.uri) for c in ended.contacts if c.uri.is_sip]
        return result or self._config_fault(outcome.BY_STATUS[300], "Redirect Loop")

    async def _try(
        self,
        attempt: Attempt,
        parts: InviteParts,
        uri: Uri,
        next_hop: Uri,
        *,
        last: bool,
        redirected: bool,
    ) -> Connected | NotConnected | _Lost | _Redirected:
        # A device is called where it really is: it proved who it is from there.
        named = attempt.carrier is None and attempt.contact is None
        policed = redirected or named
        policed = policed or (attempt.carrier is not None and attempt.carrier.made_by_account)
        policed = policed or self._call.record.request.to.proxy is not None
        try:
            destination = await self._locate(next_hop, policed)
        except AddressRefused as refused:
            return self._config_fault(outcome.EGRESS_REFUSED, str(refused))
        except OSError as unknown:
            return self._lost(Silence.TRANSPORT, outcome.UNREACHABLE, 503, str(unknown))
        self._attempts += 1
        ids = AttemptIds.of(self._call.sid, self._call.record.call_id, self._attempts)
        trunk = attempt.carrier.name if attempt.carrier else None
        self._call.route_via(trunk, ids.call_id)
        inbox = self._inbox = Inbox()
        invite = OutgoingInvite(
            uri=uri,
            destination=destination,
            from_=parts.from_,
            to=NameAddr(None, uri) if redirected else parts.to,
            call_id=ids.call_id,
            from_tag=ids.from_tag,
            branch_seed=ids.branch_seed,
            contact_user=parts.contact_user,
            headers=parts.headers,
            body=self._media.offer(),
            credentials=parts.credentials,
            session_expires_s=self._settings.session_expires_s,
        )
        about: Json = {
            "number": self._attempts,
            "carrier": trunk,
            "gateway": attempt.gateway.host if attempt.gateway else None,
        }
        dialog = self._inviter.invite(invite, inbox.put)
        try:
            return await self._watch(dialog, inbox, invite, about, last=last)
        except BaseException:  # boundary: nobody may ring, or be answered, for a call that is over
            dialog.abandon()
            raise
        finally:
            self._inbox = None

    async def _watch(
        self,
        dialog: InviteDialog,
        inbox: Inbox,
        invite: OutgoingInvite,
        about: Json,
        *,
        last: bool,
    ) -> Connected | NotConnected | _Lost | _Redirected:
        ringing = _Ringing(asyncio.get_running_loop().time() + self._settings.no_response_s)
        while True:
            event = await inbox.next(ringing.deadline(self._ring_deadline, last=last))
            match event:
                case None:
                    if (ended := self._waited(dialog, ringing, about)) is not None:
                        return ended
                case Sent():
                    self._sent(invite, event, about)
                case Progress():
                    self._progress(event, ringing, about)
                case Answered():
                    return self._answered(dialog, inbox, event, invite.call_id)
                case Rejected():
                    return self._rejected(event, about)
                case Failed():
                    return self._failed(event, about, cancelling=ringing.cancelling)
                case _:
                    pass

    def _waited(
        self, dialog: InviteDialog, ringing: "_Ringing", about: Json
    ) -> NotConnected | _Lost | None:
        """A deadline passed or somebody cancelled; None: wait for the answer to our CANCEL."""
        if ringing.cancelling:
            return None
        if not ringing.responded:
            dialog.abandon()
            return self._cancelled() if self._give_up is not None else self._silent(about)
        ringing.cancelling = True
        self._give_up = self._give_up or outcome.BY_STATUS[487]
        dialog.cancel(self._cancel_headers)
        return None

    def _sent(self, invite: OutgoingInvite, event: Sent, about: Json) -> None:
        self._call.note(EventType.ATTEMPT, about | sent_facts(invite, event))
        self._call.report(CallStatus.TRYING, 100, "Trying")

    def _early(self, event: Progress, about: Json) -> None:
        """With the tag of the early dialog recovery can end a call whose 200 it never saw."""
        facts = {"phase": "early", "sip_status": event.status, "to_tag": event.to_tag}
        self._call.note(EventType.ATTEMPT, about | facts, urgent=True)

    def _progress(self, event: Progress, ringing: "_Ringing", about: Json) -> None:
        ringing.responded = True
        if event.to_tag and not ringing.early:
            ringing.early = True
            self._early(event, about)
        if event.status == 100:
            return
        self._rang = True
        self._call.report(self._provisional(event), event.status, event.reason)
        if self._on_progress is not None:
            self._on_progress(event)

    def _provisional(self, event: Progress) -> CallStatus:
        if not event.body:
            return CallStatus.RINGING
        try:
            self._media.accept(event.body)
        except SdpError:
            self._call.note(EventType.MEDIA, {"type": "early_media_unreadable"})
            return CallStatus.RINGING
        return CallStatus.EARLY_MEDIA

    def _answered(
        self, dialog: InviteDialog, inbox: Inbox, event: Answered, call_id: str
    ) -> Connected | NotConnected:
        self._rang = True
        try:
            if event.body or self._media.facts is None:
                self._media.accept(event.body)
        except SdpError as unusable:
            dialog.bye((("Reason", 'SIP;cause=488;text="Not Acceptable Here"'),))
            return NotConnected(
                CallStatus.FAILED, outcome.own(outcome.MEDIA_REFUSED, 488, str(unusable))
            )
        return Connected(dialog, inbox, call_id, answered_facts(event.facts))

    def _rejected(self, event: Rejected, about: Json) -> NotConnected | _Lost | _Redirected:
        reason = _reason(event)
        status, why = outcome.refused(event.status, event.reason, reason)
        ended = about | {"phase": "refused", "sip_status": event.status, "reason": event.reason}
        self._call.note(EventType.ATTEMPT, ended)
        if self._give_up is not None:
            return self._cancelled()
        result = NotConnected(status, why, by="caller")
        if 300 <= event.status < 400:
            contacts = tuple(
                contact
                for value in event.headers.all("contact")
                for contact in NameAddr.parse_many(value)
            )
            return _Redirected(contacts, result)
        return _Lost(AttemptFailed(event.status), result)

    def _failed(self, event: Failed, about: Json, *, cancelling: bool) -> NotConnected | _Lost:
        ended = about | {"phase": "failed", "reason": event.cause, "detail": event.detail}
        self._call.note(EventType.ATTEMPT, ended)
        if cancelling:
            return self._cancelled()
        if event.cause == "timeout":
            return self._lost(Silence.NO_RESPONSE, outcome.NO_RESPONSE, 408, "Request Timeout")
        return self._lost(Silence.TRANSPORT, outcome.UNREACHABLE, 503, "Service Unavailable")

    def _silent(self, about: Json) -> _Lost:
        self._call.note(EventType.ATTEMPT, about | {"phase": "given-up", "reason": "no response"})
        return self._lost(Silence.NO_RESPONSE, outcome.NO_RESPONSE, 408, "Request Timeout")

    @staticmethod
    def _lost(silence: Silence, cause: Cause, status: int, reason: str) -> _Lost:
        result = NotConnected(CallStatus.FAILED, outcome.own(cause, status, reason))
        return _Lost(AttemptFailed(silence), result)

    @staticmethod
    def _config_fault(cause: Cause, detail: str) -> NotConnected:
        return NotConnected(CallStatus.FAILED, outcome.own(cause, 403, detail))

    def _cancelled(self) -> NotConnected:
        cause = self._give_up or outcome.BY_STATUS[487]
        return NotConnected(CallStatus.NO_ANSWER, outcome.own(cause, 487, "Request Terminated"))


def _reason(event: Rejected) -> Reason | None:
    """The response's Reason that says most: a SIP one naming a block, else Q.850."""
    reasons = [r for value in event.headers.all("reason") for r in _parse_reasons(value)]
    named = [r for r in reasons if r.text]
    return next(iter(named or reasons), None)


def _parse_reasons(value: str) -> tuple[Reason, ...]:
    try:
        return Reason.parse_many(value)
    except VoxgateError:
        return ()
