"""Sound beside a call: background tracks, whispers and gain, on this call's leg."""

import asyncio
from collections.abc import Sequence

from voxgate.flow.session import Session
from voxgate.media.files import AudioNotFound, AudioUnreadable
from voxgate.media.stream import Stream
from voxgate.media.track import GAIN_DB, Track
from voxgate.model.audio import Audio
from voxgate.speech.contract import SpeechFailed
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import NotNow

TRACKS_MAX = 3  # of the four a stream has; the other one whispers
WHISPER = "\0whisper"  # no track of an application has this name
# What a call talks in: only then somebody can whisper to it.
TALKING = frozenset({"dial", "conference", "enqueue", "dequeue", "listen"})


class CallTracks:
    """The Tracks capability of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tracks: dict[str, Track] = {}
        self._gains_db: dict[str, float] = {}
        self._boost_db = 0.0

    @property
    def _stream(self) -> Stream:
        if self._session.leg is None:
            raise NotNow("the call has no media")
        self._session.dialling.check_audio()
        return self._session.leg.stream

    def add(self, track: str) -> None:
        if track in self._tracks:
            return
        if len(self._tracks) >= TRACKS_MAX:
            raise NotNow(f"the call has {TRACKS_MAX} tracks already")
        self._tracks[track] = self._stream.track(track)

    def remove(self, track: str) -> None:
        found = self._found(track)
        del self._tracks[track]
        self._gains_db.pop(track, None)
        self._session.background.stop(f"track:{track}")
        found.remove()

    def silence(self, track: str) -> None:
        found = self._found(track)
        self._session.background.stop(f"track:{track}")
        found.silence()

    def play(
        self, track: str, sounds: Sequence[Sound], *, loop: bool, gain_db: float | None
    ) -> None:
        found = self._found(track)
        self._gains_db[track] = gain_db or 0.0
        work = self._play(found, sounds, 0 if loop else 1, track)
        self._session.background.start(f"track:{track}", work)

    def _found(self, track: str) -> Track:
        if track not in self._tracks:
            raise NotNow(f"the call has no track {track}")
        return self._tracks[track]

    async def _play(self, track: Track, sounds: Sequence[Sound], loops: int, name: str) -> None:
        audio = [part for sound in sounds for part in await self._rendered(sound)]
        samples = b"".join(part.samples for part in audio)
        if samples:  # all of one rate: files and voices are made for the line
            track.play(Audio(samples, audio[0].rate_hz), loops=loops, gain_db=self._gain_db(name))

    async def _rendered(self, sound: Sound) -> Sequence[Audio]:
        """Nothing, with an alert, when it cannot be had."""
        session, call = self._session, self._session.call
        if sound.url is not None:
            try:
                return [await session.ports.files.open(session.application.absolute(sound.url))]
            except (AudioNotFound, AudioUnreadable) as failed:
                call.alert("play-url-notfound", str(failed))
                return []
        try:
            async with session.speaker.speaking(
                sound.text or "",
                session.settings.voice,
                session.settings.spoken(sound.synthesizer),
            ) as parts:
                return [part.audio async for part in parts]
        except SpeechFailed as failed:
            call.alert("tts-failure", str(failed), failed.detail)
            return []

    # Whispers.

    def check_whisper(self) -> None:
        running = self._session.runner.verb if self._session.runner is not None else None
        is_child = self._session.runner is None and self._session.leg is not None
        streams = any(self._session.background.is_running(name) for name in ("listen", "stream"))
        if not (is_child or streams or (running is not None and running.verb in TALKING)):
            raise NotNow("nobody talks with the call: a whisper needs a dial or a listen")
        if self._session.leg is None:
            raise NotNow("the call has no media")
        self._session.dialling.check_audio()

    def whisper(self, sounds: Sequence[Sound]) -> None:
        self.check_whisper()
        self._session.background.start("whisper", self._whisper(sounds))

    async def _whisper(self, sounds: Sequence[Sound]) -> None:
        track = self._stream.track(WHISPER)
        try:
            for sound in sounds:
                for audio in await self._rendered(sound):
                    track.play(audio, gain_db=self._gain_db(WHISPER))
                    await asyncio.sleep(audio.duration_ms / 1000)
        finally:
            track.remove()

    # Gain.

    def boost(self, gain_db: float) -> None:
        self._stream.gain(outbound_db=gain_db)
        self._boost_db = gain_db
        for name, track in self._tracks.items():
            track.gain(self._gain_db(name))

    def _gain_db(self, track: str) -> float:
        """What is boosted is the call, not the tracks beside it: they are as loud as before."""
        low, high = GAIN_DB
        return max(low, min(high, self._gains_db.get(track, 0.0) - self._boost_db))
