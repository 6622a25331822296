"""One outbound call from its first INVITE to its terminal event."""

import asyncio

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.dial import Connected, Dial, NotConnected
from voxgate.call.leg import MediaSession
from voxgate.call.outcome import Cause
from voxgate.flow.amd import CallAmd
from voxgate.flow.application import opening_of
from voxgate.flow.ports import CallPorts
from voxgate.flow.program import carry_through, conduct, hang_up
from voxgate.flow.session import Session
from voxgate.model.calls import CallStatus, EventType, Json, Outcome
from voxgate.routing.outbound import RoutePlan

log = get_logger("flow")


class OutboundCall:
    """Run by one task; the other methods are called from the same loop while it runs."""

    def __init__(self, call: LiveCall, plan: RoutePlan, ports: CallPorts) -> None:
        self.call = call
        self._plan = plan
        self._ports = ports
        self._dial: Dial | None = None
        self._cancelled: Cause | None = None
        self.session = Session(call, ports)
        self.session.abandon = self._abandon

    async def run(self) -> None:
        """Never raises; ends with exactly one terminal event, also when cancelled."""
        try:
            await carry_through(self.call, self._run(), self._break_off)
        finally:
            await self.session.close()
            self.session.release()

    def _break_off(self, why: Outcome) -> None:
        if self.session.leg is not None:
            self.session.leg.hang_up({})
        status = CallStatus.COMPLETED if self.call.is_answered else CallStatus.FAILED
        self.call.end(status, why, by="jambonz")

    async def _run(self) -> None:
        routed = {
            "rule": self._plan.rule,
            "reason": self._plan.reason,
            "attempts": [
                {
                    "carrier": attempt.carrier.name if attempt.carrier else None,
                    "gateway": attempt.gateway.host if attempt.gateway else None,
                    "reason": attempt.reason,
                }
                for attempt in self._plan.attempts
            ],
        }
        self.call.note(EventType.ROUTED, routed)
        try:
            stream = self._ports.open_stream(self.session.on_media)
        except VoxgateError as full:
            why = outcome.own(outcome.NO_MEDIA_PORT, 503, str(full))
            self.call.end(CallStatus.FAILED, why, by="jambonz")
            return
        media = MediaSession(
            stream,
            session_id=self._ports.session_id(),
            rtp_timeout_s=self._ports.settings.media_timeout_s,
        )
        try:
            await self._dial_and_talk(media)
        finally:
            await self.session.close()  # what runs beside it needs the stream to the last
            self._report_media(media)
            stream.close()

    async def _dial_and_talk(self, media: MediaSession) -> None:
        self._dial = self._ports.dial(self.call, self._plan, media)
        if self._cancelled is not None:
            self._dial.cancel(self._cancelled)
        result = await self._ring(self._dial)
        self._dial = None
        if isinstance(result, NotConnected):
            self.call.end(result.status, result.outcome, by=result.by)
            return
        await self._talk(result, media)

    async def _ring(self, dial: Dial) -> Connected | NotConnected:
        """While it rings, render what an `app_json` says first: no dead air after the answer."""
        request = self.call.record.request
        if request.app_json is None:
            return await dial.run()
        async with asyncio.TaskGroup() as tasks:
            opening = self.session.prepare(opening_of(request.app_json))
            preparing = tasks.create_task(opening, name="prepare")
            result = await dial.run()
            preparing.cancel()
        return result

    async def _talk(self, connected: Connected, media: MediaSession) -> None:
        session = self.session
        session.connect(connected.dialog, media)
        self._take_answer(connected, media)
        connected.inbox.hand_over(session.on_dialog)
        amd = self.call.record.request.amd
        if amd is not None:
            CallAmd(session).start_as_ordered(amd)
        limit_s = self.call.record.request.time_limit_s or self._ports.settings.time_limit_s
        hang_up(session, await conduct(session, limit_s))

    def _take_answer(self, connected: Connected, media: MediaSession) -> None:
        facts = media.facts
        answered: Json = {"dialog": connected.facts}
        if facts is not None:
            answered |= {
                "codec": facts.codec_name,
                "remote_media": f"{facts.remote_ip}:{facts.remote_port}",
            }
        self.call.answer(connected.call_id, answered)

    def _report_media(self, media: MediaSession) -> None:
        if self.call.is_answered:
            self._ports.observe_media(media.stream.stats())

    def _abandon(self, cause: Cause) -> None:
        """Stop ringing."""
        self._cancelled = cause
        if self._dial is not None:
            self._dial.cancel(cause)
