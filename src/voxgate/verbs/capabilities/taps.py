"""The audio of a call for an application beside it, which may speak into the call as well."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook

Mix = Literal["mono", "mixed", "stereo"]


@dataclass(frozen=True, slots=True)
class SpeaksBack:
    """What the application may send: whole sounds by message, or when `streaming` raw frames."""

    streaming: bool = False
    rate_hz: int = 8000


@dataclass(frozen=True, slots=True)
class ListenOrder:
    """Who is sent what. `hook` may be relative; its credentials go into the handshake."""

    hook: Hook
    rate_hz: int = 8000
    mix: Mix = "mono"
    metadata: Json = field(default_factory=dict)
    speaks_back: SpeaksBack | None = SpeaksBack()
    passes_keys: bool = False
    beeps: bool = False
    lasts_s: float | None = None
    finish_on_key: str = ""
    silent_s: float | None = None


@dataclass(frozen=True, slots=True)
class Listened:
    """How it ended.

    `why`: "closed" or "disconnected" by the application, "key", "max-length", "silence", or
    "failed" when it could not be reached.
    """

    seconds: int
    why: str
    key: str | None = None

    def to_json(self) -> Json:
        """For the action hook."""
        return {"dial_call_duration": self.seconds} | ({"digits": self.key} if self.key else {})


class Taps(Protocol):
    """An application that is slow loses audio; the call never notices."""

    async def listen(self, order: ListenOrder) -> Listened:
        """Returns when either side ends it; failures are alerts."""
        ...

    def background(self, order: ListenOrder | None) -> None:
        """Listen beside the verbs, in place of what listened so before; None ends it.

        Raises NotNow when there is nothing to hear yet.
        """
        ...

    def pause(self, *, paused: bool) -> None:
        """Send no audio, or go on. What was started by `background` goes on whatever happens.

        Raises NotNow when nothing listens.
        """
        ...
