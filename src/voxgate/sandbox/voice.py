"""The callees' voice, and the sound of each step."""

from collections.abc import Iterable
from html import escape
from typing import Protocol

from voxgate.base.tasks import Nursery
from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.sandbox.sound import amplified, beep, busy, ringback, special_information_tones
from voxgate.sandbox.steps import Beep, Busy, Ringback, Say, Sit
from voxgate.speech.contract import SpeechFailed

Sounding = Say | Beep | Sit | Ringback | Busy


class Renderer(Protocol):
    """The part of `speech.speaker.Speech` that callees use."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def render(self, text: str, voice: Voice) -> Audio:
        """Raises SpeechFailed."""
        ...


class Throat:
    """Makes the sound of steps; lines can be prepared while the phone still rings."""

    def __init__(self, speech: Renderer) -> None:
        self._speech = speech
        self._nursery = Nursery("sandbox-voice")

    async def start(self) -> None:
        await self._speech.start()

    async def close(self) -> None:
        await self._nursery.close()
        await self._speech.close()

    async def sound_of(self, step: Sounding) -> Audio:
        """Raises SpeechFailed."""
        match step:
            case Beep():
                pitches = (step.hz,) if step.second_hz is None else (step.hz, step.second_hz)
                return beep(pitches, step.for_s, step.level_db)
            case Sit():
                return special_information_tones()
            case Ringback():
                return ringback(step.for_s, step.country)
            case Busy():
                return busy(step.for_s, step.country)
            case Say():
                return await self._spoken(step)

    async def _spoken(self, step: Say) -> Audio:
        voice = Voice(language=step.language, voice=step.voice)
        text = step.text
        if step.rate != 1 or step.pitch != 1:
            rate, pitch = f"{step.rate:.0%}", f"{step.pitch - 1:+.0%}"
            prosody = f'<prosody rate="{rate}" pitch="{pitch}">{escape(text)}</prosody>'
            text = f"<speak>{prosody}</speak>"
        audio = await self._speech.render(text, voice)
        return amplified(audio, step.level_db) if step.level_db else audio

    def prepare(self, lines: Iterable[Say]) -> None:
        """Render what will be spoken into the cache of speech."""
        for line in lines:
            self._nursery.start(self._render_ahead(line), name="prepare")

    async def _render_ahead(self, line: Say) -> None:
        try:
            await self.sound_of(line)
        except SpeechFailed:
            return  # reported when the line is due
