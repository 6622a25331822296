"""One call and the application that drives it: inbound, outbound and dialled calls alike."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from voxgate.base.listeners import Listeners
from voxgate.base.tasks import Nursery
from voxgate.call.call import LiveCall
from voxgate.call.leg import Leg, LegEnd, MediaSession
from voxgate.call.outcome import APP_LOST, COMPLETED, Cause
from voxgate.flow.application import VERB_STATUS, Application
from voxgate.flow.background import Background
from voxgate.flow.line import AnsweredLine, Line
from voxgate.flow.ports import CallPorts
from voxgate.flow.runner import Runner
from voxgate.flow.settings import SessionSettings
from voxgate.flow.transcripts import Transcripts
from voxgate.media.events import MediaEvent
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.sip.dialog.events import DialogEvent
from voxgate.sip.endpoint import InviteDialog
from voxgate.verbs.capabilities.dialling import Dialling
from voxgate.verbs.contract import Document, NotNow, Speech, VerbContext

T = TypeVar("T")

LAST_WORDS_S = 5.0  # for hooks that are under way when the call is over


class Context(VerbContext, Protocol):
    """What the verbs of a session are given."""

    def aside(self) -> VerbContext:
        """The same call for a verb that runs beside the running one, with notes of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a call is over; `leg` when the far end or the network ended it."""

    cause: Cause
    leg: LegEnd | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""  # what went wrong, for a caller who was not answered


_FAULTS = {
    "tts-failure": "TTS error",
    "no-tts": "TTS error",
    "stt-failure": "ASR error",
    "no-stt": "ASR error",
    "play-url-notfound": "play error",
}


class Session:
    """What everything that happens on one call shares.

    The call's task owns it, must await `close()` and, when nothing of the call is left to do, call
    `release()`; the other methods may be called from the same loop at any time, and do nothing
    once the call is over. From its making to `close()` it is known to live control by the sid of
    its call.
    """

    def __init__(self, call: LiveCall, ports: CallPorts, line: Line | None = None) -> None:
        self.call = call
        self.ports = ports
        self.line: Line = line or AnsweredLine()
        self.leg: Leg | None = None
        self.speaker = ports.speaker()
        self.application = Application(call, ports.asker, ports.app_settings())
        self.application.give_up = lambda _failure: self.end(Ending(APP_LOST))
        self.application.readdress = lambda hook: ports.redirect_status(call.sid, hook)
        self.settings = SessionSettings(call.record.request)
        self.background = Background(call)
        self.transcripts = Transcripts()
        self.context: Context | None = None  # while an application runs
        self.runner: Runner | None = None
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        # How an unanswered call is given up; who rings or is rung sets it.
        self.abandon: Callable[[Cause], None] = lambda cause: self.end(Ending(cause))
        self._delist = ports.enlist(self)
        self._last_words = Nursery(call.sid)
        self._at_close: list[Callable[[], Awaitable[None]]] = []
        self.on_hold: Callable[[bool], None] = lambda _held: None  # who is joined with it sets it
        # How far dialling has come on this call's behalf, for who waits for a transfer.
        self.on_dial_progress: Callable[[int, str], None] = lambda _status, _reason: None
        self._media_listeners = Listeners[[MediaEvent]]()
        self._dialog_listeners = Listeners[[DialogEvent]]()
        self.dialling: Dialling = ports.dialling(self)

    # The leg.

    def connect(self, dialog: InviteDialog | None, media: MediaSession) -> Leg:
        """Join dialog and media; from here the far end's hanging up ends the session.

        Without a dialog it is early media of a call to us.
        """
        self.leg = Leg(
            dialog,
            media,
            on_end=lambda end: self.end(Ending(end.cause or COMPLETED, end)),
            on_hold=self._on_hold,
        )
        self.leg.listen_for_digits(self._note_digit)
        return self.leg

    def on_dialog(self, event: DialogEvent) -> None:
        """What the far end does; the leg first, then who listens."""
        if self.leg is not None:
            self.leg.on_dialog(event)
        self._dialog_listeners.tell(event)

    def listen_to_dialog(self, listener: Callable[[DialogEvent], None]) -> Callable[[], None]:
        """`listener(event)` for every event of this call's dialog; call the result to stop."""
        return self._dialog_listeners.add(listener)

    def on_media(self, event: MediaEvent) -> None:
        """What the stream of this call tells; the leg first, then who listens."""
        if self.leg is not None:
            self.leg.on_media(event)
        self._media_listeners.tell(event)

    def listen_to_media(self, listener: Callable[[MediaEvent], None]) -> Callable[[], None]:
        """`listener(event)` for every media event of this call; call the result to stop."""
        return self._media_listeners.add(listener)

    def _note_digit(self, digit: str, duration_ms: int) -> None:
        """Every key the far end presses is on the timeline, asked for or not."""
        self.call.note(EventType.DIGIT, {"digit": digit, "duration_ms": duration_ms})

    def _on_hold(self, held: bool) -> None:  # noqa: FBT001 - the leg's signature
        self.call.note(EventType.MEDIA, {"type": "hold" if held else "resume"})
        self.on_hold(held)

    # The application.

    def fault(
        self, alert_type: str, message: str, detail: str | None = None, failover: str | None = None
    ) -> None:
        """An alert, and `jambonz:error` to an application behind a WebSocket (contract 4.7).

        `failover`: "in progress" or "not available", of a speech vendor.
        """
        self.call.alert(alert_type, message, detail)
        msg = _FAULTS.get(alert_type)
        if msg is None:
            return
        verb = self.runner.verb if self.runner is not None else None
        about = {
            "failover": failover,
            "verb": verb.verb if verb is not None else None,
            "id": verb.id if verb is not None else None,
        }
        known = {name: value for name, value in about.items() if value is not None}
        self.application.report_error(msg, message, **known)

    def report_playback(self, event: str, facts: Json | None = None) -> None:
        """`verb:status` about a sound, if the application wants to know (contract 4.6)."""
        verb = self.runner.verb if self.runner is not None else None
        if not self.settings.notify_events or verb is None:
            return
        about = {"event": event, "verb": verb.verb} | ({"id": verb.id} if verb.id else {})
        self.application.tell(VERB_STATUS, about | (facts or {}))

    def replace(self, document: Document) -> None:
        """Drop the verbs that are left, stop the running one, go on with `document`."""
        if self.runner is not None:
            self.runner.replace(document)

    def append(self, document: Document) -> None:
        """Run `document` after the verbs that are left."""
        if self.runner is not None:
            self.runner.append(document)

    async def prepare(self, phrases: Iterable[Speech]) -> None:
        """Render what is about to be said, as it will be asked for."""
        for phrase in phrases:
            wish = self.settings.spoken(phrase.synthesizer)
            await self.speaker.prepare(phrase.text, self.settings.voice, wish)

    async def report(self, hook: Hook, result: Json, verb_id: str | None = None) -> None:
        """Tell `hook` something beside the verbs; verbs in its answer replace the application."""
        document = await self.application.action(hook, result, verb_id)
        if document is not None:
            self.replace(document)

    def aside(self) -> VerbContext:
        """The context of a verb that runs beside the running one."""
        if self.context is None:
            raise NotNow("the call has no application")
        return self.context.aside()

    # The end.

    def end(self, ending: Ending) -> None:
        """The first reason counts."""
        if not self.ending.done():
            self.ending.set_result(ending)

    def hang_up(self, cause: Cause) -> bool:
        """End an answered call; False when it is not answered."""
        if not self.call.is_answered:
            return False
        self.end(Ending(cause))
        return True

    def cancel(self, cause: Cause) -> bool:
        """Give up a call that was not answered; False when it was."""
        if self.call.is_answered:
            return False
        self.abandon(cause)
        return True

    def last_words(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Begin what must be told even if the call ends meanwhile; `close` waits for it."""
        return self._last_words.start(work, name="last-words")

    def at_close(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` done by `close`, while the call's stream is still open."""
        self._at_close.append(work)

    async def close(self) -> None:
        """Stop everything that runs beside the verbs. Live control no longer finds the call."""
        self._delist()
        await self.background.close()
        while self._at_close:
            await self._at_close.pop()()
        self.application.close()
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._last_words.ended()
        except TimeoutError:
            await self._last_words.close()
        self.application.close()

    def release(self) -> None:
        """Let go of everything that refers back, so that an ended call is freed at once.

        Left to the collector of cycles, the calls of the last minutes would stay in memory: it
        comes by the more rarely the longer its objects lived.
        """
        self.context = self.runner = None
        self.abandon = self.on_hold = self.on_dial_progress = self._delist = _nothing
        self._media_listeners.clear()
        self._dialog_listeners.clear()
        del self.dialling  # nobody dials for a call that is over
        self.application.release()
        if self.leg is not None:
            self.leg.release()


def _nothing(*_: object) -> None:
    """The call is over."""
