"""What every verb is, what it may ask of the call it runs on, and how it ends.

`VerbContext` is implemented by the flow that runs the verbs; nothing else of a call is visible here.
"""

import enum
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from voxgate.base.errors import VoxgateError
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.model.speech import SynthesizerChoice
from voxgate.verbs.capabilities.amd import Amd
from voxgate.verbs.capabilities.dialling import Dialling
from voxgate.verbs.capabilities.ears import Ears
from voxgate.verbs.capabilities.recorder import Recorder
from voxgate.verbs.capabilities.rooms import Rooms
from voxgate.verbs.capabilities.settings import Settings
from voxgate.verbs.capabilities.taps import Taps
from voxgate.verbs.capabilities.tokens import Tokens
from voxgate.verbs.capabilities.tracks import Tracks


class Need(enum.Enum):
    """What has to be true of the call before a verb may run; the runner sees to it."""

    NOTHING = "runs on any call and does not answer it"
    AUDIO = "answers first (200), or opens early media (183) when the verb asks for that"
    ANSWERED = "is skipped, silently for the caller, on a call that was not answered"
    UNANSWERED = "is skipped on a call that was answered, by whomever"


class Step(enum.Enum):
    NEXT = "go on with the next verb"
    ENDED = "nothing more can run"


NEXT = Step.NEXT
ENDED = Step.ENDED


@dataclass(frozen=True, slots=True)
class Speech:
    """Something a verb is certain to say if it runs, so that it can be rendered ahead of time."""

    text: str
    synthesizer: SynthesizerChoice | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """How much of a file was heard; `offset` is in samples of 8 kHz from the file's beginning."""

    ms: int
    offset: int


class PlayFailed(VoxgateError):
    """A file could not be fetched or decoded. `kind`: "not-found" or "unreadable"."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class SayFailed(VoxgateError):
    """No voice could speak, not even the fallbacks."""

    def __init__(self, vendor: str, detail: str) -> None:
        super().__init__(f"text to speech request to {vendor} failed: {detail}")
        self.vendor = vendor
        self.detail = detail


class NotNow(VoxgateError):
    """The call is not in a state in which this can be done; says why, for whoever asked."""


class DigitReader(Protocol):
    """The keys pressed since the reader was opened, in order."""

    async def next(self, timeout_s: float | None = None) -> str | None:
        """The next key (`0`-`9`, `*`, `#`, `A`-`D`), or None after `timeout_s`; None waits forever.

        A key that was not returned, because the wait was cancelled or timed out, is not lost.
        """
        ...

    async def pressed(self) -> None:
        """Returns when a key goes down, which `next` gives once it is let go."""
        ...


class VerbContext(Protocol):  # noqa: PLR0904 - one property for each field of work
    """The part of a running call that verbs may touch.

    Cancelling a coroutine of this protocol stops what it started before the cancellation
    is passed on: audio falls silent, a hook request is given up. When the call ends the
    runner cancels the verb; no method reports a hang-up.
    """

    @property
    def dialling(self) -> Dialling: ...

    @property
    def ears(self) -> Ears: ...

    @property
    def rooms(self) -> Rooms: ...

    @property
    def recorder(self) -> Recorder: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def tokens(self) -> Tokens: ...

    @property
    def taps(self) -> Taps: ...

    @property
    def tracks(self) -> Tracks: ...

    @property
    def application_sid(self) -> str | None:
        """The application's, when it has one: a call may also name its hooks itself."""
        ...

    @property
    def amd(self) -> Amd: ...

    async def answer(self) -> None:
        """Answer the call; at once when it is answered already."""
        ...

    async def decline(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        """Refuse a call that was not answered. Raises NotNow when it has had its response."""
        ...

    async def say(
        self, text: str, synthesizer: SynthesizerChoice | None = None, *, cached: bool = True
    ) -> int:
        """Speak plain text or SSML in `synthesizer`, or in the session's voice.

        Returns the milliseconds of speech, once they were heard out.

        Alerts about vendors that were passed over are the context's; raises SayFailed when
        nobody could speak.
        """
        ...

    async def play(
        self, url: str, *, seek_offset: int = 0, timeout_s: float | None = None
    ) -> Played:
        """Play an http(s) file or `silence_stream://<ms>`; returns when heard out or after timeout_s.

        A relative `url` is resolved like a hook's. `seek_offset` is in samples of 8 kHz.
        Raises PlayFailed.
        """
        ...

    async def sleep(self, seconds: float) -> None: ...

    def digits(self) -> AbstractAsyncContextManager[DigitReader]:
        """Keys pressed from entering to leaving; keys of before are not seen."""
        ...

    async def ask(self, hook: Hook, result: Json, verb_id: str | None) -> "Document | None":
        """Send `result`, merged into the base payload, to the application.

        None: it sent no verbs, or the hook failed or answered badly (the context has then
        raised the alert): go on with the next verb.
        """
        ...

    async def redirect(self, hook: Hook, status_hook: Hook | None) -> "Document | None":
        """Fetch a new document; `hook`'s origin becomes the base of later relative hooks."""
        ...

    async def hang_up(self, headers: Mapping[str, str]) -> None:
        """End the call with these headers on the BYE."""
        ...

    def tag(self, data: Json) -> None:
        """Replace customerData."""
        ...

    def alert(self, alert_type: str, message: str, detail: str | None = None) -> None: ...

    def note(self, data: Json) -> None:
        """Facts about the verb for the call's timeline (digits gathered, milliseconds played)."""
        ...


class WireObject(BaseModel):
    """An object of the wire: camelCase there, snake_case here, exact types, nothing unknown.

    A property that is null counts as absent, and one named `_` is anybody's to use.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if item is not None and key != "_"}


class Verb(WireObject):
    """One instruction from the application, validated and ready to run."""

    needs: ClassVar[Need] = Need.NOTHING

    verb: str
    id: str | None = Field(None, description="Comes back as verb_id in the verb's action hook.")

    @property
    def need(self) -> Need:
        """What this one needs; some depend on what was asked of them."""
        return self.needs

    @property
    def wants_early_media(self) -> bool:
        """Whether an unanswered call gets 183 instead of 200 for this verb's audio."""
        return False

    def facts(self) -> Json:
        """Short facts for the timeline's `started` entry."""
        return {}

    def speech(self) -> tuple[Speech, ...]:
        """What the verb will say, for rendering it before its turn comes."""
        return ()

    def cautions(self) -> tuple[str, ...]:
        """What was accepted but will not have the effect its author may expect."""
        return ()

    async def run(self, ctx: VerbContext) -> "Outcome":
        """Do it. Only cancellation ends a verb early; failures are alerts, not exceptions."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Document:
    """The application's instructions in order, and what was odd about them but harmless."""

    verbs: tuple[Verb, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replace:
    """The application sent a new document; the rest of the present one is dropped."""

    document: Document


Outcome = Step | Replace


class InvalidDocument(VoxgateError):
    """A document that cannot be run; `problems` names verb and property of every fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
