"""Speaking what a WebSocket application sends word by word (contract 4.5)."""

import asyncio

from voxgate.call.leg import Leg
from voxgate.flow.playback import tell_of
from voxgate.flow.session import Session
from voxgate.model.speech import SynthesizerChoice
from voxgate.speech.contract import SpeechFailed
from voxgate.speech.token_buffer import TokenBuffer
from voxgate.verbs.contract import NotNow, SayFailed

RESULT, EVENT = "tts:tokens-result", "tts:streaming-event"
BESIDE = "tts-stream"


class CallTokens:
    """The Tokens of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stream: _Stream | None = None

    async def speak(
        self,
        synthesizer: SynthesizerChoice | None = None,
        *,
        close_on_empty: bool,
        cached: bool = True,
    ) -> int:
        if not self._session.application.sends_commands:
            raise NotNow("only an application over a WebSocket can stream what is said")
        if self._session.leg is None:
            raise NotNow("the call has no media")
        if self._stream is not None:
            raise NotNow("another stream is open")
        stream = _Stream(self._session, self._session.leg, synthesizer, cached=cached)
        self._stream = stream
        try:
            return await stream.run(close_on_empty=close_on_empty)
        finally:
            self._stream = None

    def speak_beside(self, synthesizer: SynthesizerChoice | None) -> None:
        self._session.background.start(BESIDE, self._speak_beside(synthesizer))

    async def _speak_beside(self, synthesizer: SynthesizerChoice | None) -> None:
        try:
            await self.speak(synthesizer, close_on_empty=False)
        except (NotNow, SayFailed) as failure:
            self._session.fault("tts-failure", str(failure), None, "not available")

    def stop_beside(self) -> None:
        self._session.background.stop(BESIDE)

    def put(self, token_id: object, tokens: object) -> None:
        reason = self._refusal(token_id, tokens)
        result = {"id": token_id, "status": "ok" if reason is None else "failed"}
        if reason is not None:
            result["reason"] = reason
        self._session.application.tell(RESULT, result)

    def _refusal(self, token_id: object, tokens: object) -> str | None:
        # Without an id the application could not match the result: it is told so all the same.
        if isinstance(token_id, bool) or not isinstance(token_id, int | float | str):
            return "id must be a number or a text"
        if not isinstance(tokens, str):
            return "tokens must be a text"
        if self._stream is None:
            return "no stream is open"
        return None if self._stream.put(tokens) else "full"

    def flush(self) -> None:
        self._open_stream().flush()

    def clear(self) -> None:
        self._open_stream().clear()

    def interrupt(self) -> None:
        if self._stream is not None and self._stream.has_words:
            self._stream.clear()
            self._stream.tell("user_interruption")

    def _open_stream(self) -> "_Stream":
        if self._stream is None:
            raise NotNow("no stream is open")
        return self._stream


class _Stream:
    """One `say` with `stream`, from its beginning to its end."""

    def __init__(
        self, session: Session, leg: Leg, choice: SynthesizerChoice | None, *, cached: bool
    ) -> None:
        self._session = session
        self._leg = leg
        self._choice = choice
        self._cached = cached
        self._buffer = TokenBuffer()
        self._news = asyncio.Event()
        self._talking: asyncio.Task[None] | None = None
        self._last: asyncio.Future[int] | None = None  # what is heard at the moment
        self._heard_ms = 0
        self._told_pause = False
        self._told_empty = True
        self._loop = asyncio.get_running_loop()

    def tell(self, event_type: str) -> None:
        self._session.application.tell(EVENT, {"event_type": event_type})

    # What the application sends.

    def put(self, tokens: str) -> bool:
        taken = self._buffer.put(tokens, self._loop.time())
        if taken and tokens.strip():
            self._told_empty = False
        self._report_room()
        self._news.set()
        return taken

    def flush(self) -> None:
        self._buffer.flush()
        self._news.set()

    def clear(self) -> None:
        self._buffer.clear()
        if self._talking is not None:
            self._talking.cancel()
        if self._last is not None:
            self._leg.silence()
        self._report_room()
        self._news.set()

    @property
    def has_words(self) -> bool:
        """Something waits or is heard."""
        return not self._told_empty

    def _report_room(self) -> None:
        if self._buffer.is_paused != self._told_pause:
            self._told_pause = self._buffer.is_paused
            self.tell("stream_paused" if self._told_pause else "stream_resumed")

    # What is spoken.

    async def run(self, *, close_on_empty: bool) -> int:
        self.tell("stream_open")
        try:
            async with asyncio.TaskGroup() as tasks:
                while not (self._report_emptiness() and close_on_empty):
                    text = self._buffer.take(self._loop.time())
                    self._report_room()
                    if text is None:
                        await self._wait()
                        continue
                    self._talking = tasks.create_task(self._say(text))
                    await asyncio.wait({self._talking})
                    self._talking = None
        except* SpeechFailed as failures:
            failed = failures.exceptions[0]
            if isinstance(failed, SpeechFailed):
                raise SayFailed(failed.vendor, failed.detail) from failed
            raise
        finally:
            if self._last is not None:
                self._leg.silence()
            self.tell("stream_closed")
        return self._heard_ms

    def _report_emptiness(self) -> bool:
        """Whether everything that came was heard; told once each time (jambonz FS#1407)."""
        if self._buffer.chars or self._last is not None or self._told_empty:
            return False
        self._told_empty = True
        self.tell("stream_empty")
        return True

    async def _wait(self) -> None:
        """Until tokens come, wait long enough, or the sound is over."""
        wait_s = self._buffer.wait_s(self._loop.time())
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _say(self, text: str) -> None:
        """Returns when all of the text waits or plays: the next is rendered meanwhile."""
        settings = self._session.settings
        async with self._session.speaker.speaking(
            text,
            settings.voice,
            settings.spoken(self._choice),
            cached=self._cached and settings.cache_speech,
        ) as parts:
            async for part in parts:
                tell_of(part.alerts, self._session)
                following = self._leg.queue(part.audio)
                if self._last is not None:
                    await asyncio.wait({self._last})
                self._last = following
                following.add_done_callback(self._on_heard)

    def _on_heard(self, heard: "asyncio.Future[int]") -> None:
        if not heard.cancelled():
            self._heard_ms += heard.result()
        if heard is self._last:
            self._last = None
        self._news.set()
