"""An application that hears a call, and may speak into it, over a WebSocket (contract 7)."""

from dataclasses import dataclass
from typing import Protocol

from voxgate.call.leg import Leg
from voxgate.flow.session import Session
from voxgate.hooks.audio_frames import (
    ClearMarks,
    Disconnect,
    Information,
    KillAudio,
    Message,
    PlayAudio,
    SetMark,
    key_pressed,
    mark_told,
    play_done,
    read_message,
)
from voxgate.hooks.audio_socket import AudioSocket, Binary
from voxgate.hooks.frames import BadFrame
from voxgate.media.errors import MediaError, Overloaded
from voxgate.media.files import AudioUnreadable
from voxgate.media.sounds import resampled
from voxgate.media.taps import Injection
from voxgate.model.audio import Audio
from voxgate.model.calls import EventType
from voxgate.verbs.capabilities.taps import SpeaksBack

RATE_HZ = 8000
WAITING_SOUNDS_MAX = 10  # behind the one that plays
MARKS_MAX = 30
AHEAD_MS_MAX = 600_000  # sound an application may send ahead of what was heard
COMPLAINTS_MAX = 5  # alerts about one socket; an application that is wrong is wrong all the time
PLACES_MAX = 1000  # reached later, those that were cleared included


class Voice(Protocol):
    """What an application says into the call."""

    def take_frame(self, frame: bytes) -> None: ...

    async def play(self, message: PlayAudio) -> None: ...

    def kill(self) -> None: ...

    def mark(self, name: str) -> None: ...

    def clear_marks(self) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Sound:
    """One that plays or waits: where it begins and ends in all that was written, in ms."""

    id: str | None
    begins: int
    ends: int


class AudioApp:
    """One application on one open socket. `run` returns when it wants no more."""

    def __init__(self, session: Session, socket: AudioSocket, voice: Voice | None) -> None:
        self._session = session
        self._socket = socket
        self._voice = voice
        self._complaints = 0

    async def run(self) -> str:
        """Do what the application says. Returns "closed" or "disconnected"."""
        while (received := await self._socket.receive()) is not None:
            if isinstance(received, Binary):
                if self._voice is not None:
                    self._take_frame(self._voice, received.content)
                continue
            try:
                message = read_message(received.content)
                if isinstance(message, Disconnect):
                    return "disconnected"
                await self._obey(message)
            except (BadFrame, AudioUnreadable, MediaError) as problem:
                self.complain(str(problem))
        return "closed"

    def tell_key(self, key: str, duration_ms: int) -> None:
        self._socket.send_text(key_pressed(key, duration_ms))

    def complain(self, problem: str) -> None:
        """What the application did wrong changes nothing else."""
        self._complaints += 1
        if self._complaints <= COMPLAINTS_MAX:
            self._session.call.alert("invalid-app-payload", f"{self._socket.shown}: {problem}")

    def _take_frame(self, voice: Voice, frame: bytes) -> None:
        try:
            voice.take_frame(frame)
        except MediaError as problem:
            self.complain(str(problem))

    async def _obey(self, message: Message) -> None:
        if isinstance(message, Information):
            note = {"type": "listen_message", "message": message.type}
            self._session.call.note(EventType.MEDIA, note)
            return
        voice = self._voice
        if voice is None:
            raise BadFrame("bidirectional audio is disabled")
        match message:
            case PlayAudio():
                await voice.play(message)
            case KillAudio():
                voice.kill()
            case SetMark():
                voice.mark(message.name)
            case ClearMarks():
                voice.clear_marks()
            case _:
                pass


class _Spoken:
    """What both kinds of voice share: where in the sound something is to be told."""

    def __init__(self, leg: Leg, socket: AudioSocket, rate_hz: int) -> None:
        self._socket = socket
        self._places: dict[str, str] = {}  # the application's marks by what the core calls them
        self._next_place = 0
        self._injection: Injection = leg.stream.inject(
            rate_hz, on_mark=self._on_place, limit_ms=AHEAD_MS_MAX
        )

    def mark(self, name: str) -> None:
        if len(self._places) >= MARKS_MAX:
            raise BadFrame(f"mark: more than {MARKS_MAX} wait")
        if not self._places and not self._injection.waiting_ms:
            self._socket.send_text(mark_told(name, "playout"))
            return
        place = self._place()
        self._places[place] = name
        self._injection.mark(place)

    def clear_marks(self) -> None:
        for name in self._places.values():
            self._socket.send_text(mark_told(name, "cleared"))
        self._places.clear()

    def close(self) -> None:
        self._injection.close()

    def _place(self) -> str:
        if self._injection.marks >= PLACES_MAX:
            raise BadFrame("too many marks in one sound")
        self._next_place += 1
        return str(self._next_place)

    def _silence(self) -> None:
        self._injection.clear()
        self.clear_marks()

    def _on_place(self, place: str) -> None:
        name = self._places.pop(place, None)
        if name is not None:
            self._socket.send_text(mark_told(name, "playout"))


class StreamedVoice(_Spoken):
    """Raw frames, heard as they come after the first 80 ms."""

    def __init__(self, leg: Leg, socket: AudioSocket, rate_hz: int) -> None:
        super().__init__(leg, socket, rate_hz)
        self._odd = b""

    def take_frame(self, frame: bytes) -> None:
        samples = self._odd + frame
        whole = len(samples) & ~1
        self._odd = samples[whole:]
        self._injection.write(samples[:whole])

    async def play(self, _message: PlayAudio) -> None:
        raise BadFrame("playAudio: the audio is streamed (bidirectionalAudio.streaming)")

    def kill(self) -> None:
        self._odd = b""
        self._silence()


class PlayedVoice(_Spoken):
    """Whole sounds: each takes the place of what plays, or waits for its turn."""

    def __init__(self, leg: Leg, socket: AudioSocket, session: Session) -> None:
        super().__init__(leg, socket, RATE_HZ)
        self._session = session
        self._sounds: dict[str, _Sound] = {}  # by the place of their end
        self._written_ms = 0

    def take_frame(self, _frame: bytes) -> None:
        raise BadFrame("a binary frame, but the audio is not streamed")

    async def play(self, message: PlayAudio) -> None:
        if message.queued and len(self._sounds) > WAITING_SOUNDS_MAX:
            raise BadFrame(f"playAudio: more than {WAITING_SOUNDS_MAX} sounds wait")
        audio = await self._decoded(message)
        if not message.queued:
            self.kill()
        place = self._place()
        try:
            self._injection.write(audio.samples)
        except Overloaded:
            raise BadFrame("playAudio: too much waits to be heard") from None
        begins, self._written_ms = self._written_ms, self._written_ms + audio.duration_ms
        self._sounds[place] = _Sound(message.id, begins, self._written_ms)
        self._injection.mark(place)

    def kill(self) -> None:
        """Of the sound that plays is told how much was heard; the others never were."""
        heard_ms = self._written_ms - self._injection.waiting_ms
        for playing in [*self._sounds.values()][:1]:
            length = max(0, min(heard_ms, playing.ends) - playing.begins)
            self._socket.send_text(play_done(playing.id, length))
        self._sounds.clear()
        self._written_ms = heard_ms
        self._silence()

    async def _decoded(self, message: PlayAudio) -> Audio:
        if message.rate_hz is None:
            audio = await self._session.ports.files.decode(message.content)
        else:
            audio = Audio(message.content, message.rate_hz)
        return resampled(audio, RATE_HZ)

    def _on_place(self, place: str) -> None:
        sound = self._sounds.pop(place, None)
        if sound is not None:
            self._socket.send_text(play_done(sound.id, sound.ends - sound.begins))
        super()._on_place(place)


def voice_of(
    wish: SpeaksBack | None, session: Session, leg: Leg, socket: AudioSocket
) -> Voice | None:
    """How the application speaks into the call, if it may. The caller closes it."""
    if wish is None:
        return None
    if wish.streaming:
        return StreamedVoice(leg, socket, wish.rate_hz)
    return PlayedVoice(leg, socket, session)
