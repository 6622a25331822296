"""A recogniser for tests and rehearsals: it does not understand speech, it recites a script.

Each time the line's voice activity detector hears somebody speak, it gives the next entry of
`scriptedOptions.utterances` as what was said. An entry is the text itself or an object:

    {"transcript": "yes please", "confidence": 0.9, "interim": ["yes"], "language": "en-US"}
    {"error": "the line to the vendor broke"}

Interim texts come with the beginning of the speech, the transcript with its end; an `error`
fails the session. When the script is over nothing more is understood.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voxgate.speech.recognition import (
    Alternative,
    Heard,
    Listening,
    Recognition,
    RecognitionFailed,
)
from voxgate.speech.results import Results
from voxgate.speech.utterances import BYTES_PER_SAMPLE

NAME = "scripted"
OPTIONS = "scriptedOptions"
CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True)
class Line:
    """What one utterance is taken for."""

    transcript: str = ""
    confidence: float = CONFIDENCE
    interim: tuple[str, ...] = ()
    language: str | None = None
    error: str | None = None

    @classmethod
    def read(cls, entry: Any, place: str) -> "Line":  # noqa: ANN401
        if isinstance(entry, str):
            return cls(entry)
        match entry:
            case {"error": str(error)}:
                return cls(error=error)
            case {"transcript": str(text)}:
                language = entry.get("language")
                return cls(
                    text,
                    _confidence(entry.get("confidence", CONFIDENCE), place),
                    tuple(str(part) for part in entry.get("interim", ())),
                    str(language) if language is not None else None,
                )
            case _:
                detail = f"{place} is neither a text nor a transcript nor an error"
                raise RecognitionFailed("refused", NAME, detail)


def _confidence(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RecognitionFailed("refused", NAME, f"{place}.confidence must be from 0 to 1")
    return float(value)


def _script(options: Mapping[str, Any]) -> tuple[Line, ...]:
    script = options.get(OPTIONS)
    utterances = script.get("utterances") if isinstance(script, dict) else None
    if not isinstance(utterances, list):
        raise RecognitionFailed("refused", NAME, f"{OPTIONS}.utterances must be an array")
    return tuple(
        Line.read(entry, f"{OPTIONS}.utterances[{number}]")
        for number, entry in enumerate(utterances)
    )


class Scripted:
    async def open(self, listening: Listening) -> Recognition:
        return _Recital(listening, _script(listening.options))

    async def start(self) -> None:
        """There is nothing to get ready."""

    async def close(self) -> None:
        """There is nothing to end."""


class _Recital:
    cautions: tuple[str, ...] = ()

    def __init__(self, listening: Listening, script: tuple[Line, ...]) -> None:
        self._listening = listening
        self._script = iter(script)
        self._line: Line | None = None
        self._heard_bytes = 0
        self._results = Results()

    def feed(self, pcm: bytes) -> None:
        self._heard_bytes += len(pcm)

    def turn(self, *, speaking: bool) -> None:
        if speaking and self._line is None:
            self._begin()
        elif not speaking:
            self._end()

    def _begin(self) -> None:
        self._line = line = next(self._script, Line())
        if line.error is not None:
            self._results.fail(RecognitionFailed("failed", NAME, line.error))
        if self._listening.interim:
            for text in line.interim:
                self._tell(line, text, is_final=False)

    def _end(self) -> None:
        line, self._line = self._line, None
        if line is not None and line.error is None:
            self._tell(line, line.transcript, is_final=True)

    def _tell(self, line: Line, text: str, *, is_final: bool) -> None:
        bytes_per_ms = self._listening.rate_hz * BYTES_PER_SAMPLE / 1000
        event = {"transcript": text, "fedMs": round(self._heard_bytes / bytes_per_ms)}
        language = line.language or self._listening.language
        told = Alternative(text, line.confidence)
        self._results.put(Heard(NAME, language, is_final, (told,), event))

    def reset(self) -> None:
        self._line = None
        self._results.clear()

    def finish(self) -> None:
        self._end()
        self._results.complete()

    async def next(self) -> Heard | None:
        return await self._results.next()

    async def close(self) -> None:
        self._results.complete()
