"""A recogniser on the far end of a call: its sound and its turns in, what is heard out."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from voxgate.base.tasks import Nursery
from voxgate.flow.session import Session
from voxgate.media.events import MediaEvent, SpeechStarted, SpeechStopped
from voxgate.model.speech import Ear
from voxgate.speech.contract import SpeechAlert
from voxgate.speech.listener import Listener
from voxgate.speech.recognition import Heard, RecognitionFailed
from voxgate.verbs.capabilities.ears import Deaf, EarEvent, VoiceBegan, VoiceEnded
from voxgate.verbs.contract import NotNow

NOTICE_MS = 100  # sound comes in pieces of this length: a pace vendors like, few wake-ups


class Hearing:
    """Listens for one at a time; the vendor's session outlives who listens. `close` ends it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listener = Listener(session.ports.recognizers, self._alert, call_sid=session.call.sid)
        self._voice = False
        self._tell: Callable[[EarEvent], None] | None = None
        self._stop_watching = session.listen_to_media(self._on_media)

    @asynccontextmanager
    async def open(self, ear: Ear, tell: Callable[[EarEvent], None]) -> AsyncIterator[None]:
        """`tell` is called with everything heard inside the block; the vendor is reached there."""
        leg = self._session.leg
        if leg is None:
            raise NotNow("the call has no media")
        nursery = Nursery("hearing")
        self._tell = tell
        nursery.start(self._hear(ear, tell), name="results")
        tap = leg.stream.tap(on_audio=self._listener.feed, notice_ms=NOTICE_MS)
        try:
            yield
        finally:
            tap.close()
            self._tell = None
            await nursery.close()

    async def drain(self) -> AsyncIterator[Heard]:
        """After the last `open`: what the vendor still owes. Cancel it when that takes too long."""
        self._listener.finish()
        try:
            while (heard := await self._listener.next()) is not None:
                yield heard
        except RecognitionFailed:
            return

    async def close(self) -> None:
        self._stop_watching()
        await self._listener.close()

    async def _hear(self, ear: Ear, tell: Callable[[EarEvent], None]) -> None:
        try:
            await self._listener.prepare(ear)
            if self._voice:
                self._listener.turn(speaking=True)
            while (heard := await self._listener.next()) is not None:
                tell(heard)
        except RecognitionFailed as failed:
            tell(Deaf(str(failed)))

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case SpeechStarted():
                self._turn(VoiceBegan(), speaking=True)
            case SpeechStopped():
                self._turn(VoiceEnded(), speaking=False)
            case _:
                pass

    def _turn(self, event: EarEvent, *, speaking: bool) -> None:
        self._voice = speaking
        if self._tell is not None:
            self._listener.turn(speaking=speaking)
            self._tell(event)

    def _alert(self, alert: SpeechAlert, failover: str | None) -> None:
        self._session.fault(alert.alert_type, alert.message, alert.detail, failover)
