"""Records a call: into the account's own keeping, each side on a channel, or by SIPREC."""

from dataclasses import dataclass

from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.flow.session import Session
from voxgate.flow.siprec import SiprecRecording
from voxgate.media import taps
from voxgate.media.events import MediaEvent, RecordingFailed
from voxgate.model.calls import EventType
from voxgate.model.recordings import Recording
from voxgate.verbs.capabilities.recorder import RecordKind, RecordOrder
from voxgate.verbs.contract import NotNow

log = get_logger("flow")


@dataclass(frozen=True, slots=True)
class _Running:
    recording: Recording
    sound: taps.Recording


class CallRecorder:
    """The Recorder capability of one session, which closes it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._running: _Running | None = None
        self._siprec: SiprecRecording | None = None
        self._starting = False
        self._deaf = session.listen_to_media(self._on_media)
        session.at_close(self.close)
        if session.call.record.request.record:
            session.call.when_answered(self._record_all)

    async def start(self, order: RecordOrder) -> None:
        if self._session.leg is None or not self._session.call.is_answered:
            raise NotNow("the call is not answered")
        if self._starting or self._runs(order.kind):
            raise NotNow("the call is being recorded already")
        self._starting = True
        try:
            await (self._start_siprec(order) if order.kind == "siprec" else self._start(order))
        finally:
            self._starting = False

    def _runs(self, kind: RecordKind) -> bool:
        return (self._siprec if kind == "siprec" else self._running) is not None

    async def _start_siprec(self, order: RecordOrder) -> None:
        recording = SiprecRecording(self._session, order)
        await recording.start()
        self._siprec = recording
        self._note_siprec("started")

    async def _start(self, order: RecordOrder) -> None:
        leg = self._session.leg
        if leg is None:
            raise NotNow("the call has no media")
        call, shelf = self._session.call, self._session.ports.shelf
        try:
            recording = await shelf.begin(call.sid, call.record.account_sid, order.recording_id)
            sound = leg.stream.record(shelf.path_of(recording))
        except VoxgateError as failure:
            raise NotNow(f"the recording cannot be written: {failure}") from failure
        self._running = _Running(recording, sound)
        self._note("recording_started", recording)

    async def stop(self, kind: RecordKind) -> None:
        if kind == "siprec":
            recording, self._siprec = self._found_siprec(), None
            await recording.stop()
            self._note_siprec("stopped")
            return
        running = self._found()
        self._running = None
        await self._complete(running)

    async def pause(self, kind: RecordKind) -> None:
        if kind == "siprec":
            self._found_siprec().pause(paused=True)
            self._note_siprec("paused")
            return
        running = self._found()
        running.sound.pause()
        self._note("recording_paused", running.recording)

    async def resume(self, kind: RecordKind) -> None:
        if kind == "siprec":
            self._found_siprec().pause(paused=False)
            self._note_siprec("resumed")
            return
        running = self._found()
        running.sound.resume()
        self._note("recording_resumed", running.recording)

    async def close(self) -> None:
        """The call is over: what was recorded goes its way."""
        self._deaf()
        siprec, self._siprec = self._siprec, None
        if siprec is not None:
            await siprec.stop()
            self._note_siprec("stopped")
        running, self._running = self._running, None
        if running is not None:
            await self._complete(running)

    def _record_all(self) -> None:
        """The account or the application has every call recorded."""
        self._session.background.start("record", self.start(RecordOrder("cloud")))

    def _found(self) -> _Running:
        if self._running is None:
            raise NotNow("there is no recording")
        return self._running

    def _found_siprec(self) -> SiprecRecording:
        if self._siprec is None:
            raise NotNow("there is no SIPREC recording")
        return self._siprec

    async def _complete(self, running: _Running) -> None:
        await running.sound.stop()
        self._note("recording_stopped", running.recording)
        try:
            await self._session.ports.shelf.finish(
                running.recording, running.sound.written_ms / 1000
            )
        except VoxgateError as away:
            # The file is on the disk and its row says that it is open: the next start finds it.
            log.warning("recording_left_open", call_sid=self._session.call.sid, reason=str(away))

    def _on_media(self, event: MediaEvent) -> None:
        if isinstance(event, RecordingFailed) and self._running is not None:
            reason = self._running.sound.failure or "the file could not be written"
            self._session.call.alert("recording-failure", "the recording ended early", reason)

    def _note_siprec(self, what: str) -> None:
        self._session.call.note(EventType.MEDIA, {"type": f"siprec_{what}"})

    def _note(self, what: str, recording: Recording) -> None:
        data = {"type": what, "recording_sid": recording.recording_sid}
        self._session.call.note(EventType.MEDIA, data)
