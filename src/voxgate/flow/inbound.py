"""One call to us, from its INVITE to its terminal event (contract 3.6, 5.1, 10.4)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.leg import MediaSession
from voxgate.call.orphan import answered_facts
from voxgate.call.outcome import Cause
from voxgate.flow.ports import CallPorts
from voxgate.flow.program import conduct, hang_up
from voxgate.flow.session import Ending, Session
from voxgate.model.calls import CallStatus, EventType, Json, Outcome
from voxgate.sdp.description import SdpError
from voxgate.sip.dialog.events import AckReceived, DialogEvent
from voxgate.sip.endpoint import IncomingInvite, InviteDialog
from voxgate.verbs.contract import NotNow

log = get_logger("flow")

X_REASON = "X-Reason"
_X_REASON_MOST = 200
_SDP = "application/sdp"

# What a caller who was never answered is told, by the reason his call ends for.
_FINALS: dict[Cause, tuple[int, str]] = {
    outcome.APP_DONE: (603, "Decline"),
    outcome.APP_EMPTY: (480, "Temporarily Unavailable"),
    outcome.APP_INVALID: (480, "Temporarily Unavailable"),
    outcome.APP_FAILED: (480, "Temporarily Unavailable"),
    outcome.NO_MEDIA_PORT: (480, "Temporarily Unavailable"),
    outcome.OFFER_REFUSED: (488, "Not Acceptable Here"),
    outcome.CANCELLED: (503, "Service Unavailable"),
    outcome.ENDED_BY_API: (503, "Service Unavailable"),
    outcome.SHUTDOWN: (503, "Service Unavailable"),
    outcome.INTERNAL: (500, "Server Internal Error"),
}
_OTHERWISE = (480, "Temporarily Unavailable")


@dataclass(frozen=True, slots=True)
class Declined:
    """How the application wants the call refused."""

    status: int
    reason: str
    headers: Mapping[str, str]


class InboundLine:
    """The called side of one INVITE: rings, opens media, answers or declines, each once."""

    def __init__(self, invite: IncomingInvite, ports: CallPorts) -> None:
        self._invite = invite
        self._ports = ports
        self._session: Session | None = None
        self._acknowledged = asyncio.Event()
        self.media: MediaSession | None = None
        self.declined: Declined | None = None
        self.is_answered = False

    def serve(self, session: Session) -> None:
        """The session whose line this is; from here the caller may give up."""
        self._session = session
        self._invite.on_cancel(self._cancelled)
        if self._invite.over:
            self._cancelled()

    def leave(self) -> None:
        """The call is over."""
        self._session = None

    @property
    def _owner(self) -> Session:
        if self._session is None:
            raise NotNow("the call is not in progress")
        return self._session

    def ring(self) -> None:
        """Tell the caller that it rings (180), unless there is media or an answer already."""
        if self.media is None:
            self._invite.ring(180, "Ringing")

    async def early_media(self) -> None:
        if self.media is not None:
            return
        if self._invite.request.part(_SDP) is None:
            # Who makes no offer can only be offered one, and hears nothing before the answer.
            await self.answer()
            return
        media, body = await self._open()
        self._invite.ring(183, "Session Progress", body)
        self._owner.connect(None, media)
        self._owner.call.note(EventType.MEDIA, {"type": "early_media"} | _media_facts(media))

    async def answer(self) -> None:
        if self.is_answered:
            return
        session = self._owner
        if self.media is None:
            media, body = await self._open()
        else:
            media, body = self.media, self.media.description
        dialog = self._invite.answer(body, self._on_dialog, self._answer_headers())
        if dialog is None:  # the caller has gone, or was refused for his session timer
            self._cancelled()
            await _until_cancelled()
            return
        self.is_answered = True
        if session.leg is None:
            session.connect(dialog, media)
        else:
            session.leg.confirm(dialog)
        self._note_answer(dialog, media)
        if media.facts is None:
            await self._await_late_answer(media)

    def decline(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        if self.is_answered:
            raise NotNow("the call was answered")
        if self._invite.over:
            raise NotNow("the call was refused already")
        self.declined = Declined(status, reason, headers)
        self._owner.end(Ending(outcome.DECLINED_BY_APP))

    def refuse(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        """The final response to a call that nobody answered."""
        self._invite.reject(status, reason, tuple(headers.items()))

    def _answer_headers(self) -> list[tuple[str, str]]:
        record = self._owner.call.record
        headers = [("X-Call-Sid", record.call_sid)]
        if record.application_sid is not None:
            headers.append(("X-Application-Sid", record.application_sid))
        return headers

    def _note_answer(self, dialog: InviteDialog, media: MediaSession) -> None:
        state = dialog.confirmed_state
        facts: Json = {} if state is None else {"dialog": answered_facts(state)}
        self._owner.call.answer(self._invite.request.call_id, facts | _media_facts(media))

    async def _open(self) -> tuple[MediaSession, bytes]:
        """A stream and our description for it; a call that cannot have one ends here."""
        session, ports = self._owner, self._ports
        try:
            stream = ports.open_stream(session.on_media)
        except VoxgateError as full:
            session.end(Ending(outcome.NO_MEDIA_PORT, detail=str(full)))
            return await _until_cancelled()
        media = self.media = MediaSession(
            stream,
            session_id=ports.session_id(),
            rtp_timeout_s=ports.settings.media_timeout_s,
        )
        offer = self._invite.request.part(_SDP)
        try:
            return media, media.offer() if offer is None else media.answer(offer)
        except SdpError as unusable:
            session.end(Ending(outcome.OFFER_REFUSED, detail=str(unusable)))
            return await _until_cancelled()

    async def _await_late_answer(self, media: MediaSession) -> None:
        """The offer was ours, in the 200; the caller's answer comes with the ACK (RFC 3264)."""
        await self._acknowledged.wait()
        if media.facts is None:
            self._owner.end(Ending(outcome.MEDIA_REFUSED))
            await _until_cancelled()

    def _on_dialog(self, event: DialogEvent) -> None:
        if self._session is not None:
            self._session.on_dialog(event)
        if isinstance(event, AckReceived):
            self._acknowledged.set()

    def _cancelled(self) -> None:
        if self._session is not None:
            self._session.end(Ending(outcome.CALLER_GONE))


class InboundCall:
    """Run by one task; the other methods are called from the same loop while it runs."""

    def __init__(
        self, call: LiveCall, invite: IncomingInvite, ports: CallPorts, *, sip: Json, routed: Json
    ) -> None:
        """`sip` is the INVITE as `session:new` shows it, `routed` why the call is whose it is."""
        self.call = call
        self._ports = ports
        self._routed = routed
        self._line = InboundLine(invite, ports)
        self.session = Session(call, ports, self._line)
        self.session.application.sip = sip

    async def run(self) -> None:
        """Never raises; ends with exactly one terminal event, also when cancelled."""
        try:
            await self._run()
        except asyncio.CancelledError:
            self._break_off(outcome.SHUTDOWN)
            raise
        except Exception:  # boundary: a call must end with its terminal event
            log.exception("call_failed", call_sid=self.call.sid)
            self._break_off(outcome.INTERNAL)
        finally:
            await self.session.close()
            self.session.release()
            self._line.leave()

    async def _run(self) -> None:
        self._line.serve(self.session)
        self.call.note(EventType.ROUTED, self._routed)
        self.call.report(CallStatus.TRYING, 100, "Trying")
        try:
            ending = await conduct(self.session, self._ports.settings.time_limit_s)
            self._finish(ending)
        finally:
            await self.session.close()
            self._release()

    def _finish(self, ending: Ending) -> None:
        if self.call.is_answered:
            hang_up(self.session, ending)
        elif ending.cause is outcome.CALLER_GONE:
            gone = outcome.own(ending.cause, 487, "Request Terminated")
            self.call.end(CallStatus.NO_ANSWER, gone, by="caller")
        else:
            self._refuse(ending)

    def _refuse(self, ending: Ending) -> None:
        declined = self._line.declined
        if declined is not None and ending.cause is outcome.DECLINED_BY_APP:
            status, reason = declined.status, declined.reason
            headers = {X_REASON: "SIP Decline Verb", **declined.headers}
        else:
            status, reason = _FINALS.get(ending.cause, _OTHERWISE)
            headers = dict(ending.headers) | _x_reason(ending)
        self._line.refuse(status, reason, headers)
        why = outcome.own(ending.cause, status, reason or "Declined")
        self.call.end(CallStatus.FAILED, why, by="jambonz")

    def _break_off(self, cause: Cause) -> None:
        if self.call.ended:
            return
        if self.call.is_answered:
            if self.session.leg is not None:
                self.session.leg.hang_up({})
            self.call.end(CallStatus.COMPLETED, _own(cause), by="jambonz")
        else:
            self._refuse(Ending(cause))

    def _release(self) -> None:
        media = self._line.media
        if media is not None:
            if self.call.is_answered:
                self._ports.observe_media(media.stream.stats())
            media.stream.close()


def _own(cause: Cause) -> Outcome:
    return outcome.own(cause, *_FINALS.get(cause, _OTHERWISE))


def _x_reason(ending: Ending) -> dict[str, str]:
    """Why nobody answers, as far as the caller's side may want to know (contract 10.4)."""
    if ending.cause is outcome.NO_MEDIA_PORT:
        text = "crankback: media server failure"
    elif ending.cause is outcome.OFFER_REFUSED:
        text = f"endpoint allocation failure: {ending.detail}"
    else:
        text = ending.detail
    plain = "".join(char for char in text if char.isascii() and char.isprintable())
    return {X_REASON: plain[:_X_REASON_MOST]} if plain else {}


def _media_facts(media: MediaSession) -> Json:
    facts = media.facts
    if facts is None:
        return {}
    return {"codec": facts.codec_name, "remote_media": f"{facts.remote_ip}:{facts.remote_port}"}


async def _until_cancelled() -> "tuple[MediaSession, bytes]":
    """The call is over; whoever runs its verbs cancels them."""
    never: asyncio.Future[tuple[MediaSession, bytes]] = asyncio.get_running_loop().create_future()
    return await never
