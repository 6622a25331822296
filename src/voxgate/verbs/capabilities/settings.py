"""What holds for the rest of a call unless a verb says otherwise; `config` changes it."""

from dataclasses import dataclass
from typing import Any, Protocol

from voxgate.model.hooks import Hook
from voxgate.model.speech import SynthesizerChoice


@dataclass(frozen=True, slots=True)
class Noise:
    """What is heard while the application thinks, from `start_delay_s` on."""

    url: str
    start_delay_s: float = 0


@dataclass(frozen=True, slots=True)
class Delay:
    """Fillers for a slow application, and when it is given up; 0 is never, of both.

    `actions` and `give_up_actions` are verbs, of which only their running is known here.
    """

    filler_s: float = 0
    actions: tuple[Any, ...] = ()
    retries: int = 0
    give_up_s: float = 0
    give_up_actions: tuple[Any, ...] = ()


class Settings(Protocol):
    """Plain values: whoever needs one reads it at that moment."""

    noise: Noise | None
    delay: Delay | None
    hold_music: str | None
    sip_request_hook: Hook | None
    refer_hook: Hook | None
    notify_events: bool
    notify_stt_latency: bool
    early_media: bool
    cache_speech: bool

    def speak_as(self, synthesizer: SynthesizerChoice | None) -> None:
        """The session's voice from now on, over that of the call's order; None: as ordered."""
        ...

    def reset(self, names: tuple[str, ...]) -> None:
        """These, by their names in `config`, are as the call started with them."""
        ...

    def lend(self, delay: Delay | None) -> None:
        """The next wait for the application's commands goes by this instead of `delay`."""
        ...
