"""The offline voice that every installation has: espeak-ng, in processes of its own."""

import json
from pathlib import Path

import espeakng_loader

from voxgate.base.children import ChildBusy, ChildFailed, Children
from voxgate.model.audio import Audio
from voxgate.model.calls import Json
from voxgate.speech.contract import FailureKind, Phrase, Segment, SpeechFailed, Utterance
from voxgate.speech.languages import Languages

NAME = "builtin"
# A second process keeps others talking while one request hangs.
WORKERS = 2
# At about 5 ms a sentence the longest queue is still over within seconds.
WAITING_MAX = 512
ANSWER_TIMEOUT_S = 20.0
VARIANT_BY_GENDER = {"FEMALE": "f2", "MALE": "m3"}


class Builtin:
    """Speaks every language of espeak-ng; `voice` is one of its variants (`f2`, `m3`, `Annie`)."""

    def __init__(self) -> None:
        data_folder = Path(espeakng_loader.get_data_path())
        self.languages = Languages.read(data_folder)
        self._variants = {
            file.name.lower(): file.name for file in (data_folder / "voices" / "!v").iterdir()
        }
        self._children = Children(
            "voxgate.speech.espeak_worker",
            (espeakng_loader.get_library_path(), str(data_folder)),
            count=WORKERS,
            waiting_max=WAITING_MAX,
            answer_timeout_s=ANSWER_TIMEOUT_S,
        )

    async def start(self) -> None:
        try:
            await self._children.start()
        except ChildFailed as failure:
            raise SpeechFailed("failed", NAME, str(failure)) from failure

    async def close(self) -> None:
        await self._children.close()

    async def render(self, utterance: Utterance) -> Audio:
        request: Json = {
            "voice": self._voice_name(utterance),
            "rate_hz": utterance.rate_hz,
            "segments": [_wire(segment) for segment in utterance.segments],
        }
        try:
            sound = await self._children.ask(json.dumps(request).encode())
        except ChildFailed as failure:
            kind: FailureKind = "busy" if isinstance(failure, ChildBusy) else "failed"
            raise SpeechFailed(kind, NAME, str(failure)) from failure
        return Audio(sound, utterance.rate_hz)

    def _voice_name(self, utterance: Utterance) -> str:
        path = self.languages.nearest(utterance.voice.language).path
        if utterance.voice.voice is None:
            variant = VARIANT_BY_GENDER.get(utterance.gender or "")
            return f"{path}+{variant}" if variant else path
        variant = self._variants.get(utterance.voice.voice.lower())
        if variant is None:
            raise SpeechFailed("unknown-voice", NAME, f"there is no voice {utterance.voice.voice}")
        return f"{path}+{variant}"


def _wire(segment: Segment) -> Json:
    if isinstance(segment, Phrase):
        return {
            "text": segment.text,
            "rate": segment.rate,
            "pitch": segment.pitch,
            "gain_db": segment.gain_db,
        }
    return {"ms": segment.ms}
