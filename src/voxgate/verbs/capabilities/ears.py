"""Recognising speech on a call: for a verb that waits for it, in the background, as a transcript."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.speech.recognition import Heard
from voxgate.verbs.gathering import GatherOrder


@dataclass(frozen=True, slots=True)
class VoiceBegan:
    """The far end makes sounds of speech."""


@dataclass(frozen=True, slots=True)
class VoiceEnded:
    """The far end has fallen silent."""


@dataclass(frozen=True, slots=True)
class Deaf:
    """No vendor recognises any more, the fallback included; alerts are given."""

    details: str


EarEvent = Heard | VoiceBegan | VoiceEnded | Deaf


class EarReader(Protocol):
    """What is heard from entering to leaving, in order."""

    async def next(self) -> EarEvent:
        """Cancelling it loses nothing."""
        ...

    def times(self) -> Json:
        """When somebody spoke and how long the recogniser took, for the result.

        Empty for an application that did not ask (`config.notifySttLatency`).
        """
        ...


@dataclass(frozen=True, slots=True)
class BackgroundGather:
    """What is gathered while other verbs run, and who is told of a hit."""

    order: GatherOrder
    sticky: bool = False
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class TranscriptOrder:
    """Whose words are told to whom; `channel` 2 is the other leg of a dial, None both."""

    hook: Hook | None
    ear: Ear
    channel: int | None = None
    verb_id: str | None = None
    answer_counts: bool = False  # verbs in the hook's answer replace the application


class Ears(Protocol):
    """One recogniser serves the call, its session kept open from gather to gather."""

    def prefer(self, ear: Ear | None) -> None:
        """The session's recogniser from now on, over that of the call's order; None: as ordered."""
        ...

    def resolved(self, ear: Ear) -> Ear:
        """A verb's wish with what it leaves to the session."""
        ...

    def listen(self, ear: Ear) -> AbstractAsyncContextManager[EarReader]:
        """`ear` is a resolved one. Returns at once; the vendor is reached meanwhile."""
        ...

    def foreground(self) -> AbstractAsyncContextManager[None]:
        """While inside, the gather in the background rests: a caller is understood once."""
        ...

    def report_barge_in(self, by: Literal["dtmf", "speech"]) -> None:
        """The prompt was cut: tell an application that wants to know (`config.notifyEvents`)."""
        ...

    def background_gather(self, gather: BackgroundGather | None) -> None:
        """Gather beside the verbs, in place of what was gathered so before; None ends it.

        On the first key or words the sound that plays, and `say` and `play` right after it, are
        cut. The hook is told the result; verbs in its answer replace the application.
        """
        ...

    async def transcribe(self, order: TranscriptOrder) -> None:
        """Tell the hook what is said until cancelled, and for 1.5 s after that.

        Ends by itself only when nobody can recognise.
        """
        ...

    def background_transcription(self, order: TranscriptOrder | None) -> None:
        """Transcribe beside the verbs, in place of what was transcribed so before; None ends it."""
        ...

    def pause_transcription(self, *, paused: bool) -> None:
        """Stop or go on telling. Raises NotNow when nothing is transcribed."""
        ...
