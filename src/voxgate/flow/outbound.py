"""One outbound call from its first INVITE to its terminal event."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.dial import Connected, Dial, NotConnected
from voxgate.call.leg import Leg, LegEnd, MediaSession
from voxgate.call.outcome import Cause
from voxgate.flow.application import Application, NoDocument, opening_of
from voxgate.flow.context import CallContext
from voxgate.flow.ports import CallPorts
from voxgate.flow.runner import Notes, Runner
from voxgate.media.events import MediaEvent
from voxgate.model.calls import CallStatus, EventType, Json, Outcome
from voxgate.model.hooks import Hook
from voxgate.routing.outbound import RoutePlan

log = get_logger("flow")

_APP_FAULTS = {
    "empty": outcome.APP_EMPTY,
    "invalid": outcome.APP_INVALID,
    "failed": outcome.APP_FAILED,
}
_BYE_REASONS = {
    outcome.TIME_LIMIT: "Max Call Duration",
    outcome.MEDIA_TIMEOUT: "Media Timeout",
}
AMD_MISSING = "answering machine detection is not available in this version"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why an answered call is over; `leg` when the far end or the network ended it."""

    cause: Cause
    leg: LegEnd | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class OutboundCall:
    """Run by one task; the other methods are called from the same loop while it runs."""

    def __init__(self, call: LiveCall, plan: RoutePlan, ports: CallPorts) -> None:
        self.call = call
        self._plan = plan
        self._ports = ports
        self._dial: Dial | None = None
        self._cancelled: Cause | None = None
        self._leg: Leg | None = None
        self._runner: Runner | None = None
        self._speaker = ports.speaker()
        self._application = Application(call, ports.asker, ports.app_settings())
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Never raises; ends with exactly one terminal event, also when cancelled."""
        try:
            await self._run()
        except asyncio.CancelledError:
            self._break_off(outcome.own(outcome.SHUTDOWN, 503, "Shutdown"))
            raise
        except Exception:  # boundary: a call must end with its terminal event
            log.exception("call_failed", call_sid=self.call.sid)
            self._break_off(outcome.own(outcome.INTERNAL, 500, "Internal Server Error"))

    def _break_off(self, why: Outcome) -> None:
        if self._leg is not None:
            self._leg.hang_up({})
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
            stream = self._ports.open_stream(self._on_media)
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
            if self._leg is not None:
                self._leg.release()
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
            preparing = tasks.create_task(self._prepare(request.app_json), name="prepare")
            result = await dial.run()
            preparing.cancel()
        return result

    async def _prepare(self, app_json: str) -> None:
        for speech in opening_of(app_json):
            await self._speaker.prepare(
                speech.text, self.call.record.request.voice, speech.synthesizer
            )

    async def _talk(self, connected: Connected, media: MediaSession) -> None:
        leg = self._leg = Leg(
            connected.dialog,
            media,
            on_end=lambda end: self._end(Ending(end.cause or outcome.COMPLETED, end)),
            on_hold=lambda held: self._on_hold(held=held),
        )
        self._take_answer(connected, media)
        connected.inbox.hand_over(leg.on_dialog)
        limit_s = self.call.record.request.time_limit_s or self._ports.settings.time_limit_s
        limit = asyncio.get_running_loop().call_later(
            limit_s, self._end, Ending(outcome.TIME_LIMIT)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(self._run_application(leg), name="application")]
                if self.call.record.request.amd is not None:
                    work.append(tasks.create_task(self._report_amd(), name="amd"))
                ending = await self._ending
                for task in work:
                    task.cancel()
        finally:
            limit.cancel()
        self._finish(leg, ending)

    def _take_answer(self, connected: Connected, media: MediaSession) -> None:
        facts = media.facts
        answered: Json = {"dialog": connected.facts}
        if facts is not None:
            answered |= {
                "codec": facts.codec_name,
                "remote_media": f"{facts.remote_ip}:{facts.remote_port}",
            }
        self.call.answer(connected.call_id, answered)

    async def _run_application(self, leg: Leg) -> None:
        notes = Notes()
        context = CallContext(
            self.call,
            leg,
            self._application,
            speaker=self._speaker,
            files=self._ports.files,
            notes=notes,
            hang_up=lambda headers: self._end(Ending(outcome.COMPLETED, None, headers)),
            redirect_status=lambda hook: self._ports.redirect_status(self.call.sid, hook),
        )
        leg.listen_for_digits(context.note_digit)
        self._runner = Runner(self.call, context, notes)
        try:
            await self._runner.run(self._application.first_document)
        except NoDocument as nothing:
            self._end(Ending(_APP_FAULTS[nothing.kind]))
        except Exception:  # boundary: a verb's bug must not leave the callee in silence
            log.exception("application_failed", call_sid=self.call.sid)
            self._end(Ending(outcome.INTERNAL))
        else:
            self._end(Ending(outcome.APP_DONE))

    async def _report_amd(self) -> None:
        """AMD was asked for and cannot run: say so where its verdict would have gone."""
        request = self.call.record.request
        event = {"type": "amd_error", "error": AMD_MISSING}
        self.call.note(EventType.AMD, event)
        hook = self._ports.amd_hook(request)
        if hook is None:
            return
        document = await self._application.action(hook, event, None)
        if document is not None and self._runner is not None:
            self._runner.replace(document)

    def _finish(self, leg: Leg, ending: Ending) -> None:
        if ending.leg is not None and ending.leg.cause is None:
            self.call.end(
                CallStatus.COMPLETED,
                outcome.hung_up(ending.leg.reason),
                by="caller",
                headers=ending.leg.headers,
            )
            return
        headers = dict(ending.headers)
        if ending.cause in _BYE_REASONS:
            headers["X-Reason"] = _BYE_REASONS[ending.cause]
        leg.hang_up(headers)
        self.call.end(CallStatus.COMPLETED, outcome.own(ending.cause, 200, "OK"), by="jambonz")

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    def _on_media(self, event: MediaEvent) -> None:
        if self._leg is not None:
            self._leg.on_media(event)

    def _on_hold(self, *, held: bool) -> None:
        self.call.note(EventType.MEDIA, {"type": "hold" if held else "resume"})

    def _report_media(self, media: MediaSession) -> None:
        if self.call.is_answered:
            self._ports.observe_media(media.stream.stats())

    # What the API and the operator may do to it.

    def hang_up(self, cause: Cause) -> bool:
        """End an answered call; False when it is not answered."""
        if not self.call.is_answered:
            return False
        self._end(Ending(cause))
        return True

    def cancel(self, cause: Cause) -> bool:
        """Stop ringing; False when it is answered."""
        if self.call.is_answered:
            return False
        self._cancelled = cause
        if self._dial is not None:
            self._dial.cancel(cause)
        return True

    async def redirect(self, hook: Hook) -> None:
        """Live call control: fetch a new document and go on with it (failures are alerts)."""
        try:
            document = await self._application.redirected(hook)
        except NoDocument:
            return
        if self._runner is not None:
            self._runner.replace(document)
