"""The callees' voice, and the sound of each step."""

from collections.abc import Iterable
from typing import Protocol

from voxgate.base.tasks import Nursery
from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.sandbox.script import Beep, Ringback, Say, Sit
from voxgate.sandbox.sound import beep, ringback, special_information_tones
from voxgate.speech.contract import SpeechFailed

Sounding = Say | Beep | Sit | Ringback


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
                return beep(step.hz, step.for_s)
            case Sit():
                return special_information_tones()
            case Ringback():
                return ringback(step.for_s)
            case Say():
                return await self._speech.render(step.text, Voice(language=step.language))

    def prepare(self, lines: Iterable[Say]) -> None:
        """Render what will be spoken into the cache of speech."""
        for line in lines:
            self._nursery.start(self._render_ahead(line), name="prepare")

    async def _render_ahead(self, line: Say) -> None:
        try:
            await self.sound_of(line)
        except SpeechFailed:
            return  # reported when the line is due
