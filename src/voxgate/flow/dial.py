"""One `dial`: rings its targets all at once, joins the first who answers, and says how it ended."""

import asyncio
import math
from collections.abc import Callable, Iterable
from functools import partial

from voxgate.base.ids import new_sid
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.dial import Connected, NotConnected
from voxgate.call.orphan import intended_facts
from voxgate.call.outcome import Cause
from voxgate.flow.amd import CallAmd
from voxgate.flow.bridge import Bridge
from voxgate.flow.child import ELSEWHERE, ChildCall, first_of
from voxgate.flow.context import CallContext
from voxgate.flow.media_path import MediaPath
from voxgate.flow.program import FirstDocument
from voxgate.flow.prompts import entertain
from voxgate.flow.runner import Notes
from voxgate.flow.session import Ending, Session
from voxgate.flow.transcription import transcribe_beside
from voxgate.flow.transfer import Replaces, replaced_by
from voxgate.model.calls import Call, CallRequest, CallStatus, EventType
from voxgate.provisioning.dialled import NotDialled
from voxgate.sip.dialog.events import Progress
from voxgate.verbs.capabilities.dialling import DialOrder, DialResult, DialTarget
from voxgate.verbs.contract import Document, NotNow, PlayFailed, Verb, VerbContext
from voxgate.verbs.transcribe import Transcribe

Waiting = dict["asyncio.Future[Connected | NotConnected]", ChildCall]

CAPTURES_AT_ONCE = 16  # hooks of captured keys under way; older ones give way
DIRECT = "no-media"
FORWARDED = ("P-Asserted-Identity", "Privacy")

# What stands for a dial whose targets all failed: the one that says most about the people called.
_TELLING = (CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.FAILED)


class RunningDial:
    """Run once by the verb; live control and transfers touch it from the same loop."""

    def __init__(
        self,
        session: Session,
        order: DialOrder,
        *,
        on_joined: Callable[["RunningDial", Session], None],
        pick_up: Callable[[Replaces], ChildCall | None],
    ) -> None:
        """`pick_up` takes a call over that was arranged in this process, for its new partner."""
        self._pick_up = pick_up
        self._session = session
        self._on_joined = on_joined
        self._ports = session.ports
        self._order = order
        self._children: list[ChildCall] = []
        self._refused: list[NotDialled] = []
        self._lost: list[tuple[ChildCall, NotConnected]] = []
        self._winner: ChildCall | None = None
        self._bridge: Bridge | None = None
        self._path: MediaPath | None = None
        self._departed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timed_out = False
        self._transfer: asyncio.Future[None] | None = None
        self._handed_over = False
        self._parted = False  # the far leg is no part of this any more
        self._captures = 0
        self._over = False

    @property
    def order(self) -> DialOrder:
        return self._order

    async def run(self) -> DialResult | None:
        """None: the far leg went its own way, and nobody is to be told."""
        line = self._session.line
        if not self._order.answer_on_bridge and not line.is_answered:
            await line.answer()
        try:
            await self._prepare()
            winner = await self._first_answer()
            if winner is None:
                return self._nobody()
            return await self._talk(winner)
        finally:
            self._let_go()

    # Ringing.

    async def _prepare(self) -> None:
        """Give every target its way out and its record, and begin to ring it."""
        async with asyncio.TaskGroup() as tasks:
            for target in self._order.targets:
                tasks.create_task(self._ring(target), name="ring")

    async def _ring(self, target: DialTarget) -> None:
        replaces = replaced_by(target.to.sip_uri) if target.to.sip_uri is not None else None
        if replaces is not None and (taken := self._pick_up(replaces)) is not None:
            self._children.append(taken)
            return
        parent = self._session.call.record
        request = self._request(target)
        try:
            route = await self._ports.children.route(parent, request)
            call = self._record(request)
            intent = intended_facts(call, route, self._ports.dial_settings.local_host)
            await self._ports.children.create(call, route, intent)
        except NotDialled as why:
            self._refused.append(why)
            detail = {"type": "dial_refused", "to": target.to.display, "error": str(why)}
            self._session.call.note(EventType.MEDIA, detail)
            self._session.call.alert("dial-failure", f"{target.to.display} was not dialled: {why}")
            return
        child = ChildCall(
            LiveCall(call, self._ports.log, self._ports.clock),
            route,
            self._ports,
            confirm_hook=target.confirm_hook or self._order.confirm_hook,
            on_progress=self._progress,
        )
        self._children.append(child)
        self._ports.adopt(child)

    def _request(self, target: DialTarget) -> CallRequest:
        order, parent = self._order, self._session.call.record
        caller = order.caller_id or parent.from_
        return CallRequest(
            from_user=target.from_user or caller,
            to=target.to,
            from_host=target.from_host,
            caller_name=target.caller_name or order.caller_name,
            timeout_s=math.ceil(order.timeout_s) + 1,  # the dial's own clock decides
            application_sid=parent.application_sid,
            call_hook=self._session.application.base or parent.request.call_hook,
            call_status_hook=parent.request.call_status_hook,
            notify_hook=parent.request.notify_hook,
            tag=order.tag or {},
            headers=(*order.headers, *self._identity()),
            voice=parent.request.voice,
            recognizer=parent.request.recognizer,
            parent_call_sid=parent.call_sid,
            caller_id=caller,
        )

    def _identity(self) -> tuple[tuple[str, str], ...]:
        """Who the caller's network says is calling, and whether that may be shown (RFC 3325)."""
        if not self._order.forward_identity:
            return ()
        told = (self._session.application.sip or {}).get("headers", {})
        given = {name.lower() for name, _ in self._order.headers}
        by_name = {name.lower(): value for name, value in told.items()}
        return tuple(
            (name, by_name[name.lower()])
            for name in FORWARDED
            if name.lower() in by_name and name.lower() not in given
        )

    def _record(self, request: CallRequest) -> Call:
        parent = self._session.call.record
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
            created_at=self._ports.clock.wall(),
            application_sid=parent.application_sid,
            tag=request.tag,
        )

    def _progress(self, child: ChildCall, event: Progress) -> None:
        """A target rings; with one target alone the caller hears what its network says."""
        if self._over or self._winner is not None:
            return
        self._session.on_dial_progress(event.status, event.reason)
        if not event.body:
            self._session.line.ring()
        alone = len(self._order.targets) == 1 and self._order.music is None
        if event.body and alone and child.session.leg is None:
            self._session.background.start("early-media", self._relay_early_media(child))

    async def _relay_early_media(self, child: ChildCall) -> None:
        await self._session.line.early_media()
        if not self._over and self._winner is None:
            self._join(child)

    async def _first_answer(self) -> ChildCall | None:
        """The first who answered, and confirmed if that was asked for; the rest are let go."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._order.timeout_s
        waiting = {child.fate: child for child in self._children}
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
                        self._winner = child
                        self._release(waiting.values(), outcome.ANSWERED_ELSEWHERE)
                        return child
                    self._lost.append((child, result))
            return None
        finally:
            self._session.background.stop("dial-music")

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

    # Nobody.

    def _nobody(self) -> DialResult:
        """The ring timeout is always no-answer; else what says most about the people called."""
        if not self._children:
            status = self._refused[0].status if self._refused else None
            detail = str(self._refused[0]) if self._refused else "there was nobody to dial"
            self._session.on_dial_progress(status or 503, detail)
            return DialResult(CallStatus.FAILED.value, status, error=detail)
        if self._timed_out:
            record = self._children[0].call.record
            self._session.on_dial_progress(487, "Request Terminated")
            return DialResult("no-answer", 487, record.call_sid, record.sbc_callid)
        child, result = min(self._lost, key=lambda lost: _TELLING.index(lost[1].status))
        why, record = result.outcome, child.call.record
        self._session.on_dial_progress(why.sip_status, why.sip_reason)
        return DialResult(result.status.value, why.sip_status, record.call_sid, record.sbc_callid)

    # Talking.

    async def _talk(self, child: ChildCall) -> DialResult | None:
        await self._session.line.answer()
        self._session.on_dial_progress(200, "OK")
        if not child.session.ending.done():
            self._join(child)
            self._start_beside(child)
            self._choose_path(child)
            self._on_joined(self, child.session)
        loop = asyncio.get_running_loop()
        limit = None
        if self._order.time_limit_s is not None:
            limit = loop.call_later(
                self._order.time_limit_s, child.release, Ending(outcome.TIME_LIMIT)
            )
        try:
            await first_of(child.session.ending, self._departed)
            if self._transfer is not None:
                await first_of(self._transfer, self._departed)
        finally:
            if limit is not None:
                limit.cancel()
        if self._departed.done():
            return None
        record = child.call.record
        return DialResult("completed", 200, record.call_sid, record.sbc_callid)

    def _join(self, child: ChildCall) -> None:
        """Both in one room; the keys of either are pressed for the other one too."""
        near = self._session.leg
        if near is None or child.media is None:
            return
        if self._bridge is None:
            self._bridge = Bridge(self._ports.open_room())
        self._bridge.join(self._session.call.sid, near.stream)
        self._bridge.join(child.call.sid, child.media.stream)

    def _start_beside(self, child: ChildCall) -> None:
        """Keys, hold, and the verbs nested in the dial."""
        order, far = self._order, child.session
        if self._bridge is None:
            return
        for session, sequences in (
            (self._session, order.capture.parent),
            (far, order.capture.child),
        ):
            self._bridge.watch_keys(session, sequences, partial(self._captured, session))
        for session, other in ((self._session, far), (far, self._session)):
            self._bridge.watch_hold(session, partial(self._held, session, other))
            self._bridge.relay_info_keys(session, other)
        if order.beside.boost_db is not None and far.context is not None:
            far.context.tracks.boost(order.beside.boost_db)
        if order.beside.amd is not None:
            CallAmd(far, told=self._session).start(order.beside.amd)
        for session, verbs in (
            (self._session, order.beside.on_parent),
            (far, order.beside.on_child),
        ):
            for number, nested in enumerate(verbs):
                if isinstance(nested, Verb) and session.context is not None:
                    session.background.start(
                        f"dial-{nested.verb}-{number}", _run_nested(nested, session, self._session)
                    )

    def _choose_path(self, child: ChildCall) -> None:
        order = self._order
        self._path = MediaPath(self._session, child.session)
        if order.exit_media_path and self._keeps_audio() is None:
            self._session.background.start("media-path", self._path.release())

    def _keeps_audio(self) -> str | None:
        """What of the dial needs the audio in the gateway."""
        order = self._order
        if order.anchor_media:
            return "anchorMedia"
        if order.capture.parent or order.capture.child:
            return "dtmfCapture"
        return "a nested verb" if order.beside.needs_media else None

    def _captured(self, session: Session, sequence: str) -> None:
        """Told with the base payload of the leg that pressed; the answer changes nothing."""
        hook = self._order.capture.hook
        if hook is not None:
            telling = session.application.action(hook, {"dtmf": sequence}, None)
            self._captures += 1
            session.background.start(f"dtmf-capture-{self._captures % CAPTURES_AT_ONCE}", telling)

    def _held(self, holder: Session, other: Session, held: bool) -> None:  # noqa: FBT001
        hook, music = self._order.hold_hook, other.settings.hold_music
        if not held:
            other.background.stop("on-hold")
        elif hook is not None:
            facts = {"hold_call_sid": holder.call.sid}
            other.background.start("on-hold", entertain(other, _beside(other), hook, lambda: facts))
        elif music is not None:
            other.background.start("on-hold", _hold_music(other, music))

    # What live control and transfers do to it.

    def other(self, session: Session) -> Session | None:
        """Whom `session` talks to; None before anybody answered."""
        child = self._winner
        if child is None or self._bridge is None:
            return None
        return child.session if session is self._session else self._session

    def mute(self, session: Session, *, muted: bool) -> None:
        if self._bridge is None or self._winner is None:
            raise NotNow("nobody has answered the dial yet")
        if self._path is not None and self._path.is_direct:
            self._session.background.start("media-path", self._path.restore())
        self._bridge.mute(session.call.sid, muted=muted)

    async def media_path(self, path: str) -> None:
        """Raises NotNow when nobody has answered, or something needs the audio here."""
        if self._path is None:
            raise NotNow("nobody has answered the dial yet")
        if path != DIRECT:
            await self._path.restore()
            return
        if (why := self._keeps_audio()) is not None:
            raise NotNow(f"the audio stays in the gateway: {why} needs it")
        await self._path.release()

    @property
    def audio_is_direct(self) -> bool:
        """Whether the audio does not pass through here."""
        return self._path is not None and self._path.is_direct

    def includes(self, session: Session) -> bool:
        """Whether the call takes part in this dial now."""
        return not self._over and (session is self._session or not self._parted)

    def give_up(self) -> ChildCall:
        """The far leg for somebody else's dial; this one is over, without its hook."""
        child = self._detached()
        self._part()
        self._depart()
        return child

    def _part(self) -> None:
        self._parted = True
        if self._bridge is not None and self._winner is not None:
            self._bridge.let_go(self._winner.call.sid)

    def is_child(self, session: Session) -> bool:
        return session is not self._session

    def emancipate(self, first: FirstDocument) -> None:
        """Give the far leg an application of its own; this dial is over, without its hook."""
        self.give_up().grow_up(first)

    def begin_transfer(self) -> None:
        """Neither end's hanging up ends the other one until it is known where that goes."""
        self._detached()
        self._transfer = asyncio.get_running_loop().create_future()

    def hand_over(self, referrer: Session, document: Document) -> None:
        """What the application wants done with the one whom `referrer` has handed on."""
        self._handed_over = True
        child = self._winner
        if child is None:
            return
        self._part()
        if self.is_child(referrer):
            self._session.replace(document)
            return

        async def first() -> Document:
            return document

        child.grow_up(first)

    def end_transfer(self) -> None:
        """After `hand_over` the dial is over; without it everything is as it was."""
        child = self._winner
        if self._transfer is not None and not self._transfer.done():
            self._transfer.set_result(None)
        self._transfer = None
        if self._handed_over:
            self._depart()
        elif child is not None and self._over:
            child.release(Ending(outcome.PARENT_ENDED))
        elif child is not None:
            self._children.append(child)

    def _detached(self) -> ChildCall:
        """The far leg, which from here on stays when this dial ends."""
        child = self._winner
        if child is None or child not in self._children:
            raise NotNow("there is no dialled call")
        self._children.remove(child)
        return child

    def _depart(self) -> None:
        if not self._departed.done():
            self._departed.set_result(None)

    def _let_go(self) -> None:
        """Whoever still rings or talks for this dial is let go."""
        self._over = True
        gone = self._session.ending.done()
        for child in self._children:
            answered_here = child.call.is_answered and not gone
            cause = outcome.COMPLETED if answered_here else outcome.PARENT_ENDED
            child.release(Ending(cause))
        self._children.clear()
        for name in ("early-media", "dial-music", "on-hold"):
            self._session.background.stop(name)
        for number, nested in enumerate(self._order.beside.on_parent):
            self._session.background.stop(f"dial-{nested.verb}-{number}")
        if self._path is not None:
            self._path.close()
        if self._bridge is not None:
            self._bridge.close()


async def _run_nested(verb: Verb, session: Session, parent: Session) -> None:
    if isinstance(verb, Transcribe):
        await transcribe_beside(session, verb.order(), parent)
        return
    await verb.run(_beside(session))


async def _hold_music(session: Session, url: str) -> None:
    context = _beside(session)
    while (await context.play(url)).ms > 0:
        pass


def _beside(session: Session) -> VerbContext:
    """The call for verbs that run beside its own."""
    context = session.context
    return context.aside() if isinstance(context, CallContext) else CallContext(session, Notes())
