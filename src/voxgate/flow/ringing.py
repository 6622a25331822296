"""Ringing the targets of a dial, all at once, until the first one answers."""

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from voxgate.base.ids import new_sid
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.dial import Connected, NotConnected
from voxgate.call.orphan import intended_facts
from voxgate.call.outcome import Cause
from voxgate.flow.child import ELSEWHERE, ChildCall
from voxgate.flow.ringtone import RingingTone
from voxgate.flow.session import Ending, Session
from voxgate.flow.transfer import Replaces, replaced_by
from voxgate.model.calls import Call, CallRequest, CallStatus, EventType
from voxgate.provisioning.dialled import NotDialled
from voxgate.routing.outbound import RoutePlan
from voxgate.sip.dialog.events import Progress
from voxgate.verbs.capabilities.dialling import DialOrder, DialResult, DialTarget
from voxgate.verbs.contract import PlayFailed

Waiting = dict["asyncio.Future[Connected | NotConnected]", ChildCall]
PickUp = Callable[[Replaces], ChildCall | None]
"""Takes a call over that was arranged in this process, for its new partner."""

RINGING = 180
DEVICES_MOST = 10  # of one user, rung at once: those that registered last
FORWARDED = ("P-Asserted-Identity", "Privacy")

# What stands for a dial whose targets all failed: the one that says most about the people called.
_TELLING = (CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.FAILED)


class Ringing:
    """`children` are those that ring, and in the end who answered; the owner lets go of them."""

    def __init__(
        self,
        session: Session,
        order: DialOrder,
        *,
        pick_up: PickUp,
        hear: Callable[[ChildCall], None],
    ) -> None:
        """`hear` lets the caller hear a target's early media."""
        self._session = session
        self._ports = session.ports
        self._order = order
        self._pick_up = pick_up
        self._hear = hear
        self.children: list[ChildCall] = []
        self._refused: list[NotDialled] = []
        self._lost: list[tuple[ChildCall, NotConnected]] = []
        self._timed_out = False
        self._alone = len(order.targets) == 1
        self._tone = RingingTone(session)
        self.over = False

    async def run(self) -> ChildCall | None:
        """Who answered first, and confirmed if that was asked for; the rest are let go."""
        async with asyncio.TaskGroup() as tasks:
            for target in self._order.targets:
                tasks.create_task(self._ring(target), name="ring")
        winner = await self._first_answer()
        self.over = True
        return winner

    async def _ring(self, target: DialTarget) -> None:
        replaces = replaced_by(target.to.sip_uri) if target.to.sip_uri is not None else None
        if replaces is not None and (taken := self._pick_up(replaces)) is not None:
            self.children.append(taken)
            return
        parent = self._session.call.record
        request = child_request(self._session, self._order, target)
        try:
            branches = at_once(await self._ports.children.route(parent, request))
            self._alone = self._alone and len(branches) == 1
            for route in branches:
                await self._call(target, request, route)
        except NotDialled as why:
            self._refused.append(why)
            detail = {"type": "dial_refused", "to": target.to.display, "error": str(why)}
            self._session.call.note(EventType.MEDIA, detail)
            self._session.call.alert("dial-failure", f"{target.to.display} was not dialled: {why}")

    async def _call(self, target: DialTarget, request: CallRequest, route: RoutePlan) -> None:
        """Raises NotDialled."""
        call = child_record(self._session.call.record, request, now=self._ports.clock.wall())
        intent = intended_facts(call, route, self._ports.dial_settings.local_host)
        await self._ports.children.create(call, route, intent)
        child = ChildCall(
            LiveCall(call, self._ports.log, self._ports.clock),
            route,
            self._ports,
            confirm_hook=target.confirm_hook or self._order.confirm_hook,
            on_progress=self._progress,
        )
        self.children.append(child)
        told = {"type": "dialled", "to": target.to.display, "call_sid": call.call_sid}
        self._session.call.note(EventType.MEDIA, told)
        self._ports.adopt(child)

    def _progress(self, child: ChildCall, event: Progress) -> None:
        """A target rings; with one target alone the caller hears what its network says."""
        if self.over:
            return
        self._session.on_dial_progress(event.status, event.reason)
        alone = self._alone and self._order.music is None
        if event.body and alone and child.session.leg is None:
            self._session.background.start("early-media", self._relay_early_media(child))
            if event.status != RINGING:
                return
        self._session.line.ring()
        if self._order.music is None:
            self._tone.begin()

    async def _relay_early_media(self, child: ChildCall) -> None:
        await self._session.line.early_media()
        if not self.over and child.media is not None:
            self._tone.give_way_to(child.media.stream)
            self._hear(child)

    async def _first_answer(self) -> ChildCall | None:
        """The first who answered, and confirmed if that was asked for; the rest are let go."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._order.timeout_s
        waiting = {child.fate: child for child in self.children}
        self._start_music()
        try:
            while waiting:
                left_s = None if self._timed_out else max(0.0, deadline - loop.time())
                done, _ = await asyncio.wait(
                    waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    self._timed_out = True
                    waiting = self._stop_ringing(waiting)
                for fate in done:
                    child, result = waiting.pop(fate), fate.result()
                    if isinstance(result, Connected):
                        self._release(waiting.values(), outcome.ANSWERED_ELSEWHERE)
                        return child
                    self._lost.append((child, result))
            return None
        finally:
            self._session.background.stop("dial-music")
            self._tone.stop()

    def _stop_ringing(self, waiting: Waiting) -> Waiting:
        """The ring timeout; whoever has picked up and is being asked to confirm is not rung."""
        ringing = [child for child in waiting.values() if not child.call.is_answered]
        self._release(ringing, outcome.BY_STATUS[487])
        return {fate: child for fate, child in waiting.items() if child.call.is_answered}

    def _release(self, children: Iterable[ChildCall], cause: Cause) -> None:
        elsewhere = ELSEWHERE if cause is outcome.ANSWERED_ELSEWHERE else ()
        for child in children:
            child.release(Ending(cause), elsewhere)

    def _start_music(self) -> None:
        if self._order.music is not None:
            self._session.background.start("dial-music", self._play_music(self._order.music))

    async def _play_music(self, url: str) -> None:
        """Once for a caller, over and over for a callee of ours."""
        session = self._session
        if not session.line.is_answered:
            await session.line.early_media()
        if session.context is None:
            return
        try:
            while (await session.context.play(url)).ms > 0:
                if session.call.record.direction == "inbound":
                    return
        except PlayFailed as failure:
            session.call.alert("play-url-notfound", f"dialMusic: {failure}")

    def nobody(self) -> DialResult:
        """The ring timeout is always no-answer; else what says most about the people called."""
        if not self.children:
            status = self._refused[0].status if self._refused else None
            detail = str(self._refused[0]) if self._refused else "there was nobody to dial"
            self._session.on_dial_progress(status or 503, detail)
            return DialResult(CallStatus.FAILED.value, status, error=detail)
        if self._timed_out:
            record = self.children[0].call.record
            self._session.on_dial_progress(487, "Request Terminated")
            return DialResult("no-answer", 487, record.call_sid, record.sbc_callid)
        child, result = min(self._lost, key=lambda lost: _TELLING.index(lost[1].status))
        why, record = result.outcome, child.call.record
        self._session.on_dial_progress(why.sip_status, why.sip_reason)
        return DialResult(result.status.value, why.sip_status, record.call_sid, record.sbc_callid)


def at_once(route: RoutePlan) -> tuple[RoutePlan, ...]:
    """The devices of a user ring together; gateways to a number are tried in turn."""
    if not all(attempt.contact is not None for attempt in route.attempts):
        return (route,)
    return tuple(replace(route, attempts=(each,)) for each in route.attempts[:DEVICES_MOST])


def child_request(session: Session, order: DialOrder, target: DialTarget) -> CallRequest:
    parent = session.call.record
    caller = order.caller_id or parent.from_
    return CallRequest(
        from_user=target.from_user or caller,
        to=target.to,
        from_host=target.from_host,
        caller_name=target.caller_name or order.caller_name,
        timeout_s=math.ceil(order.timeout_s) + 1,  # the dial's own clock decides
        application_sid=parent.application_sid,
        call_hook=session.application.base or parent.request.call_hook,
        call_status_hook=parent.request.call_status_hook,
        notify_hook=parent.request.notify_hook,
        tag=order.tag or {},
        headers=(*order.headers, *_identity(session, order)),
        voice=parent.request.voice,
        recognizer=parent.request.recognizer,
        fallback_voice=parent.request.fallback_voice,
        parent_call_sid=parent.call_sid,
        caller_id=caller,
    )


def _identity(session: Session, order: DialOrder) -> tuple[tuple[str, str], ...]:
    """Who the caller's network says is calling, and whether that may be shown (RFC 3325)."""
    if not order.forward_identity:
        return ()
    told = (session.application.sip or {}).get("headers", {})
    given = {name.lower() for name, _ in order.headers}
    by_name = {name.lower(): value for name, value in told.items()}
    return tuple(
        (name, by_name[name.lower()])
        for name in FORWARDED
        if name.lower() in by_name and name.lower() not in given
    )


def child_record(parent: Call, request: CallRequest, *, now: float) -> Call:
    return Call(
        call_sid=new_sid(),
        account_sid=parent.account_sid,
        service_provider_sid=parent.service_provider_sid,
        call_id=new_sid(),
        direction="outbound",
        from_=request.from_user,
        to=request.to.display,
        status=CallStatus.TRYING,
        request=request,
        trace_id=parent.trace_id,
        created_at=now,
        application_sid=parent.application_sid,
        tag=request.tag,
    )
