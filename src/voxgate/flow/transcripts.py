"""The transcriptions that run on one call, for live control to pause."""

from typing import Protocol

from voxgate.verbs.contract import NotNow


class Pausable(Protocol):
    def pause(self, *, paused: bool) -> None: ...


class Transcripts:
    def __init__(self) -> None:
        self._running: list[Pausable] = []

    def add(self, transcription: Pausable) -> None:
        self._running.append(transcription)

    def remove(self, transcription: Pausable) -> None:
        self._running.remove(transcription)

    def pause(self, *, paused: bool) -> None:
        """Raises NotNow when there is none."""
        if not self._running:
            raise NotNow("nothing is transcribed")
        for transcription in self._running:
            transcription.pause(paused=paused)
