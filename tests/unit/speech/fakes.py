"""Vendors that speak, fail and count, without any sound library."""

import asyncio
from dataclasses import dataclass, field

from voxgate.model.audio import Audio
from voxgate.speech.contract import Phrase, SpeechFailed, Utterance


@dataclass
class FakeVendor:
    """One byte pair per character, so that a test sees who spoke what."""

    failure: SpeechFailed | None = None
    voices: frozenset[str | None] | None = None
    spoken: list[Utterance] = field(default_factory=list)
    gate: asyncio.Event | None = None
    started: bool = False
    closed: bool = False

    async def render(self, utterance: Utterance) -> Audio:
        self.spoken.append(utterance)
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure.again()
        if self.voices is not None and utterance.voice.voice not in self.voices:
            raise SpeechFailed("unknown-voice", utterance.voice.vendor, "no such voice")
        words = "".join(part.text for part in utterance.segments if isinstance(part, Phrase))
        return Audio(words.encode("utf-16-le"), utterance.rate_hz)

    async def start(self) -> None:
        self.started = True

    async def close(self) -> None:
        self.closed = True


def words(audio: Audio) -> str:
    return audio.samples.decode("utf-16-le")
